"""Retention: deletes old events, settled messages, journal entries and files that came in.

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

from actors.clients.types import Seconds
from actors.runtime import Actor, Reminder
from actors.store.events import PruneEvents
from actors.store.journal import PruneTransitions
from actors.store.message import Write
from actors.store.outbox import PruneMessages
from actors.store.rows.received import ForgetReceived
from actors.store.store import Store

_DAY: Seconds = 86_400.0


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """The retention periods, in seconds; `events_kept` and `events_bytes` also bound the number and size of events.

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


_KINDS: tuple[Callable[[RetentionRules, Seconds], Write[Any]], ...] = (
    lambda rules, now: PruneEvents(
        now - rules.events, rules.events_kept, now - rules.keys, rules.step, rules.events_bytes
    ),
    lambda rules, now: PruneMessages(now - rules.messages, rules.step),
    lambda rules, now: PruneTransitions(now - rules.journal, rules.step),
    lambda rules, now: ForgetReceived(now, rules.received_bytes, rules.step),
)
