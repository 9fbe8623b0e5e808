"""The shapes of /health, /ready, and of the session at the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self

from pydantic import Field

from actors.clients.canary import WhatsAppSeen
from actors.clients.types import ClientId, State
from gateway.readiness import Obstacle
from gateway.schemas.shape import Answer, iso
from gateway.security.auth import Caller, Scope


class RootAnswer(Answer):
    """GET /."""

    name: Literal["session-manager"] = "session-manager"
    """The name of this service."""
    version: str
    """Its version."""
    links: dict[str, str]
    """Paths of this service, by what they show."""


class HealthSummary(Answer):
    """GET /health for callers without a key."""

    status: Literal["ok", "degraded"] = "ok"
    """`degraded` if a client's page lacks something that the service uses, else `ok`."""
    service: Literal["session-manager"] = "session-manager"
    """The name of this service."""
    whatsapp_state: State
    """READY if any client is that the caller may see, else their most frequent state."""


class WhatsAppWeb(Answer):
    """The state of WhatsApp Web's contract."""

    version: str | None
    """The newest version of WhatsApp Web that a page has."""
    seen_since: str | None
    """When it was first seen."""
    contract: Literal["whole", "degraded", "unknown"]
    """`whole`: the pages have all that the service uses; `degraded`: one lacks some of it; `unknown`: none was read."""
    missing: list[str]
    """The names that pages lack."""
    without_receipts: list[int]
    """Clients that do not get receipts any more."""

    @classmethod
    def of(cls, seen: WhatsAppSeen, may_see: Callable[[ClientId], bool]) -> Self:
        """Fill from the known facts, with the clients that the caller may see."""
        return cls(
            version=seen.version,
            seen_since=iso(seen.seen_since),
            contract="degraded" if seen.missing else "whole" if seen.read else "unknown",
            missing=sorted(seen.missing),
            without_receipts=[client_id for client_id in seen.silent if may_see(client_id)],
        )


class HealthAnswer(HealthSummary):
    """GET /health."""

    whatsapp_web: WhatsAppWeb
    """The state of WhatsApp Web's contract."""

    clients: dict[State, int] = Field(default_factory=dict)
    """The number of clients by state."""
    versions: dict[str, str] = Field(default_factory=dict)
    """The versions of this service and of what it is made of."""


class SessionAnswer(Answer):
    """GET, POST and DELETE /dashboard/session. `csrf` goes into X-CSRF-Token; `clients` is null for all."""

    signed_in: bool
    key_needed: bool
    csrf: str | None
    key: str | None
    scopes: list[Scope]
    clients: list[int] | None

    @classmethod
    def of(cls, caller: Caller | None, *, key_needed: bool, csrf: str | None) -> Self:
        """Fill from the caller; None for a stranger."""
        return cls(
            signed_in=caller is not None,
            key_needed=key_needed,
            csrf=csrf,
            key=(caller.key_id or None) if caller else None,
            scopes=[scope for scope in Scope if caller is not None and caller.may(scope)],
            clients=sorted(caller.clients) if caller is not None and caller.clients is not None else None,
        )


class ReadyAnswer(Answer):
    """GET /ready."""

    ready: bool
    """True if the service can work."""
    why: list[Obstacle]
    """The obstacles; empty if it is ready."""
