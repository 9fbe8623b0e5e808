"""Who may do what: scopes, callers, and what each call needs. Pure: no I/O, no clock, no secret.

Rules of this file:

* `X-Cliente-Id` selects, the key decides: a key is for all clients or for a list of them.
* The table names every call there is. A call without a row cannot be served: building the application fails.
* 401 says that we do not know who calls; 403 that we do, and that it may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any

from actors.clients.types import ClientId
from gateway.identity import HEADER, HeaderRefused, client_number, client_of


class Scope(StrEnum):
    """What a key may be good for. ADMIN includes the others."""

    READ = "read"
    SEND = "send"
    CONTROL = "control"
    ADMIN = "admin"


class Whose(Enum):
    """Which clients a call concerns."""

    CLIENT = auto()
    """The one in X-Cliente-Id. Where that header names none, the call itself refuses it."""
    PATH = auto()
    """The one in the path."""
    EITHER = auto()
    """The one in X-Cliente-Id, or without that header all of them."""
    ALL = auto()
    """All of them, those to come included: only a key for all clients will do."""
    SEEN = auto()
    """Those the caller may see: the call itself leaves the others out (`Caller.sees`)."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a call asks of its caller; scope None is open to strangers."""

    scope: Scope | None
    whose: Whose


OPEN = Need(None, Whose.SEEN)

NEEDS: Mapping[tuple[str, str], Need] = {
    ("GET", "/health"): OPEN,
    ("GET", "/ready"): OPEN,
    ("GET", "/metrics"): Need(Scope.READ, Whose.ALL),
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/docs/{file}"): OPEN,
    ("GET", "/dashboard"): OPEN,
    ("GET", "/dashboard/{file}"): OPEN,
    ("GET", "/dashboard/session"): OPEN,
    ("POST", "/dashboard/session"): OPEN,  # with a key in its body
    ("DELETE", "/dashboard/session"): OPEN,  # with the token of the session that it ends
    ("POST", "/init"): Need(Scope.CONTROL, Whose.CLIENT),
    ("GET", "/status"): Need(Scope.READ, Whose.CLIENT),
    ("GET", "/qr"): Need(Scope.READ, Whose.CLIENT),
    ("GET", "/qr-code"): Need(Scope.READ, Whose.CLIENT),
    ("POST", "/pairing-code"): Need(Scope.CONTROL, Whose.CLIENT),
    ("POST", "/send"): Need(Scope.SEND, Whose.CLIENT),
    ("POST", "/messages"): Need(Scope.SEND, Whose.CLIENT),
    ("GET", "/messages"): Need(Scope.READ, Whose.CLIENT),
    ("GET", "/messages/{id}"): Need(Scope.READ, Whose.CLIENT),
    ("DELETE", "/messages/{id}"): Need(Scope.SEND, Whose.CLIENT),
    ("POST", "/stop"): Need(Scope.CONTROL, Whose.CLIENT),
    ("POST", "/logout"): Need(Scope.CONTROL, Whose.CLIENT),
    ("DELETE", "/session/{clienteId}"): Need(Scope.CONTROL, Whose.PATH),
    ("GET", "/clients"): Need(Scope.READ, Whose.SEEN),
    ("GET", "/clients/{id}/history"): Need(Scope.READ, Whose.PATH),
    ("GET", "/clients/{id}/screenshot"): Need(Scope.ADMIN, Whose.PATH),
    ("GET", "/events"): Need(Scope.READ, Whose.SEEN),  # as a WebSocket too
    ("GET", "/events/next"): Need(Scope.READ, Whose.SEEN),
    ("DELETE", "/events/next/{receipt}"): Need(Scope.READ, Whose.SEEN),
    # Who makes a webhook has all that happens sent where he likes, and its address may be a secret.
    ("GET", "/webhooks"): Need(Scope.ADMIN, Whose.SEEN),
    ("POST", "/webhooks"): Need(Scope.ADMIN, Whose.SEEN),
    ("GET", "/webhooks/{id}"): Need(Scope.ADMIN, Whose.SEEN),
    ("PATCH", "/webhooks/{id}"): Need(Scope.ADMIN, Whose.SEEN),
    ("DELETE", "/webhooks/{id}"): Need(Scope.ADMIN, Whose.SEEN),
    ("GET", "/webhooks/{id}/dead-letters"): Need(Scope.READ, Whose.SEEN),
    ("DELETE", "/webhooks/{id}/dead-letters"): Need(Scope.CONTROL, Whose.SEEN),
    ("POST", "/webhooks/{id}/dead-letters/replay"): Need(Scope.CONTROL, Whose.SEEN),
    ("DELETE", "/webhooks/{id}/dead-letters/{letter}"): Need(Scope.CONTROL, Whose.SEEN),
    ("POST", "/webhooks/{id}/dead-letters/{letter}/replay"): Need(Scope.CONTROL, Whose.SEEN),
    ("GET", "/keys"): Need(Scope.ADMIN, Whose.ALL),
    ("POST", "/keys"): Need(Scope.ADMIN, Whose.ALL),
    ("DELETE", "/keys/{id}"): Need(Scope.ADMIN, Whose.ALL),
}
"""Method and path as the application's routes spell them. HEAD needs what GET needs."""


