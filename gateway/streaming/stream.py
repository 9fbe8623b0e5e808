"""The streams of events: each reader first gets the events it missed, from the store, then those that happen.

* No event is left out or sent twice: events during the reading of a page wait in the buffer, without those that the
  page had already.
* The buffer is bounded, in events and in bytes. A reader that is too slow for it is cut off, with the position to
  resume from. While it catches up it cannot be too slow: pages wait for it.
* The end of a stream is its last part, so the reader knows if, when and from where to reconnect.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from pykka import ActorDeadError, Timeout

from actors.clients.errors import ShuttingDown
from actors.clients.types import Seconds
from actors.runtime import MailboxFull
from actors.store.errors import StoreUnavailable
from actors.store.event_pages import EventPage, Gap, ReadPage
from actors.store.store import Store
from gateway.service.bridge import STORE_SECONDS
from gateway.streaming.feed import Feed, Told, Wanted

if TYPE_CHECKING:
    from starlette.types import Receive

    from actors.clients.registry.registry import ClientRegistry
    from actors.settings import Settings
    from actors.store.store import Store


BUFFER_BYTES = 8 * 1024 * 1024
"""The bytes that a reader may fall behind."""
BATCH_BYTES = 128 * 1024
"""The bytes sent at once."""


class Why(Enum):
    """The reason of a stream's end: a code, a sentence, and the seconds until a new attempt (None: no attempt)."""

    GONE = ("GONE", "The reader has gone", None)
    SLOW = ("SLOW_READER", "The reader is too far behind: resume after the position", 1)
    ENDING = ("SHUTTING_DOWN", "The service is shutting down: resume after the position", 5)
    KEY = ("UNAUTHORIZED", "The key is not valid any more, or the session has ended", None)
    STORE = ("STORE_UNAVAILABLE", "The store cannot be read: resume after the position", 5)

    def __init__(self, code: str, sentence: str, retry: int | None) -> None:
        self.code, self.sentence, self.retry = code, sentence, retry


@dataclass(frozen=True, slots=True)
class Events:
    """Some events, oldest first; with them, all matching events up to `position` are sent. A gap comes before them."""

    events: tuple[Told, ...]
    position: int
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat: no matching event for a while, and everything up to `position` is sent."""

    position: int


@dataclass(frozen=True, slots=True)
class End:
    """The last part."""

    why: Why
    position: int


Part = Events | Beat | End


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """The limits of a reader's buffer, of its silence, and of the events in a page."""

    heartbeat: Seconds = 15.0
    events: int = 5000
    size: int = BUFFER_BYTES
    page: int = 200


