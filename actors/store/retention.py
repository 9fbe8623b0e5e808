"""Retention: deletes what is old, and the oldest of what is too many, of every table that grows by itself.

`BOUNDS` says for each table of the schema what keeps it from growing for ever.

It works in steps. Each is one write of bounded size that queues behind all others, and the next is ordered after its
answer; so a table that has grown for months is cut back without making any write wait.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pykka import ActorDeadError
from sqlalchemy import Column, Connection, delete, func, select, tuple_

from actors.clients.types import Seconds
from actors.runtime import Actor, Reminder
from actors.store.events import PruneEvents
from actors.store.journal import PruneTransitions
from actors.store.message_states import OPEN
from actors.store.outbox import PruneMessages
from actors.store.requests import Write
from actors.store.rows.received import ForgetReceived
from actors.store.schema import event_gaps, event_keys, outbox, outbox_chats, received_media, transitions
from actors.store.store import Store

_DAY: Seconds = 86_400.0


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """The retention periods, in seconds; `events_kept` and `events_bytes` also bound the number and size of events.

    The names that end in `_kept` bound the number of rows, of all clients together.

    `received_bytes` bounds the files that came with messages, 0 for no limit; each has its own end.

    `keys` is how long a message that the page reports again is recognised: longer than a page remembers messages.
    """

    events: Seconds = 7 * _DAY
    events_kept: int = 500_000
    events_bytes: int = 512 * 2**20
    keys: Seconds = 90 * _DAY
    messages: Seconds = 30 * _DAY
    journal: Seconds = 30 * _DAY
    received_bytes: int = 0
    keys_kept: int = 1_000_000
    messages_kept: int = 1_000_000
    journal_kept: int = 500_000
    received_kept: int = 500_000
    chats_kept: int = 1_000_000
    gaps_kept: int = 1_000
    every: Seconds = 3600.0
    step: int = 1000


@dataclass(frozen=True, slots=True)
class Prune:
    """Timer: time for the next round."""


@dataclass(frozen=True, slots=True)
class Pruned(Reminder):
    """The end of one step. `count` is None if the store could not be used: the next round makes up for it."""

    kind: int
    count: int | None


class Retention(Actor):
    """An actor that prunes soon after the start and then every `rules.every` seconds. It takes no other messages."""

    def __init__(self, store: Store, rules: RetentionRules | None = None) -> None:
        super().__init__(name="store-retention")
        self._store = store
        self._rules = rules or RetentionRules()

    def started(self) -> None:
        """Wait: the first minute belongs to more important work."""
        self.start_timer("prune", min(60.0, self._rules.every), Prune())

    def receive(self, message: object) -> object:
        """Run the next step."""
        match message:
            case Prune():
                self.start_timer("prune", self._rules.every, Prune())
                self._order(0)
            case Pruned(kind=kind, count=count):
                self._order(kind if count is not None and count >= self._rules.step else kind + 1)
            case _:
                return super().receive(message)
        return None

    def _order(self, kind: int) -> None:
        if kind < len(_KINDS):
            self._store.order(_KINDS[kind](self._rules, self.clock.time()), partial(self._done, kind))

    def _done(self, kind: int, outcome: object) -> None:
        """Report the step. Runs in the store's thread."""
        with suppress(ActorDeadError):
            self.actor_ref.tell(Pruned(kind, outcome if isinstance(outcome, int) else None))


@dataclass(frozen=True, slots=True)
class PruneSurplus(Write[int]):
    """Delete the first rows of a table beyond the newest `keep`, at most `limit`. Answers how many.

    `order` are the columns by which rows age, the table's own; only rows that fulfil `where` are deleted.
    """

    order: tuple[Column[Any], ...]
    keep: int
    limit: int = 1000
    where: Any = True

    def run(self, connection: Connection) -> int:
        table = self.order[0].table
        surplus = int(connection.execute(select(func.count()).select_from(table)).scalar_one()) - self.keep
        if surplus <= 0:
            return 0
        key = tuple(table.primary_key)
        doomed = select(*key).order_by(*self.order).limit(min(surplus, self.limit))
        if self.where is not True:
            doomed = doomed.where(self.where)
        return connection.execute(delete(table).where(tuple_(*key).in_(doomed))).rowcount


