"""Authorisation: scopes, callers, and the needs of calls. Pure: no I/O, no clock, no secret.

* `X-Cliente-Id` selects a client, the key authorises: a key is for all clients or for a list of them.
* 401 means that the caller is unknown; 403 that the caller is known and not authorised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any

from actors.clients.types import ClientId
from gateway.http import HeaderRefused, client_number, client_of


class Scope(StrEnum):
    """The permission of a key. ADMIN includes the others."""

    READ = "read"
    SEND = "send"
    CONTROL = "control"
    ADMIN = "admin"


class Whose(Enum):
    """The clients that a call concerns."""

    CLIENT = auto()
    """The client in X-Cliente-Id. The call itself refuses a header without a client."""
    PATH = auto()
    """The client in the path."""
    ALL = auto()
    """All clients, also future ones: it needs a key for all clients."""
    SEEN = auto()
    """The clients of the caller's key: the call itself leaves the others out (`Caller.sees`)."""


class RateClass(Enum):
    """The kind of call that has its own rate, besides SM_REQUEST_RATE."""

    CALL = auto()
    """No other rate."""
    SEND = auto()
    """A message of the client: SM_SEND_RATE."""
    START = auto()
    """A start: SM_INIT_RATE, SM_INIT_ADDRESS_RATE. The call itself counts it, if it starts something."""


@dataclass(frozen=True, slots=True)
class Need:
    """The requirements of a call on its caller. A call whose scope is None is public, and is not counted."""

    scope: Scope | None
    whose: Whose
    rate: RateClass = RateClass.CALL
    parameter: str = ""
    """The part of the path that names the client, if `whose` is PATH."""


PUBLIC = Need(None, Whose.SEEN)


class Unauthorized(Exception):
    """The key is missing or invalid; the answer does not say which."""

    def __init__(self) -> None:
        super().__init__("A valid API key is required, in the header X-Api-Key or Authorization: Bearer")


class Forbidden(Exception):
    """The key is valid, but not for this call; the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller: the holder of one key. `clients` is None for all."""

    key_id: str
    scopes: frozenset[Scope]
    clients: frozenset[ClientId] | None

    def may(self, scope: Scope) -> bool:
        """Return True if the key has this scope, or ADMIN."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def sees(self, client_id: ClientId) -> bool:
        """Return True if the key is for that client."""
        return self.clients is None or client_id in self.clients


ANYONE = Caller("", frozenset(Scope), None)
"""The caller of a service without any key, which only loopback can reach."""

CALLER = "caller"
"""The place of the Caller in the ASGI scope; None for a stranger at a public call."""


def caller_of(scope: Mapping[str, Any]) -> Caller | None:
    """Return the caller of an authorised request; None for a stranger."""
    caller: Caller | None = scope[CALLER]
    return caller


def may_see(scope: Mapping[str, Any], client_id: ClientId) -> bool:
    """Return True if the answer to this request may be about that client."""
    caller = caller_of(scope)
    return caller is not None and caller.sees(client_id)


def check(need: Need, caller: Caller | None, scope: Mapping[str, Any]) -> None:
    """Check the request of an ASGI scope. Raises Unauthorized, Forbidden, HeaderRefused."""
    if need.scope is None:
        return
    if caller is None:
        raise Unauthorized
    if not caller.may(need.scope):
        raise Forbidden(f"The key lacks the scope {need.scope}")
    if caller.clients is not None:
        _check_clients(need, caller, scope)


def _check_clients(need: Need, caller: Caller, scope: Mapping[str, Any]) -> None:
    match need.whose:
        case Whose.CLIENT:
            client_id = _named(scope["headers"])
        case Whose.PATH:
            number = str(scope["path_params"][need.parameter])
            client_id = client_number(number.encode("utf-8", "replace"))
        case Whose.ALL:
            raise Forbidden("The key is for some clients only, and this concerns all")
        case Whose.SEEN:
            return
    if client_id is not None and not caller.sees(client_id):
        raise Forbidden(f"The key is not for client {client_id}")


def _named(headers: Iterable[tuple[bytes, bytes]]) -> ClientId | None:
    """Return the client in the header; None without one: the call answers that, perhaps in a shape of its own."""
    try:
        return client_of(headers)
    except HeaderRefused:
        return None
