"""The writer: every change of the store goes through this actor's mailbox, is committed in groups, and published.

* A write with no message behind it is committed at once. Otherwise, on the first write of a group, the writer sends
  itself Commit, which queues behind all waiting writes: under load groups grow by themselves.
* Each write has a savepoint of its own. An exception undoes that write and answers its asker; the others go on. No
  answer is sent before the commit has returned: only the commit proves that an answer is true.
* An error that makes the database unusable ends the whole transaction: nothing of the group is on disk (or, on
  PostgreSQL, nobody knows). Callers (Work) are then refused at once; facts are held, in order, and answered when they
  have been written. The database is tried every `retry_after` seconds.
* Subscribers get events after they are on disk and in their order. Each batch is read back from the database, from the
  last published position: a crash cannot take back a published event, and none is left out.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from pykka import ActorDeadError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from actors.runtime import Actor, Refusal, Reminder, ReplyTo, Work
from actors.store import postgresql
from actors.store.database import Database
from actors.store.errors import StoreUnavailable, WriteFailed, as_unavailable
from actors.store.events import Event, GetEventRange, read_newer
from actors.store.requests import CarryOut, Write, carry_out


@dataclass(frozen=True, slots=True)
class Commit(Reminder):
    """A message of the writer to itself. A group that was full earlier has been committed already."""

    group: int


@dataclass(frozen=True, slots=True)
class GetOutage:
    """Answers the reason why the database cannot be used now, as far as known, or None."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Timer: the database may be usable again."""


class Writer(Actor):
    """An actor that applies writes in order and commits them in groups of at most `max_group`. Answers Write messages.

    `hold_limit` bounds the facts kept in memory while the database cannot be used; more are refused, and logged.
    `alone`: as in `Database.writing`.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_group: int = 128,
        retry_after: float = 1.0,
        hold_limit: int = 10_000,
        carry_out: CarryOut = carry_out,
        alone: bool = False,
    ) -> None:
        super().__init__()
        self._group = GroupCommit(database.writing(alone=alone), carry_out)
        self._max_group, self._retry_after, self._hold_limit = max_group, retry_after, hold_limit
        self._groups = 0
        self._held: deque[QueuedWrite] = deque()
        self._outage: StoreUnavailable | None = None
        self._said: str | None = None
        """The outage that was logged: until a commit, each try finds it again."""
        self._subscriptions = Subscriptions()

    def started(self) -> None:
        self._subscriptions.start_at(self._group.connection())

    def receive(self, message: object) -> object:
        match message:
            case Commit():
                if message.group == self._groups:
                    self._commit()
            case Write():
                self._take(QueuedWrite(message, self.defer()))
            case Subscribe():
                return self._subscriptions.add(message.subscriber)
            case Unsubscribe():
                self._subscriptions.remove(message.subscriber)
            case GetOutage():
                return None if self._outage is None else str(self._outage)
            case TryAgain():
                self._try_again()
            case _:
                return super().receive(message)
        return None

    def closed(self, cause: BaseException | None) -> None:
        if cause is None:
            self._try_again()
            self._commit()
        if lost := [type(pending.write).__name__ for pending in (*self._held, *self._group.abandon())]:
            self.log.error("store.facts_lost", count=len(lost), kinds=sorted(set(lost)))

    def _take(self, pending: QueuedWrite, *, more: bool = False) -> None:
        if self._outage is None:
            self._apply(pending, more=more)
        else:
            self._set_aside(pending, self._outage)

    def _apply(self, pending: QueuedWrite, *, more: bool) -> None:
        """Write it in the open group, which is committed at once if nothing waits behind it; `more` does."""
        try:
            self._group.apply(pending)
        except StoreUnavailable as why:
            self._suspend(why)
            return
        if len(self._group) >= self._max_group:
            self._commit()
        elif len(self._group) == 1 and not self.actor_stopped.is_set():
            if self.mailbox.empty() and not more:
                self._commit()
            else:
                self.actor_ref.tell(Commit(self._groups))

    def _commit(self) -> None:
        self._groups += 1
        try:
            answers = self._group.commit()
        except StoreUnavailable as why:
            self._suspend(why)
            return
        if answers and self._said is not None:
            self.log.info("store.available")
            self._said = None
        for answer in answers:
            answer()
        self._publish()

    def _publish(self) -> None:
        try:
            self._subscriptions.publish(self._group.connection())
        except StoreUnavailable as why:
            self._suspend(why)

    def _suspend(self, why: StoreUnavailable) -> None:
        self._groups += 1
        if self._said != str(why):
            self.log.error("store.unavailable", reason=str(why))
        self._outage, self._said = why, str(why)
        for pending in self._group.abandon():
            self._set_aside(pending, why)
        if not self.actor_stopped.is_set():
            self.start_timer("try_again", self._retry_after, TryAgain())

    def _set_aside(self, pending: QueuedWrite, why: StoreUnavailable) -> None:
        is_fact = not isinstance(pending.write, Work)
        if is_fact and len(self._held) < self._hold_limit:
            self._held.append(pending)
            return
        if is_fact:
            self.log.error("store.fact_refused", kind=type(pending.write).__name__, held=len(self._held))
        pending.reply_to.refuse(StoreUnavailable(str(why), self._retry_after))

    def _try_again(self) -> None:
        was_out, self._outage = self._outage, None
        held, self._held = self._held, deque()
        for pending in held:
            self._take(pending, more=True)
        if was_out is not None and self._outage is None and not len(self._group):
            self._publish()  # Publish the events that a crash after their commit left unpublished.


def database_errors() -> tuple[type[Exception], ...]:
    """Return the errors of the database, for `except`."""
    return SQLAlchemyError, sqlite3.Error, *postgresql.errors()


Settle = Callable[[], None]
"""Sends one asker its answer."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QueuedWrite:
    """A write and its asker."""

    write: Write[Any]
    reply_to: ReplyTo


