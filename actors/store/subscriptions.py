"""Tells subscribers of events, after they are on disk and in their order.

Rule of this file: what is told is read back from the database, from the last position told on. So nothing is told that
a crash could take back, and nothing is left out, whatever went wrong in between. Runs in the writer's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from pykka import ActorDeadError
from sqlalchemy import Connection

from actors.store.events import Event, GetEventRange, read_newer
from actors.store.group_commit import faults

Subscriber = Callable[[tuple[Event, ...]], None]
"""Takes events, oldest first. Called in the writer's thread: it only tells. One that raises is not called again."""

_BATCH = 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Call `subscriber` with every event from now on. Answers the position of the newest one before: what is up to
    there is to be read, what is after it will be told, and nothing falls between."""

    subscriber: Subscriber


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Call `subscriber` no more. Answers None; one that is not known is no error."""

    subscriber: Subscriber


class Subscriptions:
    """Who wants to be told, and up to where they have been."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._told = 0

    def start_at(self, connection: Connection) -> None:
        """Tell of nothing that is there now. Raises StoreUnavailable."""
        with faults(), connection.begin():
            self._told = GetEventRange().run(connection).newest

    def add(self, subscriber: Subscriber) -> int:
        """Take a subscriber; returns the position up to which it is not told."""
        self._subscribers.append(subscriber)
        return self._told

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)

    def publish(self, connection: Connection) -> None:
        """Tell of what is new. Call after a commit, outside a transaction. Raises StoreUnavailable."""
        while new := self._read(connection):
            self._told = new[-1].position
            for subscriber in list(self._subscribers):
                self._tell(subscriber, new)

    def _read(self, connection: Connection) -> tuple[Event, ...]:
        with faults(), connection.begin():
            return read_newer(connection, self._told, _BATCH)

    def _tell(self, subscriber: Subscriber, new: tuple[Event, ...]) -> None:
        try:
            subscriber(new)
        except ActorDeadError:
            self.remove(subscriber)
        except Exception as error:  # noqa: BLE001 - a mistake of one subscriber must not end the store
            _log.error("subscriber_dropped", exc_info=error)
            self.remove(subscriber)
