"""One reader's stream by itself, in an event loop that a test holds up."""

from __future__ import annotations

import asyncio
import time

from actors.clients.types import ClientId
from actors.store.events import Event
from actors.store.store import Store
from gateway.streaming.feed import Feed, Wanted
from gateway.streaming.stream import Beat, Events, Part, Stream, StreamBounds

SILENCE = 0.05
"""Seconds after which a stream says that nothing has happened."""
EVENT = Event(1, "id", ClientId(1), 1, 0.0, "message", {})


def no_store() -> Store:
    raise AssertionError("nothing is read of the past")


async def told_where_the_loop_turns_late() -> list[Part]:
    """The first two parts of a stream whose silence is over in the turn of the loop in which the event comes."""
    feed = Feed(no_store)
    stream = Stream(feed, no_store, Wanted(), None, StreamBounds(SILENCE))
    with feed.listening(stream):
        parts = stream.parts()
        first = asyncio.ensure_future(anext(parts))
        await asyncio.sleep(0)  # it waits; what is due from here on is due after its silence
        asyncio.get_running_loop().call_later(SILENCE, feed._take, (EVENT,))
        time.sleep(SILENCE * 3)  # noqa: ASYNC251 - the loop is held up
        found = [await first, await anext(parts)]
        await parts.aclose()
    return found


def test_an_event_that_comes_as_the_silence_ends_is_told_and_not_passed_over() -> None:
    first, second = asyncio.run(told_where_the_loop_turns_late())
    assert isinstance(first, Events), first
    assert [told.position for told in first.events] == [EVENT.position]
    assert second == Beat(EVENT.position)