@dataclass(frozen=True, slots=True)
class TableBound:
    """The bound of a table, which keeps it from growing for ever: the age of its rows, and their number."""

    age: str
    count: str


_OF_CLIENT = "until the client is deleted"
_ONE_EACH = "one per client"
BOUNDS: dict[str, TableBound] = {
    "store_properties": TableBound("they do not age", "one per name that this version knows"),
    "sessions": TableBound(_OF_CLIENT, _ONE_EACH),
    "accounts": TableBound(
        "until the client is deleted and no message is left of the account", "one per account that was linked"
    ),
    "client_configs": TableBound(_OF_CLIENT, _ONE_EACH),
    "transitions": TableBound("30 days", "the newest 500,000"),
    "events": TableBound(
        "`SM_EVENT_RETENTION`", "the newest `SM_EVENT_LIMIT`, and the newest `SM_EVENT_RETENTION_SIZE` MiB"
    ),
    "event_gaps": TableBound("they do not age", "one per restore, the newest 1,000"),
    "held_events": TableBound("`SM_MEDIA_IN_WAIT`, then they are told", "what comes in within that time"),
    "received_media": TableBound("`SM_MEDIA_IN_LIFETIME`", "the newest 500,000, and `SM_MEDIA_IN_SIZE` MiB of files"),
    "event_counts": TableBound("they do not age: a number is not given twice", _ONE_EACH),
    "event_keys": TableBound("90 days", "the newest 1,000,000"),
    "outbox": TableBound(
        "`SM_MESSAGE_RETENTION` after they ended; open ones until they expire",
        "the newest 1,000,000 of those that ended; open ones `SM_OUTBOX_LIMIT` per client",
    ),
    "media": TableBound("`SM_MEDIA_LIFETIME` after the last message that names it", "what the disk has room for"),
    "media_clients": TableBound("as long as the file", "one per file and client that it was uploaded for"),
    "outbox_chats": TableBound(_OF_CLIENT, "1,000,000"),
    "event_consumers": TableBound("30 days after it was last used", "1,000 per key"),
    "api_keys": TableBound("until an operator deletes it", "as many as operators make"),
    "webhooks": TableBound("until an operator deletes it", "as many as operators make"),
    "webhook_lines": TableBound("until the webhook is deleted", "one per webhook and client"),
    "webhook_dead_letters": TableBound("`SM_DEAD_LETTER_RETENTION`", "the newest 100,000"),
}
"""Every table of the schema. A test compares, so that a new table comes with its bound."""

_KINDS: tuple[Callable[[RetentionRules, Seconds], Write[Any]], ...] = (
    lambda rules, now: PruneEvents(
        now - rules.events, rules.events_kept, now - rules.keys, rules.step, rules.events_bytes
    ),
    lambda rules, now: PruneMessages(now - rules.messages, rules.step),
    lambda rules, now: PruneTransitions(now - rules.journal, rules.step),
    lambda rules, now: ForgetReceived(now, rules.received_bytes, rules.step),
    lambda rules, _: PruneSurplus((event_keys.c.at,), rules.keys_kept, rules.step),
    lambda rules, _: PruneSurplus(
        (outbox.c.position,), rules.messages_kept, rules.step, outbox.c.state.not_in(sorted(OPEN))
    ),
    lambda rules, _: PruneSurplus((transitions.c.position,), rules.journal_kept, rules.step),
    lambda rules, _: PruneSurplus((received_media.c.until,), rules.received_kept, rules.step),
    lambda rules, _: PruneSurplus((outbox_chats.c.client_id, outbox_chats.c.chat), rules.chats_kept, rules.step),
    lambda rules, _: PruneSurplus((event_gaps.c.after,), rules.gaps_kept, rules.step),
)
