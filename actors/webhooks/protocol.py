"""The messages of the sender of webhooks. Callers send `Change` and `GetSending`; the sender sends itself the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from actors.clients.types import ClientId, Seconds
from actors.runtime import Reminder, Work
from actors.store.erasure import EndErasure
from actors.store.events import Event
from actors.store.requests import Write
from actors.store.webhooks import (
    Backlog,
    ChangeWebhook,
    CreateWebhook,
    DeleteDeadLetters,
    DeleteWebhook,
    Due,
    ReplayDeadLetters,
)
from actors.webhooks.schedule import Outcome

Key = tuple[str, ClientId]
"""The name of a cursor: a webhook's id and a client."""


@dataclass(frozen=True, slots=True)
class Change(Work):
    """Write this to the store and act on it. Answers (or refuses) like the store, once deliveries follow the change."""

    write: CreateWebhook | ChangeWebhook | DeleteWebhook | ReplayDeadLetters | DeleteDeadLetters | EndErasure


@dataclass(frozen=True, slots=True)
class GetSending:
    """Answers Sending."""


@dataclass(frozen=True, slots=True)
class Sending:
    """The numbers of cursors that have a turn, wait for a turn, and rest until the next attempt."""

    running: int
    waiting: int
    resting: int


@dataclass(frozen=True, slots=True)
class Published:
    """Fact of the store: these events are on disk."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Subscribed(Reminder):
    """The subscription to events has begun."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The store has answered a change."""

    reply_to: Any = field(compare=False)
    answer: object


@dataclass(frozen=True, slots=True)
class Refreshed(Reminder):
    """The store has returned all webhooks; `reply_to` (None at the start) waits for `answer`."""

    backlog: Backlog | Exception
    reply_to: Any = field(default=None, compare=False)
    answer: object = None


@dataclass(frozen=True, slots=True)
class CursorRead(Reminder):
    """The store has returned the work of a cursor; `reading` identifies the read."""

    key: Key
    reading: int
    due: Due | Exception


@dataclass(frozen=True, slots=True)
class Posted:
    """An attempt has ended."""

    key: Key
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class JobSettled:
    """The job is settled, or rests `until` an instant (epoch seconds); `record` is the write that stores this."""

    record: Write[Any]
    until: Seconds | None = None
    failing_since: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Recorded(Reminder):
    """The result of an attempt is on disk, unless `error` gives the reason why not. `slow`: see `Slots.give_back`."""

    key: Key
    settled: JobSettled
    slow: bool | None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class RecordAgain:
    """Timer: write the result of an attempt again."""

    failed: Recorded


@dataclass(frozen=True, slots=True)
class CursorsDue:
    """Timer: some cursors have rested long enough."""


@dataclass(frozen=True, slots=True)
class RefreshAgain:
    """Timer: ask the store for the webhooks again."""


@dataclass(frozen=True, slots=True)
class PruneDue:
    """Timer: delete old dead letters."""
