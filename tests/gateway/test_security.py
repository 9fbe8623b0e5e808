"""Who tries what they should not: every call there is without a key, with wrong ones, in odd bytes; 100,000 at random.

Calls are taken from the application's own table of routes, so a new one is tried without anybody thinking of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from gateway.admission.authority import NEEDS, Need, Scope, Whose
from gateway.app import routes
from tests.gateway.alone import Alone
from tests.gateway.generated import MALFORMED, Requests
from tests.gateway.hammer import HEAD, Tally, hammer
from tests.gateway.raw import STATUS, Answer, Closed, Raw, request
from tests.gateway.running import Running

GENERATED = 100_000
WARM_UP = 10_000
CONNECTIONS = 2
GROWTH = 16 * 1024 * 1024
"""Bytes that the process may hold more after all requests than after the first ones."""
FIRST = "the-first-key-of-a-test"
OURS, OTHER = 7, 8
"""The client that a limited key is for, and one that it is not for."""
LOST = {(500, "SEND_FAILED"), (500, "INITIALIZATION_FAILED"), (500, "LOGOUT_FAILED"), (504, "QR_TIMEOUT")}
"""What the contract answers where WhatsApp or Chromium lets us down."""
BUSY = {(503, code) for code in ("OVERLOADED", "NO_ANSWER", "SHUTTING_DOWN", "STORE_UNAVAILABLE", "CAPACITY_EXCEEDED")}

Call = tuple[str, str]
WEBSOCKET = "WEBSOCKET"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def calls() -> list[Call]:
    """Method and path of everything that can be asked for."""
    found: list[Call] = []
    for route in routes():
        match route:
            case Route():
                found += [(method, route.path) for method in sorted(route.methods or ()) if method != "HEAD"]
            case WebSocketRoute():
                found.append((WEBSOCKET, route.path))
            case Mount():
                found.append(("GET", route.path))
            case _:
                raise AssertionError(f"{route} is of a kind that nobody has thought of")
    return found


def needs(*, scope: bool) -> list[Call]:
    """The calls that need a key, or those that do not."""
    return [call for call in calls() if (need_of(call).scope is not None) is scope]


def need_of(call: Call) -> Need:
    """The call's row. A WebSocket is asked for by GET."""
    method, path = call
    return NEEDS["GET" if method == WEBSOCKET else method, path]


GUARDED, OPEN = needs(scope=True), needs(scope=False)
ENDLESS = re.compile(r"/events")
"""Paths whose answer goes on for as long as one listens."""


def asked(call: Call, client: int = OURS, body: bytes = b"", /, **headers: str) -> bytes:
    """The call as a request; `client` stands for whatever its path names."""
    method, path = call
    target = re.sub(r"\{[^}]*\}", str(client), path.replace("{file}", "index.html"))
    if method == WEBSOCKET:
        return request("GET", target, b"", **UPGRADE, **headers)
    return request(method, target, body, **headers)


class Keys:
    """A service that needs keys, and keys of every kind for it."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.by_scope = {scope: self._made([scope]) for scope in Scope}
        self.limited = {scope: self._made([scope], [OURS]) for scope in Scope}

    def _made(self, scopes: list[Scope], clients: list[int] | None = None) -> str:
        wanted = {"name": "test", "scopes": scopes, "clients": clients}
        answer = self.admin("POST", "/keys", wanted)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    def admin(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A call with the first key, on a connection of its own."""
        return httpx.request(method, self.service.url + path, json=body, headers={"X-Api-Key": FIRST})

    def ask(self, call: Call, key: str | None, client: int | None = OURS, **headers: str) -> Answer:
        """The call with this key, about this client in header and path, on a connection of its own."""
        fields = {"X_Api_Key": key} if key is not None else {}
        if client is not None:
            fields["X_Cliente_Id"] = str(client)
        with Raw(self.service.url) as connection:
            return connection.send(asked(call, client or OURS, **fields, **headers)).answer()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """A service with a first key, and more."""
    directory = tmp_path_factory.mktemp("keys") / "data"
    with Running(directory, api_key=FIRST, init_wait=0.2, qr_wait=0.2, body_timeout=0.5) as service:
        yield Keys(service)
    assert service.code == 0


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service without any key."""
    with Running(tmp_path_factory.mktemp("open") / "data") as service:
        yield service
    assert service.code == 0


@pytest.fixture
def started(keys: Keys) -> Iterator[Keys]:
    """The same, for tests that start clients, which are gone afterwards."""
    yield keys
    for client in (OURS, OTHER):
        keys.admin("DELETE", f"/session/{client}")


def refused(answer: Answer, status: int, code: str) -> None:
    """It is this refusal, in the contract's shape, and tells nothing besides."""
    assert (answer.status, answer.code) == (status, code), answer
    assert set(json.loads(answer.body)) == {"error", "code", "message"}


