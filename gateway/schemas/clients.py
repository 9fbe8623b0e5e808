"""The list of clients."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from actors.clients.protocol import Status
from actors.clients.types import Reason, State
from gateway.schemas.shape import Answer, iso


class ClientEntry(Answer):
    """One client of GET /clients."""

    id: int
    state: State


class ClientsQuery(BaseModel):
    """Query of GET /clients."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    detail: bool = Field(False, description="All that is known of each.")
    known: bool = Field(False, description="Those too that do not run, as NOT_INITIALIZED, until they are deleted.")


class ClientDetail(ClientEntry):
    """One client of GET /clients?detail=1. `memory`: PSS of its processes in bytes, as last measured; `has_login`: a
    start would resume it without a QR.
    """

    reason: Reason | None
    reason_text: str | None
    since: str | None
    last_event_at: str | None
    next_attempt_at: str | None
    restricted_until: str | None
    reconnection_attempts: int
    max_reconnection_attempts: int
    healthy: bool
    phone: str | None
    pairing_code: str | None
    memory: int | None
    has_login: bool

    @classmethod
    def of(cls, status: Status, *, has_login: bool) -> Self:
        """Fill from a client's status."""
        return cls(
            id=status.client_id,
            state=status.state,
            reason=status.reason,
            reason_text=status.reason_text,
            since=iso(status.since),
            last_event_at=iso(status.last_event_at),
            next_attempt_at=iso(status.next_attempt_at),
            restricted_until=iso(status.restricted_until),
            reconnection_attempts=status.reconnection_attempts,
            max_reconnection_attempts=status.max_reconnection_attempts,
            healthy=status.healthy,
            phone=status.phone,
            pairing_code=status.pairing_code,
            memory=status.memory,
            has_login=has_login,
        )