class GroupCommit:
    """The open transaction of one writer."""

    def __init__(self, engine: Engine, carry_out: CarryOut) -> None:
        self._engine = engine
        self._run = carry_out
        self._connection: Connection | None = None
        self._pending: list[QueuedWrite] = []
        self._settle: list[Settle] = []

    def __len__(self) -> int:
        """Return the number of writes that wait for the commit."""
        return len(self._pending)

    def apply(self, pending: QueuedWrite) -> None:
        """Apply one write in the open transaction; the first one opens it. Raises StoreUnavailable."""
        self._pending.append(pending)
        with faults():
            self._settle.append(self._carry_out(self._transaction(), pending))

    def commit(self) -> list[Settle]:
        """Commit the group; call the returned functions, in order, to send the answers. Raises StoreUnavailable."""
        if self._connection is not None and self._connection.in_transaction():
            with faults():
                self._connection.commit()
        settle, self._settle = self._settle, []
        self._pending.clear()
        return settle

    def abandon(self) -> list[QueuedWrite]:
        """Undo the group, drop the connection, and return the writes that waited."""
        self.close()
        pending, self._pending = self._pending, []
        self._settle.clear()
        return pending

    def close(self) -> None:
        """Close the connection, undoing uncommitted writes."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # A broken connection cannot be closed cleanly; it is dropped all the same.
            with suppress(*database_errors()):
                connection.close()

    def connection(self) -> Connection:
        """Return the connection, opened if needed. Raises StoreUnavailable."""
        if self._connection is None:
            with faults():
                self._connection = self._engine.connect()
        return self._connection

    def _transaction(self) -> Connection:
        connection = self.connection()
        if not connection.in_transaction():
            connection.begin()
        return connection

    def _carry_out(self, connection: Connection, pending: QueuedWrite) -> Settle:
        connection.exec_driver_sql("SAVEPOINT one")
        try:
            answer = self._run(connection, pending.write)
        except Exception as error:  # noqa: BLE001 - one bad write must not fail its neighbours
            refusal = self._refusal(pending.write, error)
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
            connection.exec_driver_sql("RELEASE SAVEPOINT one")
            return partial(pending.reply_to.refuse, refusal)
        connection.exec_driver_sql("RELEASE SAVEPOINT one")
        return partial(pending.reply_to.answer, answer)

    def _refusal(self, write: Write[Any], error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if as_unavailable(error) is not None:
            raise error
        _log.error("store.write_failed", write=type(write).__name__, exc_info=error)
        return WriteFailed(f"{type(write).__name__} could not be written: {type(error).__name__}")


@contextmanager
def faults() -> Iterator[None]:
    """Turn errors that mean the database is unusable into StoreUnavailable, and let the others pass."""
    try:
        yield
    except database_errors() as error:
        if (unavailable := as_unavailable(error)) is not None:
            raise unavailable from error
        raise


Subscriber = Callable[[tuple[Event, ...]], None]
"""Takes events, oldest first.

Called in the writer's thread, so it only sends messages. If it raises, it is not called again.
"""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Call `subscriber` with every event from now on.

    Answers the position of the newest earlier event: read up to there, and no event falls between.
    """

    subscriber: Subscriber


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Stop calling `subscriber`. Answers None; an unknown subscriber is no error."""

    subscriber: Subscriber


class Subscriptions:
    """The subscribers, and the position up to which they have events."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._told = 0

    def start_at(self, connection: Connection) -> None:
        """Publish only events from now on. Raises StoreUnavailable."""
        with faults(), connection.begin():
            self._told = GetEventRange().run(connection).newest

    def add(self, subscriber: Subscriber) -> int:
        """Add a subscriber; return the position up to which it gets no events."""
        self._subscribers.append(subscriber)
        return self._told

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)

    def publish(self, connection: Connection) -> None:
        """Publish new events. Call after a commit, outside a transaction. Raises StoreUnavailable."""
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
            _log.error("store.subscriber_dropped", exc_info=error)
            self.remove(subscriber)