# --- every call: no key, a wrong one, one of too little ---------------------------------------------------------------


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
        case Whose.EITHER:
            return [OTHER, None]
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


# --- pages of others --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", calls())
def test_a_page_of_another_origin_reaches_nothing(keys: Keys, unlocked: Running, call: Call) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        refused(keys.ask(call, FIRST, Origin=origin), 403, "FORBIDDEN")
        with Raw(unlocked.url) as connection:
            connection.send(asked(call, 1, X_Cliente_Id="1", Origin=origin, Content_Type="text/plain"))
            answer = connection.answer()
            refused(answer, 403, "FORBIDDEN")
            assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("call", calls())
def test_a_name_made_to_point_at_us_reaches_nothing_where_no_key_is_needed(unlocked: Running, call: Call) -> None:
    for host in ("evil.example", "evil.example:3001", "127.0.0.1.evil.example", "a@127.0.0.1", "0.0.0.0"):
        with Raw(unlocked.url) as connection:
            refused(connection.send(asked(call, 1, X_Cliente_Id="1", Host=host)).answer(), 421, "MISDIRECTED_REQUEST")


def test_without_a_key_whoever_reaches_loopback_may_do_anything(unlocked: Running) -> None:
    with Raw(unlocked.url) as connection:
        assert connection.send(request(target="/clients")).answer().status == 200
        assert connection.send(request(target="/clients", X_Api_Key="whatever")).answer().status == 200
        assert b"clients" in connection.send(request(target="/health")).answer().body


# --- odd bytes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/status%2f", 404),
        ("/%73tatus", 200),
        ("/status%00", 404),
        ("/status/", 404),
        ("//status", 404),
        ("/./status", 404),
        ("/x/../status", 404),
        ("/x/%2e%2e/status", 404),
        ("/status%0d%0aX-Injected:1", 404),
        ("/status;a=b", 404),
        ("/status%3f", 404),
        ("/STATUS", 404),
        ("http://evil.example/status", 404),
        ("*", 404),
        ("/" + "a" * 8000, 404),
        ("/session/1%2f2", 404),
        ("/session/%d9%a7", 405),
        ("/session/1%00", 405),
        ("/status?x-cliente-id=2", 200),
    ],
)
def test_a_path_is_what_it_decodes_to_and_nothing_else(unlocked: Running, target: str, status: int) -> None:
    with Raw(unlocked.url) as connection:
        answer = connection.send(request("GET", target, X_Cliente_Id="1")).answer()
        assert answer.status == status
        assert "x-injected" not in answer.headers


@pytest.mark.parametrize(
    "number", ["%d9%a7", "1%00", "0", "-1", "1.5", "%20", "1" + "0" * 20, "2147483648", "1e1", "%2b1"]
)
def test_a_client_in_the_path_that_is_no_number_is_not_found(unlocked: Running, number: str) -> None:
    with Raw(unlocked.url) as connection:
        refused_with_more = connection.send(request("DELETE", f"/session/{number}")).answer()
        assert (refused_with_more.status, refused_with_more.code) == (404, "CLIENT_NOT_FOUND")


@pytest.mark.parametrize(
    "value",
    ["", "0", "-1", "1.5", "12abc", "1" + "0" * 20, "2147483648", "+1", "1e3", "0x1", "\xb2", "1 2", "1,1", "1_0"],
)
def test_a_client_in_the_header_that_is_no_number_is_refused(unlocked: Running, value: str) -> None:
    with Raw(unlocked.url) as connection:
        refused(connection.send(request(X_Cliente_Id=value)).answer(), 400, "INVALID_HEADER")


def test_the_same_header_twice_is_one_and_two_that_differ_are_none(unlocked: Running) -> None:
    with Raw(unlocked.url) as connection:
        same = STATUS.replace(b"X-Cliente-Id: 1\r\n", b"X-Cliente-Id: 1\r\nx-cliente-id: 1\r\n")
        assert connection.send(same).answer().status == 200
        differ = STATUS.replace(b"X-Cliente-Id: 1\r\n", b"X-Cliente-Id: 1\r\nx-cliente-id: 01\r\n")
        refused(connection.send(differ).answer(), 400, "INVALID_HEADER")


# --- whose request ends where -----------------------------------------------------------------------------------------

