"""Opens the store, and hands its messages to the actor they are for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pykka import ActorDeadError, ActorRef

from actors.runtime import SYSTEM_CLOCK, Clock, Refusal, Reply, Watcher, stop
from actors.store.database import Database, prepare_file
from actors.store.errors import StoreUnavailable
from actors.store.group_commit import faults
from actors.store.message import Read, Write
from actors.store.migrate import migrate
from actors.store.reader import Reader
from actors.store.subscriptions import Subscribe, Subscriber, Unsubscribe
from actors.store.writer import GetOutage, Writer

Answer = TypeVar("Answer")

_CONNECTING = 30.0


@dataclass(frozen=True, slots=True)
class Store:
    """The two actors of the store. Every method may be called from any thread."""

    writer: ActorRef[Writer]
    reader: ActorRef[Reader]

    def ask(self, message: Write[Answer] | Read[Answer]) -> Reply[Answer]:
        """Ask without waiting; `get(timeout=…)` the reply in a thread, `await reply.wait(timeout)` it in an event loop.

        The reply raises StoreUnavailable, WriteFailed, MailboxFull or what the message says it refuses, ActorDeadError
        once the store is closed.
        """
        actor = self.writer if isinstance(message, Write) else self.reader
        return cast(Reply[Answer], actor.ask(message, block=False))

    def tell(self, message: Write[Any]) -> None:
        """Have a fact written; whoever must know that it is on disk asks. Raises ActorDeadError once the store is
        closed."""
        self.writer.tell(message)

    def order(self, message: Write[Answer] | Read[Answer], then: Callable[[Answer | Exception], None]) -> None:
        """Ask, and have `then` called with the answer, or with the Refusal or ActorDeadError that came instead.

        For actors, which must not wait: `then` runs in the store's thread, so it only tells. It must not raise.
        """
        reply = self.ask(message)
        reply.add_callback(lambda: then(_outcome(reply)))

    def subscribe(self, subscriber: Subscriber) -> Reply[int]:
        """Have `subscriber` called, in the writer's thread, with every event from now on, once it is on disk.

        The reply is the position of the newest event before: read up to there, be told from there on, miss nothing.
        """
        return cast("Reply[int]", self.writer.ask(Subscribe(subscriber), block=False))

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Have `subscriber` called no more, or only until the writer gets to this. Never raises."""
        with suppress(ActorDeadError):
            self.writer.tell(Unsubscribe(subscriber))

    def outage(self) -> Reply[str | None]:
        """Ask why nothing can be written now; None where that is not known to be so."""
        return cast("Reply[str | None]", self.writer.ask(GetOutage(), block=False))

    async def stop(self, *, timeout: float) -> None:
        """Commit what waits, close the connections, end both actors. Raises pykka.Timeout after `timeout` seconds
        each."""
        await stop(self.writer, timeout=timeout)
        await stop(self.reader, timeout=timeout)

    def close(self, *, timeout: float) -> None:
        """`stop` for threads."""
        self.writer.stop(timeout=timeout)
        self.reader.stop(timeout=timeout)


def open_store(
    database: Database,
    *,
    alone: bool = False,
    clock: Clock = SYSTEM_CLOCK,
    watcher: Watcher | None = None,
    **writer: Any,
) -> Store:
    """Make or upgrade the database in the calling thread, then start the store's actors, both watched by `watcher`.

    `alone` as in `Database.writing`. `writer` are the options of Writer. Raises StoreTooNew, StoreUnavailable, OSError.
    """
    prepare_file(database)
    with faults(), database.writing(alone=alone).begin() as connection:
        migrate(connection)
    options = {"clock": clock, "watcher": watcher}
    store = Store(
        Writer.start(database, name="store-writer", alone=alone, **options, **writer),
        Reader.start(database, name="store-reader", **options),
    )
    if alone:
        _await_connection(store)
    return store


def _await_connection(store: Store) -> None:
    """From here on nobody else is let in. Raises StoreUnavailable where somebody was quicker."""
    try:
        store.outage().get(timeout=_CONNECTING)
    except ActorDeadError as error:
        store.reader.stop(timeout=_CONNECTING)
        raise StoreUnavailable("Another service has begun to use this database") from error


def _outcome(reply: Reply[Any]) -> Any:
    try:
        return reply.get(timeout=0)
    except (Refusal, ActorDeadError) as error:
        return error
