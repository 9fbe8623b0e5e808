"""The list of clients."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from actors.clients.protocol import Status
from actors.clients.types import State
from gateway.schemas.shape import Answer
from gateway.schemas.status import Circumstances, circumstances


class ClientEntry(Answer):
    """One client of GET /clients."""

    id: int
    state: State


class ClientsQuery(BaseModel):
    """Query of GET /clients."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    detail: bool = Field(False, description="All that is known of each.")
    known: bool = Field(False, description="Those too that do not run, as NOT_INITIALIZED, until they are deleted.")


class ClientDetail(Circumstances, ClientEntry):
    """One client of GET /clients?detail=1. `memory`: PSS of its processes in bytes, as last measured; `has_login`: a
    start would resume it without a QR.
    """

    reconnection_attempts: int
    max_reconnection_attempts: int
    memory: int | None
    has_login: bool

    @classmethod
    def of(cls, status: Status, *, has_login: bool) -> Self:
        """Fill from a client's status."""
        return cls(
            id=status.client_id,
            state=status.state,
            **circumstances(status).__dict__,
            reconnection_attempts=status.reconnection_attempts,
            max_reconnection_attempts=status.max_reconnection_attempts,
            memory=status.memory,
            has_login=has_login,
        )