SMUGGLED = request("DELETE", "/session/1")


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length: 0, %d\r\n\r\n",
        b"Content-Length: +5\r\n\r\n",
        b"Content-Length: 0x0\r\n\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nxx0\r\n\r\n",
        b"X: 1\rContent-Length: 0\r\n\r\n",
        b"X: 1\x00\r\n\r\n",
        b"Content Length: 0\r\n\r\n",
        b": 0\r\n\r\n",
    ],
)
def test_a_body_whose_end_two_readers_could_see_in_two_places_ends_the_connection(
    unlocked: Running, framing: bytes
) -> None:
    framing = framing.replace(b"%d", str(len(SMUGGLED)).encode())
    with Raw(unlocked.url) as connection:
        connection.send(b"POST /logout HTTP/1.1\r\nHost: localhost\r\nX-Cliente-Id: 1\r\n" + framing + SMUGGLED)
        answer = connection.answer()
        assert answer.status == 400
        assert answer.code == "BAD_REQUEST"
        assert connection.is_closed()


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\n\r\n",
        b"Content-Length: %d\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length:\r\n %d\r\n\r\n",
        b"Content-Length: %d\n\n",
    ],
)
def test_what_is_inside_a_body_is_never_read_as_a_request(unlocked: Running, framing: bytes) -> None:
    """One answer for it, and one for the request after it. Folded lines and bare line feeds are read as HTTP allows."""
    framing = framing.replace(b"%d", str(len(SMUGGLED)).encode())
    with Raw(unlocked.url) as connection:
        connection.send(
            b"POST /logout HTTP/1.1\r\nHost: localhost\r\nX-Cliente-Id: 1\r\n" + framing + SMUGGLED + STATUS
        )
        assert connection.answer().code == "SESSION_NOT_READY"
        assert json.loads(connection.answer().body)["state"] == "NOT_INITIALIZED"


@pytest.mark.parametrize("malformed", MALFORMED)
def test_what_is_malformed_is_refused_and_the_connection_closed(unlocked: Running, malformed: bytes) -> None:
    with Raw(unlocked.url) as connection:
        answer = connection.send(malformed).answer()
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        assert connection.is_closed()


# --- bodies -----------------------------------------------------------------------------------------------------------

WITH_BODY = [call for call in calls() if call[0] in ("POST", "PUT", "PATCH", "DELETE")]


@pytest.mark.parametrize("call", WITH_BODY)
def test_a_body_too_large_or_too_slow_is_refused_or_not_read_and_disturbs_nobody(started: Keys, call: Call) -> None:
    url = started.service.url
    with Raw(url) as connection:
        try:
            large = asked(call, OURS, b"x" * (1024 * 1024 + 1), X_Api_Key=FIRST, X_Cliente_Id=str(OURS))
            assert connection.send(large).answer().status < 500
        except Closed:
            pass  # it had answered, and closed before all was sent
    with Raw(url) as slow, Raw(url) as other:
        slow.send(asked(call, X_Api_Key=FIRST, X_Cliente_Id=str(OURS), Content_Length="100") + b"{")
        assert other.send(request(X_Api_Key=FIRST, X_Cliente_Id="1")).answer().status == 200
        assert slow.answer().status < 500


# --- at random --------------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    """A service in a process of its own, with its default rates."""
    waits = {"init_wait": 0.05, "qr_wait": 0.05, "send_timeout": 1.0}
    with Alone(tmp_path / "data", api_key=FIRST, allowed_hosts=["127.0.0.1"], **waits) as service:
        yield service
    assert service.code == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_hundred_thousand_requests_find_no_bug_and_leave_nothing_behind(alone: Alone) -> None:
    made = [
        httpx.post(f"{alone.url}/keys", json=wanted, headers={"X-Api-Key": FIRST}).json()["key"]
        for wanted in (
            {"name": "some", "scopes": ["read", "send", "control"], "clients": [1, 2]},
            {"name": "all", "scopes": ["read", "send"]},
        )
    ]
    there = [call for call in calls() if call[0] != WEBSOCKET and not ENDLESS.search(call[1])]
    generators = [Requests(seed, there, [FIRST, FIRST, *made]) for seed in range(CONNECTIONS)]
    whole = hammer(alone.url, generators, WARM_UP)
    before = held(alone.process)
    whole.merge(hammer(alone.url, generators, GENERATED - WARM_UP))
    after = held(alone.process)
    assert not whole.errors, whole.errors
    assert whole.total >= GENERATED
    assert whole.unanswered < GENERATED / 100
    assert failures(whole) == {}
    assert {200, 201, 400, 401, 403, 404, 405, 409, 413, 421, 429} - {status for status, _ in whole.seen} <= {413}
    assert after["memory"] - before["memory"] < GROWTH
    assert after["descriptors"] <= before["descriptors"] + CONNECTIONS
    assert after["threads"] <= before["threads"] + 4  # one a client, and there are three
    assert "Traceback" not in alone.log.read_text()


def held(process: psutil.Process) -> dict[str, int]:
    """What a process holds."""
    with process.oneshot():
        return {
            "memory": process.memory_info().rss,
            "descriptors": process.num_fds(),
            "threads": process.num_threads(),
        }


def failures(tally: Tally) -> dict[tuple[int, str], bytes]:
    """The kinds of answers that say the service has failed, each with a request that got it."""
    expected = LOST | BUSY | {(status, HEAD) for status, _ in LOST | BUSY}
    return {kind: tally.first[kind] for kind in tally.seen if kind[0] >= 500 and kind not in expected}
