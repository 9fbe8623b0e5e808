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
    """Query of GET /events."""

    client: Annotated[int, Field(ge=1, le=MAX_CLIENT_ID)] | None = None
    """Events of this client only."""
    types: str = "*"
    """Types of events, comma separated; `message.*` has all below `message`, `*` is all."""
    after: Position | None = None
    """Events after this position only."""

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
    """The reader's own name for itself: the service keeps its position under it."""
    wait: Annotated[float, Field(ge=0, le=120, allow_inf_nan=False)] = 20.0
    """How many seconds to wait for an event where there is none."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class EventEntry(Answer):
    """One event. Its `position` orders the events of all clients."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    """A ULID, the same in every delivery of the event."""
    type: str
    """The type of the event."""
    cliente_id: int
    sequence: int
    """Counts the events of one client from 1, without a gap."""
    at: str
    """When the service heard of it."""
    payload: dict[str, Any]
    """The data of the event: see the webhooks of this document."""


class GapEntry(Answer):
    """Events between two positions that are not stored any more: the reader may have missed some."""

    type: Literal["gap"]
    """Always `gap`."""
    after: int
    """The position up to which the reader had read."""
    position: int
    """Reading goes on after this position."""
    message: str
    """The same as a sentence."""


class NextAnswer(Answer):
    """GET /events/next."""

    consumer: str
    receipt: str | None
    """Acknowledges these events: it goes into the path of `DELETE /events/next/{receipt}`. Null without events."""
    gap: GapEntry | None
    """The events that were deleted before they were read; null where there are none."""
    events: list[EventEntry]
    """The events, oldest first. Until they are acknowledged they come again."""


class ReceiptQuery(Query):
    """Query of DELETE /events/next/{receipt}."""

    consumer: Name
    """The name under which the events were fetched."""


class ReceiptAnswer(Answer):
    """DELETE /events/next/{receipt}."""

    success: Literal[True] = True
    consumer: str
    position: int
    """All events up to this position are acknowledged."""
