"""What the sender of webhooks understands. Callers send `Change` and `GetSending`; the rest it tells itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from actors.clients.types import ClientId, Seconds
from actors.runtime import Reminder, Work
from actors.store.events import Event
from actors.store.message import Write
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
"""A cursor: a webhook's id and a client."""


@dataclass(frozen=True, slots=True)
class Change(Work):
    """Have the store write this, and act on it. Answers (or refuses) what the store does, once deliveries go by it."""

    write: CreateWebhook | ChangeWebhook | DeleteWebhook | ReplayDeadLetters | DeleteDeadLetters


@dataclass(frozen=True, slots=True)
class GetSending:
    """Answers Sending."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How many cursors have a turn, wait for one, and rest until the next attempt."""

    running: int
    waiting: int
    resting: int


@dataclass(frozen=True, slots=True)
class Published:
    """Fact of the store: these events are on disk."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Subscribed(Reminder):
    """Every event from now on will be told."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The store has answered a change."""

    reply_to: Any = field(compare=False)
    answer: object


@dataclass(frozen=True, slots=True)
class Refreshed(Reminder):
    """The store has told all webhooks; `reply_to` (None at the start) waits for `answer`."""

    backlog: Backlog | Exception
    reply_to: Any = field(default=None, compare=False)
    answer: object = None


@dataclass(frozen=True, slots=True)
class DueRead(Reminder):
    """The store has told what a cursor has to do; `reading` says which read this answers."""

    key: Key
    reading: int
    due: Due | Exception


@dataclass(frozen=True, slots=True)
class Posted:
    """An attempt has ended."""

    key: Key
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """The job is settled, or rests `until` an instant (epoch seconds); `record` is the one write that says so."""

    record: Write[Any]
    until: Seconds | None = None
    failing_since: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Recorded(Reminder):
    """What followed an attempt is on disk, unless `error` says why not."""

    key: Key
    settled: Settled
    slow: bool
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class RecordAgain:
    """Timer: what followed an attempt could not be written."""

    failed: Recorded


@dataclass(frozen=True, slots=True)
class CursorsDue:
    """Timer: some cursors have rested long enough."""


@dataclass(frozen=True, slots=True)
class RefreshAgain:
    """Timer: the store could not say what webhooks there are."""


@dataclass(frozen=True, slots=True)
class PruneDue:
    """Timer: old dead letters are to be forgotten."""
