"""The shapes of GET /events, GET /events/next and DELETE /events/next/{receipt}."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from actors.clients.types import MAX_CLIENT_ID
from actors.webhooks.definition import is_pattern, unknown_type
from gateway.schemas.shape import Answer, Query

MAX_POSITION = 2**63 - 1
_PATTERNS = 100
Position = Annotated[int, Field(ge=0, le=MAX_POSITION)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class EventsQuery(Query):
    """Query of GET /events: of one client, of types (comma separated, `message.*` for all below), after a position."""

    client: Annotated[int, Field(ge=1, le=MAX_CLIENT_ID)] | None = None
    types: str = "*"
    after: Position | None = None

    @field_validator("types")
    @classmethod
    def _are_patterns(cls, text: str) -> str:
        parts = text.split(",")
        if len(parts) > _PATTERNS or not all(map(is_pattern, parts)):
            raise ValueError("should be types of events, comma separated, such as message,message.* or *")
        if (fault := next(filter(None, map(unknown_type, parts)), None)) is not None:
            raise ValueError(f"should be types of events, and {fault}")
        return text

    @property
    def patterns(self) -> tuple[str, ...]:
        """The types, each once."""
        return tuple(dict.fromkeys(self.types.split(",")))


class NextQuery(EventsQuery):
    """Query of GET /events/next. `after` says where a new consumer begins; without it, now. `wait` is in seconds."""

    consumer: Name
    wait: Annotated[float, Field(ge=0, le=120, allow_inf_nan=False)] = 20.0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class EventEntry(Answer):
    """One event. `position` orders all events, `sequence` those of one client."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    type: str
    cliente_id: int
    sequence: int
    at: str
    payload: dict[str, Any]


class GapEntry(Answer):
    """Events between two positions that are not stored any more: the reader may have missed some."""

    type: Literal["gap"]
    after: int
    position: int
    message: str


class NextAnswer(Answer):
    """GET /events/next. `receipt` goes into the path of DELETE /events/next/{receipt}; null without events."""

    consumer: str
    receipt: str | None
    gap: GapEntry | None
    events: list[EventEntry]


class ReceiptQuery(Query):
    """Query of DELETE /events/next/{receipt}."""

    consumer: Name


class ReceiptAnswer(Answer):
    """DELETE /events/next/{receipt}. `position`: all up to there is acknowledged."""

    success: Literal[True] = True
    consumer: str
    position: int
