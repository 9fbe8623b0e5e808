"""The store: its writer and its reader, each an actor, behind one `ask`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pykka import ActorDeadError, ActorRef
from sqlalchemy import Connection
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_exponential

from actors.runtime import SYSTEM_CLOCK, Actor, Clock, Refusal, Reply, Watcher, stop
from actors.store.database import Database, prepare_file
from actors.store.errors import ReadFailed, StoreUnavailable
from actors.store.origin import take_origin
from actors.store.requests import CarryOut, Read, Write, carry_out
from actors.store.schema import migrate
from actors.store.writer import GetOutage, Subscribe, Subscriber, Writer, database_errors, faults

Answer = TypeVar("Answer")

_CONNECTING = 30.0


@dataclass(frozen=True, slots=True)
class Store:
    """The two actors of the store. Every method may be called from any thread."""

    writer: ActorRef[Writer]
    reader: ActorRef[Reader]

    def ask(self, message: Write[Answer] | Read[Answer]) -> Reply[Answer]:
        """Ask without waiting; `get(timeout=…)` the reply in a thread, `await reply.wait(timeout)` it in an event loop.

        The reply raises StoreUnavailable, WriteFailed, MailboxFull or the message's own refusals, ActorDeadError once
        the store is closed.
        """
        actor = self.writer if isinstance(message, Write) else self.reader
        return cast(Reply[Answer], actor.ask(message, block=False))

    def tell(self, message: Write[Any]) -> None:
        """Write a fact without waiting; use `ask` to know that it is on disk.

        Raises ActorDeadError once the store is closed.
        """
        self.writer.tell(message)

    def order(self, message: Write[Answer] | Read[Answer], then: Callable[[Answer | Exception], None]) -> None:
        """Ask, and call `then` with the answer, or with the Refusal or ActorDeadError instead.

        For actors, which must not wait: `then` runs in the store's thread, so it only sends messages. It must not
        raise.
        """
        reply = self.ask(message)
        reply.add_callback(lambda: then(_outcome(reply)))

    def subscribe(self, subscriber: Subscriber) -> Reply[int]:
        """Call `subscriber`, in the writer's thread, with every event from now on, once it is on disk.

        The reply is the position of the newest earlier event: read up to there, and nothing is missed.
        """
        return cast("Reply[int]", self.writer.ask(Subscribe(subscriber), block=False))

    def outage(self) -> Reply[str | None]:
        """Return the reason why nothing can be written now; None if no outage is known."""
        return cast("Reply[str | None]", self.writer.ask(GetOutage(), block=False))

    async def stop(self, *, timeout: float) -> None:
        """Commit waiting writes, close the connections, end both actors.

        Raises pykka.Timeout after `timeout` seconds each.
        """
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
    origin: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
    watcher: Watcher | None = None,
    **writer: Any,
) -> Store:
    """Create or upgrade the database in the calling thread, then start the store's actors, both watched by `watcher`.

    `alone` as in `Database.writing`. `origin`: the WhatsApp that it is used with from now on. `writer` are the options
    of Writer. Raises StoreTooNew, OtherOrigin, StoreUnavailable, OSError.
    """
    prepare_file(database)
    with faults(), database.writing(alone=alone).begin() as connection:
        migrate(connection)
        if origin is not None:
            take_origin(connection, origin)
    options = {"clock": clock, "watcher": watcher}
    store = Store(
        Writer.start(database, name="store-writer", alone=alone, **options, **writer),
        Reader.start(database, name="store-reader", **options),
    )
    if alone:
        _await_connection(store)
    return store


def _await_connection(store: Store) -> None:
    """Wait for the writer's connection, which excludes other services.

    Raises StoreUnavailable if another was faster.
    """
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


class Reader(Actor):
    """An actor that reads on a connection of its own that cannot write. Answers Read messages.

    A read that finds the connection broken is tried again on a new one, at most three times within a second. After
    that, and for `retry_after` seconds, all are refused StoreUnavailable at once. A read that fails for another reason
    is its asker's own: ReadFailed.
    """

    def __init__(self, database: Database, *, retry_after: float = 1.0, carry_out: CarryOut = carry_out) -> None:
        super().__init__()
        self._engine = database.reading()
        self._run = carry_out
        self._retry_after = retry_after
        self._connection: Connection | None = None
        self._outage: tuple[StoreUnavailable, float] | None = None
        self._attempts = Retrying(
            retry=retry_if_exception_type(StoreUnavailable),
            stop=stop_after_attempt(3) | stop_after_delay(1.0),
            wait=wait_exponential(multiplier=0.05),
            reraise=True,
        )

    def receive(self, message: object) -> object:
        match message:
            case Read():
                return self._answer(message)
            case _:
                return super().receive(message)

    def closed(self, cause: BaseException | None) -> None:
        self._disconnect()

    def _answer(self, message: Read[Any]) -> object:
        if self._outage is not None and self.now() < self._outage[1]:
            raise StoreUnavailable(str(self._outage[0]), self._retry_after)
        try:
            answer = self._attempts(self._read, message)
        except StoreUnavailable as why:
            self._outage = (why, self.now() + self._retry_after)
            raise
        self._outage = None
        return answer

    def _read(self, message: Read[Any]) -> object:
        try:
            with faults(), self._connected().begin():
                return self._run(self._connected(), message)
        except StoreUnavailable:
            self._disconnect()
            raise
        except Refusal:
            raise
        except Exception as error:  # a value that the database does not take, a row that is not as it should be
            self.log.error("store.read_failed", read=type(message).__name__, exc_info=error)
            self._disconnect()
            raise ReadFailed(f"{type(message).__name__} could not be read: {type(error).__name__}") from error

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*database_errors()):
                connection.close()