class Unauthorized(Exception):
    """No key, or none that is valid: which of both is not told."""

    def __init__(self) -> None:
        super().__init__("A valid API key is required, in the header X-Api-Key or Authorization: Bearer")


class Forbidden(Exception):
    """The key is valid, and not for this; the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the holder of one key. `clients` is None for all."""

    key_id: str
    scopes: frozenset[Scope]
    clients: frozenset[ClientId] | None

    def may(self, scope: Scope) -> bool:
        """Whether the key is good for that."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def sees(self, client_id: ClientId) -> bool:
        """Whether the key is for that client."""
        return self.clients is None or client_id in self.clients


ANYONE = Caller("", frozenset(Scope), None)
"""Who calls a service without any key, which only loopback reaches."""

CALLER = "caller"
"""Where the ASGI scope has the Caller, or None for a stranger at an open call."""


def caller_of(scope: Mapping[str, Any]) -> Caller | None:
    """Who makes this request; None for a stranger. The call has been let in already."""
    caller: Caller | None = scope[CALLER]
    return caller


def may_see(scope: Mapping[str, Any], client_id: ClientId) -> bool:
    """Whether an answer to this request may tell of that client."""
    caller = caller_of(scope)
    return caller is not None and caller.sees(client_id)


def check(need: Need, caller: Caller | None, scope: Mapping[str, Any]) -> None:
    """Let the request of an ASGI scope in, or raise Unauthorized, Forbidden, HeaderRefused."""
    if need.scope is None:
        return
    if caller is None:
        raise Unauthorized
    if not caller.may(need.scope):
        raise Forbidden(f"The key lacks the scope {need.scope}")
    if caller.clients is not None:
        _check_clients(need.whose, caller, scope)


def _check_clients(whose: Whose, caller: Caller, scope: Mapping[str, Any]) -> None:
    if whose is Whose.SEEN:
        return
    client_id = _concerned(whose, scope)
    if client_id is None:
        raise Forbidden("The key is for some clients only, and this concerns all")
    if client_id and not caller.sees(client_id):
        raise Forbidden(f"The key is not for client {client_id}")


def _concerned(whose: Whose, scope: Mapping[str, Any]) -> ClientId | None:
    """The client a request concerns; None for all of them, 0 where it names none and will be refused for that."""
    match whose:
        case Whose.CLIENT:
            return _named(scope["headers"])
        case Whose.EITHER if any(name == HEADER for name, _ in scope["headers"]):
            return client_of(scope["headers"])
        case Whose.PATH:
            (number,) = (value for name, value in scope["path_params"].items() if name in _CLIENT_PARAMETERS)
            return client_number(str(number).encode("utf-8", "replace")) or ClientId(0)
        case _:
            return None


def _named(headers: Iterable[tuple[bytes, bytes]]) -> ClientId:
    try:
        return client_of(headers)
    except HeaderRefused:  # the call answers it: its shape differs from call to call
        return ClientId(0)


_CLIENT_PARAMETERS = frozenset({"clienteId", "client_id", "id"})
