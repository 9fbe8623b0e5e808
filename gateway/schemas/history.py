"""What a client has been through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from actors.clients.ports import Transition
from actors.clients.types import ClientId, Reason, State
from gateway.schemas.shape import Answer, iso


class HistoryQuery(BaseModel):
    """Query of GET /clients/{id}/history."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class TransitionEntry(Answer):
    """One change of a client's state, or of the reason for it. `request_id`: of the call that it is due to."""

    at: str | None
    state: State
    previous_state: State
    event: str
    reason: Reason | None
    reason_text: str | None
    request_id: str | None

    @classmethod
    def of(cls, told: Transition) -> Self:
        """Fill from the journal."""
        return cls(
            at=iso(told.at),
            state=told.after,
            previous_state=told.before,
            event=told.event,
            reason=told.reason,
            reason_text=told.text,
            request_id=told.request_id,
        )


class HistoryAnswer(Answer):
    """GET /clients/{id}/history: oldest first."""

    cliente_id: int
    transitions: list[TransitionEntry]

    @classmethod
    def of(cls, client_id: ClientId, told: Iterable[Transition]) -> Self:
        return cls(cliente_id=client_id, transitions=[TransitionEntry.of(one) for one in told])
