"""Every call there is, without a key, with wrong ones, with one of too little; and what keys are good for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.security.auth import Need, Scope, Whose
from tests.gateway.every_call import ENDLESS, FIRST, GUARDED, OPEN, OTHER, OURS, Call, Keys, need_of, refused
from tests.gateway.raw import Raw, request


@pytest.mark.parametrize("call", GUARDED)
def test_without_a_key_nothing_is_answered(keys: Keys, call: Call) -> None:
    answer = keys.ask(call, None)
    refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("call", GUARDED)
def test_a_wrong_key_is_no_key(keys: Keys, call: Call) -> None:
    good = keys.by_scope[Scope.ADMIN]
    for wrong in ("x", good[:-1], good + "x", good.upper(), good[:14] + "x" * 43, f"Bearer {good}", "", "\xff\xfe"):
        refused(keys.ask(call, wrong), 401, "UNAUTHORIZED")
    for header in (f"Basic {good}", good, "Bearer", "Bearer x", f"Bearer {good} {good}"):
        refused(keys.ask(call, None, Authorization=header), 401, "UNAUTHORIZED")
    refused(keys.ask(call, good, Authorization="Bearer other"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("call", GUARDED)
def test_a_key_in_the_url_or_in_a_cookie_is_no_key(keys: Keys, call: Call) -> None:
    method, path = call
    for place in (f"?x-api-key={FIRST}", f"?api_key={FIRST}&access_token={FIRST}"):
        refused(keys.ask((method, path + place), None), 401, "UNAUTHORIZED")
    refused(keys.ask(call, None, Cookie=f"X-Api-Key={FIRST}; session={FIRST}"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("call", GUARDED)
def test_a_key_of_another_scope_is_forbidden(keys: Keys, call: Call) -> None:
    need = need_of(call).scope
    for scope in set(Scope) - {need, Scope.ADMIN}:
        refused(keys.ask(call, keys.by_scope[scope]), 403, "FORBIDDEN")


@pytest.mark.parametrize("call", GUARDED)
def test_a_key_for_another_client_is_forbidden(keys: Keys, call: Call) -> None:
    need = need_of(call)
    assert need.scope is not None
    for client in without_permission(need):
        refused(keys.ask(call, keys.limited[need.scope], client), 403, "FORBIDDEN")
        refused(keys.ask(call, keys.limited[Scope.ADMIN], client), 403, "FORBIDDEN")


def without_permission(need: Need) -> list[int | None]:
    """The clients (None: no header) about which a key for OURS may not make this call."""
    match need.whose:
        case Whose.SEEN:
            return []
        case Whose.CLIENT | Whose.PATH:
            return [OTHER]
        case Whose.ALL:
            return [OURS, OTHER, None]


@pytest.mark.parametrize("call", [call for call in GUARDED if not ENDLESS.search(call[1])])
def test_the_right_key_is_let_in_by_either_header(started: Keys, call: Call) -> None:
    need = need_of(call).scope
    assert need is not None
    key = started.by_scope[need]
    for answer in (started.ask(call, key, OTHER), started.ask(call, None, OTHER, Authorization=f"Bearer {key}")):
        assert answer.status not in (401, 403), answer


@pytest.mark.parametrize("call", [call for call in OPEN if call[0] == "GET"])
def test_an_open_call_takes_no_notice_of_a_wrong_key(keys: Keys, call: Call) -> None:
    assert keys.ask(call, "wrong").status == keys.ask(call, None).status == 200


def test_strangers_are_told_three_fields_of_health_and_holders_of_any_key_the_counts(keys: Keys) -> None:
    for key in (None, "wrong"):
        told = json.loads(keys.ask(("GET", "/health"), key).body)
        assert set(told) == {"status", "service", "whatsapp_state"}
    told = json.loads(keys.ask(("GET", "/health"), keys.limited[Scope.SEND]).body)
    assert {"clients", "versions"} <= set(told)


def test_a_list_of_clients_shows_only_those_the_key_is_for(started: Keys) -> None:
    for client in (OURS, OTHER):
        assert started.ask(("POST", "/init"), FIRST, client).status == 200
    everything = json.loads(started.ask(("GET", "/clients"), started.by_scope[Scope.READ]).body)
    assert {OURS, OTHER} <= {entry["id"] for entry in everything}
    seen = json.loads(started.ask(("GET", "/clients"), started.limited[Scope.READ]).body)
    assert [entry["id"] for entry in seen] == [OURS]


def test_the_path_and_the_header_cannot_be_played_against_each_other(keys: Keys) -> None:
    key = keys.limited[Scope.CONTROL]
    with Raw(keys.service.url) as connection:
        for target in (f"/session/{OTHER}", f"/session/0{OTHER}", f"/session/%3{OTHER}"):
            connection.send(request("DELETE", target, X_Api_Key=key, X_Cliente_Id=str(OURS)))
            refused(connection.answer(), 403, "FORBIDDEN")
        connection.send(request("POST", "/logout", X_Api_Key=key, X_Cliente_Id=str(OTHER)))
        refused(connection.answer(), 403, "FORBIDDEN")
        both = request("GET", "/status", X_Api_Key=keys.limited[Scope.READ], X_Cliente_Id=str(OURS))
        twice = both.replace(b"X-Cliente-Id: 7\r\n", b"X-Cliente-Id: 7\r\nX-Cliente-Id: 8\r\n")
        refused(connection.send(twice).answer(), 400, "INVALID_HEADER")


def test_keys_are_made_and_ended_by_admins_of_all_clients_and_end_at_once(keys: Keys) -> None:
    made = keys.admin("POST", "/keys", {"name": "short-lived", "scopes": ["read"], "clients": [OURS]}).json()
    assert keys.ask(("GET", "/status"), made["key"]).status == 200
    assert keys.admin("DELETE", f"/keys/{made['id']}").status_code == 200
    refused(keys.ask(("GET", "/status"), made["key"]), 401, "UNAUTHORIZED")
    assert keys.admin("DELETE", f"/keys/{made['id']}").json()["code"] == "KEY_NOT_FOUND"
    assert made["id"] not in {entry["id"] for entry in keys.admin("GET", "/keys").json()}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "scopes": ["read"]},
        {"name": "x" * 101, "scopes": ["read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": "read"},
        {"name": "x", "scopes": ["read"], "clients": []},
        {"name": "x", "scopes": ["read"], "clients": [0]},
        {"name": "x", "scopes": ["read"], "clients": [2**31]},
        {"name": "x", "scopes": ["read"], "clients": ["1"]},
        {"name": "x", "scopes": ["read"], "clients": 1},
        {"name": 1, "scopes": ["read"]},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(keys: Keys, body: dict[str, Any]) -> None:
    answer = keys.admin("POST", "/keys", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
