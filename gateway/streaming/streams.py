"""Every stream there is, over one feed: opened here, and ended together when the service ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from actors.clients.errors import ShuttingDown
from gateway.streaming.feed import Feed, Wanted
from gateway.streaming.stream import Bounds, Stream, Why

if TYPE_CHECKING:
    from starlette.types import Receive

    from actors.store.store import Store
    from config.settings import Settings


class Streams:
    """Belongs to one event loop."""

    def __init__(self, store: Callable[[], Store], bounds: Bounds) -> None:
        self._store, self._bounds = store, bounds
        self._feed = Feed(store)
        self._open: set[Stream] = set()
        self._ended = False

    @classmethod
    def of(cls, store: Callable[[], Store], settings: Settings) -> Self:
        """As the settings say."""
        return cls(store, Bounds(settings.stream_heartbeat, settings.stream_buffer))

    def __len__(self) -> int:
        """How many readers there are."""
        return len(self._open)

    @asynccontextmanager
    async def open(self, wanted: Wanted, position: int | None = None, **bounds: Any) -> AsyncIterator[Stream]:
        """A stream of what happens after `position`, or from now on. `bounds` differ from those of the others.

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
        """Somebody may no longer be told: end the streams of whoever that is, at once."""
        for stream in self._open:
            stream.look_again()

    def end(self) -> None:
        """Tell every reader that the service ends, and when to come again; take no new ones."""
        self._ended = True
        for stream in self._open:
            stream.end(Why.ENDING)


@asynccontextmanager
async def heeding(receive: Receive, stream: Stream) -> AsyncIterator[None]:
    """End the stream when its reader goes. What a reader sends meanwhile means nothing."""
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
