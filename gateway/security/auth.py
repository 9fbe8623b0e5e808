"""Authorisation: scopes, callers, and what a call needs of its caller. Pure: no I/O, no clock, no secret.

* `X-Cliente-Id` selects, the key decides: a key is for all clients or for a list of them.
* 401 means that the caller is unknown; 403 that the caller is known and may not.
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
    """The one in X-Cliente-Id. Where that header names none, the call itself refuses it."""
    PATH = auto()
    """The one in the path."""
    ALL = auto()
    """All of them, those to come included: only a key for all clients will do."""
    SEEN = auto()
    """Those the caller may see: the call itself leaves the others out (`Caller.sees`)."""


class RateClass(Enum):
    """The kind of call that has its own rate, besides SM_REQUEST_RATE."""

    CALL = auto()
    """Nothing more."""
    SEND = auto()
    """A message of the client: SM_SEND_RATE."""
    START = auto()
    """A start, where it starts something: SM_INIT_RATE, SM_INIT_ADDRESS_RATE. The call itself counts it."""


@dataclass(frozen=True, slots=True)
class Need:
    """The requirements of a call on its caller. A call whose scope is None is public, and is not counted."""

    scope: Scope | None
    whose: Whose
    rate: RateClass = RateClass.CALL
    parameter: str = ""
    """The part of the path that names the client, where `whose` is PATH."""


PUBLIC = Need(None, Whose.SEEN)


class Unauthorized(Exception):
    """The key is missing or invalid; the answer does not say which."""

    def __init__(self) -> None:
        super().__init__("A valid API key is required, in the header X-Api-Key or Authorization: Bearer")


class Forbidden(Exception):
    """The key is valid, and not for this; the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller: the holder of one key. `clients` is None for all."""

    key_id: str
    scopes: frozenset[Scope]
    clients: frozenset[ClientId] | None

    def may(self, scope: Scope) -> bool:
        """Return whether the key is good for that."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def sees(self, client_id: ClientId) -> bool:
        """Return whether the key is for that client."""
        return self.clients is None or client_id in self.clients


ANYONE = Caller("", frozenset(Scope), None)
"""The caller of a service without any key, which only loopback reaches."""

CALLER = "caller"
"""The place of the Caller in the ASGI scope; None for a stranger at a public call."""


def caller_of(scope: Mapping[str, Any]) -> Caller | None:
    """Return who makes this request; None for a stranger. The call has been let in already."""
    caller: Caller | None = scope[CALLER]
    return caller


def may_see(scope: Mapping[str, Any], client_id: ClientId) -> bool:
    """Return whether an answer to this request may tell of that client."""
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
    """Return the client in the header; None where it names none: the call answers that, in a shape that may differ."""
    try:
        return client_of(headers)
    except HeaderRefused:
        return None