class Stream:
    """Parts for one reader, after `position`, or from now on. Made by `gateway.streaming.streams.Streams.open`."""

    def __init__(
        self, feed: Feed, store: Callable[[], Store], wanted: Wanted, position: int | None, bounds: StreamBounds
    ) -> None:
        self._feed, self._store, self._bounds = feed, store, bounds
        self.wanted = wanted
        self.position = feed.position if position is None else position
        self._behind = position is not None
        self._buffer: deque[Told] = deque()
        self._size = 0
        self._overrun = False
        self._end: Why | None = None
        self._changed = asyncio.Event()

    def offer(self, told: Told) -> None:
        """Take the newest event, or record that there is no room for it."""
        self._buffer.append(told)
        self._size += len(told.text)
        if len(self._buffer) > self._bounds.events or self._size > self._bounds.size:
            self._empty()
            self._overrun = True
        self._changed.set()

    def end(self, why: Why) -> None:
        """Make this the last part; only the first reason counts."""
        self._end = self._end or why
        self.look_again()

    def look_again(self) -> None:
        """Check now if the reader is still authorised, not only before the next part."""
        self._changed.set()

    async def parts(self, valid: Callable[[], bool] = lambda: True) -> AsyncGenerator[Part, None]:
        """Return the parts to send, in order, until its end. `valid`: True while the reader is authorised."""
        while True:
            if self._end is None and not valid():
                self.end(Why.KEY)
            if self._end is None and self._behind:
                yield await self._catch_up()
                self._behind |= self._overrun  # it may have overrun while the page was being sent
            elif self._end is None and self._overrun:
                self.end(Why.SLOW)
            elif self._end is not None:
                yield End(self._end, self.position)
                return
            elif self._buffer:
                yield self._take()
            elif not await self._happens():
                self.position = max(self.position, self._feed.position)
                yield Beat(self.position)

    async def _catch_up(self) -> Events:
        """Return the next page. Later events are buffered, and follow the last page."""
        self._empty()
        self._overrun = False
        try:
            page = await self._page()
        except (StoreUnavailable, ActorDeadError, MailboxFull, Timeout):
            self.end(Why.STORE)
            return Events((), self.position)
        self.position, self._behind = page.read_to, page.more
        return Events(tuple(map(self._feed.told, page.events)), page.read_to, page.gap)

    async def _page(self) -> EventPage:
        question = ReadPage(self.position, self.wanted.clients, self.wanted.patterns, self._bounds.page)
        return await self._store().ask(question).wait(STORE_SECONDS)

    def _take(self) -> Events:
        """Take the next events from the buffer, at most one part of them, without those that a page had already."""
        taken: list[Told] = []
        size = 0
        while self._buffer and size < BATCH_BYTES:
            told = self._buffer.popleft()
            self._size -= len(told.text)
            if told.position > self.position:
                taken.append(told)
                size += len(told.text)
                self.position = told.position
        if not self._buffer:
            self.position = max(self.position, self._feed.position)
        return Events(tuple(taken), self.position)

    async def _happens(self) -> bool:
        """Wait for an event, or the end. Return False if there was nothing for `silence` seconds."""
        self._changed.clear()
        try:
            async with asyncio.timeout(self._bounds.heartbeat):
                await self._changed.wait()
        except TimeoutError:
            # Events between the end of the time and this turn of the loop count too.
            return self._changed.is_set()
        return True

    def _empty(self) -> None:
        self._buffer.clear()
        self._size = 0


class Streams:
    """All streams. Belongs to one event loop."""

    def __init__(
        self, store: Callable[[], Store], bounds: StreamBounds, registry: ClientRegistry | None = None
    ) -> None:
        self._store, self._bounds = store, bounds
        self._feed = Feed(store, registry)
        self._open: set[Stream] = set()
        self._ended = False

    @classmethod
    def of(cls, store: Callable[[], Store], settings: Settings, registry: ClientRegistry | None = None) -> Self:
        """Return the streams with the bounds of the settings."""
        return cls(store, StreamBounds(settings.stream_heartbeat, settings.stream_buffer), registry)

    def __len__(self) -> int:
        """Return the number of readers."""
        return len(self._open)

    @asynccontextmanager
    async def open(self, wanted: Wanted, position: int | None = None, **bounds: Any) -> AsyncIterator[Stream]:
        """Return a stream of the events after `position`, or from now on. `bounds` replace those of the settings.

        Raises Starting, ShuttingDown, MailboxFull, pykka.Timeout.
        """
        await self._feed.begin()
        if self._ended:
            raise ShuttingDown
        stream = Stream(self._feed, self._store, wanted, position, replace(self._bounds, **bounds))
        with self._feed.listening(stream):
            self._open.add(stream)
            try:
                yield stream
            finally:
                self._open.discard(stream)

    def look_again(self) -> None:
        """End the streams of readers that are no longer authorised, at once."""
        for stream in self._open:
            stream.look_again()

    def end(self) -> None:
        """End all streams because the service ends, and refuse new ones."""
        self._ended = True
        for stream in self._open:
            stream.end(Why.ENDING)


@asynccontextmanager
async def heeding(receive: Receive, stream: Stream) -> AsyncIterator[None]:
    """End the stream when its reader disconnects. Messages from the reader are ignored."""
    watching = asyncio.ensure_future(_gone(receive, stream))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _gone(receive: Receive, stream: Stream) -> None:
    while not (await receive())["type"].endswith(".disconnect"):
        pass
    stream.end(Why.GONE)
