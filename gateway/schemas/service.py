"""The service itself: /health, /ready, and who is signed in at the dashboard."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from actors.clients.types import State
from actors.store.succession import Restored
from gateway.admission.authority import Caller, Scope
from gateway.readiness import Obstacle
from gateway.schemas.shape import Answer, Request


class HealthSummary(Answer):
    """GET /health, as strangers see it."""

    status: Literal["ok"] = "ok"
    service: Literal["session-manager"] = "session-manager"
    whatsapp_state: State


class HealthAnswer(HealthSummary):
    """GET /health. `clients`: how many are in each state."""

    clients: dict[State, int] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)


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
        """Fill from who calls; None for a stranger."""
        return cls(
            signed_in=caller is not None,
            key_needed=key_needed,
            csrf=csrf,
            key=(caller.key_id or None) if caller else None,
            scopes=[scope for scope in Scope if caller is not None and caller.may(scope)],
            clients=sorted(caller.clients) if caller is not None and caller.clients is not None else None,
        )


class RestoreRequest(Request):
    """Body of POST /restore: the name of a file in `restore/` of the data directory."""

    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class RestoreAnswer(Answer):
    """POST /restore. Messages that were open in the backup: `looked_up` before they may leave, or `ended` since.

    `left_out`: positions of events that are given to none. `present_known`: the database before it could be read.
    """

    success: Literal[True] = True
    looked_up: int
    ended: int
    left_out: int
    present_known: bool

    @classmethod
    def of(cls, restored: Restored) -> Self:
        """Fill from what was done."""
        return cls(**asdict(restored))


class ReadyAnswer(Answer):
    """GET /ready. `why`: what is in the way."""

    ready: bool
    why: list[Obstacle]
