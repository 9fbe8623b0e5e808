"""Who may do what: the table of calls, and how it is read."""

from __future__ import annotations

from typing import Any

import pytest

from actors.clients.types import ClientId
from gateway.api import CALLS
from gateway.security.auth import (
    ANYONE,
    PUBLIC,
    Caller,
    Forbidden,
    Need,
    Scope,
    Unauthorized,
    Whose,
    check,
)

DOCUMENTS = ("/openapi.json", "/docs", "/docs/{file}")
DASHBOARD = ("/dashboard", "/dashboard/{file}", "/dashboard/session")
SIGNING = {("POST", "/dashboard/session"), ("DELETE", "/dashboard/session")}
"""They change nothing but who is signed in at one browser."""
READING = {("DELETE", "/events/next/{receipt}"), ("POST", "/chats/{chat}/messages/{message}/media")}
"""They say how far a reader of its own has come, or have a file fetched that an event has promised to readers."""
NEEDS = {(call.method, call.path): call.need for call in CALLS}
SEVEN = frozenset({ClientId(7)})


def caller(*scopes: Scope, clients: frozenset[ClientId] | None = None) -> Caller:
    return Caller("id", frozenset(scopes), clients)


def request(client: str | None = None, **path: str) -> dict[str, Any]:
    headers = [] if client is None else [(b"x-cliente-id", client.encode())]
    return {"headers": headers, "path_params": path}


def test_strangers_are_told_how_the_service_is_and_how_to_use_it_and_nothing_else() -> None:
    """Written out, so that opening another call is a decision and not a slip."""
    opened = {call for call, need in NEEDS.items() if need.scope is None}
    assert opened <= {("GET", path) for path in ("/", "/health", "/ready", *DOCUMENTS, *DASHBOARD)} | SIGNING


def test_what_changes_something_needs_more_than_reading() -> None:
    changing = [need for call, need in NEEDS.items() if call[0] != "GET" and call not in SIGNING | READING]
    assert all(need.scope in (Scope.SEND, Scope.CONTROL, Scope.ADMIN) for need in changing)


def test_keys_are_for_admins_of_all_clients_only() -> None:
    about_keys = [need for (_, path), need in NEEDS.items() if path.startswith("/keys")]
    assert set(about_keys) == {Need(Scope.ADMIN, Whose.ALL)}


def test_a_public_call_takes_strangers() -> None:
    check(PUBLIC, None, request())


@pytest.mark.parametrize("need", [need for need in NEEDS.values() if need.scope is not None])
def test_every_other_call_refuses_strangers(need: Need) -> None:
    with pytest.raises(Unauthorized):
        check(need, None, request("7"))


@pytest.mark.parametrize("asked", Scope)
@pytest.mark.parametrize("had", Scope)
def test_a_scope_is_good_for_itself_and_admin_for_all(asked: Scope, had: Scope) -> None:
    need = Need(asked, Whose.CLIENT)
    if had in (asked, Scope.ADMIN):
        check(need, caller(had), request("7"))
    else:
        with pytest.raises(Forbidden, match=f"lacks the scope {asked}"):
            check(need, caller(had), request("7"))


@pytest.mark.parametrize("whose", Whose)
def test_a_key_for_all_clients_is_for_every_call(whose: Whose) -> None:
    check(Need(Scope.READ, whose), caller(Scope.READ), request("8", clienteId="8"))
    check(Need(Scope.READ, whose), ANYONE, request("8", clienteId="8"))


def test_a_key_for_some_clients_is_not_for_others() -> None:
    limited = caller(Scope.ADMIN, clients=SEVEN)
    check(Need(Scope.READ, Whose.CLIENT), limited, request("7"))
    check(Need(Scope.READ, Whose.CLIENT), limited, request("007"))
    with pytest.raises(Forbidden, match="not for client 8"):
        check(Need(Scope.READ, Whose.CLIENT), limited, request("8"))


def test_the_path_decides_where_it_names_the_client_whatever_the_header_says() -> None:
    limited = caller(Scope.CONTROL, clients=SEVEN)
    need = Need(Scope.CONTROL, Whose.PATH, parameter="clienteId")
    check(need, limited, request("8", clienteId="7"))
    with pytest.raises(Forbidden):
        check(need, limited, request("7", clienteId="8"))


def test_a_header_that_names_no_client_is_left_to_the_call() -> None:
    limited = caller(Scope.READ, clients=SEVEN)
    for header in (None, "0", "x"):
        check(Need(Scope.READ, Whose.CLIENT), limited, request(header))


def test_what_concerns_all_clients_is_not_for_a_key_for_some() -> None:
    limited = caller(Scope.ADMIN, clients=SEVEN)
    with pytest.raises(Forbidden, match="concerns all"):
        check(Need(Scope.READ, Whose.ALL), limited, request())
    check(Need(Scope.READ, Whose.SEEN), limited, request())


def test_a_key_for_no_clients_sees_none() -> None:
    assert not caller(Scope.ADMIN, clients=frozenset()).sees(ClientId(1))
