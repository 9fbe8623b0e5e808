"""The carriers of a stream: server-sent events, or a WebSocket. Both carry the same data.

An event has the form of a webhook's body, with its position. A stream has three more kinds of message: `gap`,
`position`, `end`. As server-sent events, `gap` and `end` are names of events, and a position is an id.

Formats: https://html.spec.whatwg.org/multipage/server-sent-events.html, RFC 6455 section 7.4 for codes of a closure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import structlog
from starlette.responses import Response

from gateway.http import NO_STORE
from gateway.streaming.stream import Beat, End, Events, Part, Why, heeding

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from gateway.streaming.feed import Wanted
    from gateway.streaming.stream import Stream, Streams

RETRY_SECONDS = 3
"""The seconds after which a browser reconnects if the connection broke."""
_HEADERS = {
    **NO_STORE,
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",  # nginx would keep events until its buffer is full
}
_CLOSURES = {Why.SLOW: 1013, Why.ENDING: 1012, Why.KEY: 1008, Why.STORE: 1013, Why.GONE: 1000}

_log = structlog.get_logger("streams")


class Reading:
    """A request for a stream: its events, its position, and whether its reader is still authorised."""

    def __init__(
        self, streams: Streams, wanted: Wanted, after: int | None, valid: Callable[[], bool], key: str
    ) -> None:
        self._streams, self._wanted, self._after, self._valid = streams, wanted, after, valid
        self._key = key

    async def send(self, receive: Receive, begin: Callable[[], Any], send: Callable[[Part], Any], kind: str) -> None:
        """Send all parts of the stream, until its end. Before the first part it raises as `Streams.open` does."""
        began, count, why = time.monotonic(), 0, Why.GONE
        async with self._streams.open(self._wanted, self._after) as stream:
            try:
                with suppress(OSError):  # uvicorn raises it if the reader is gone
                    await begin()
                    async with heeding(receive, stream), aclosing(stream.parts(self._valid)) as parts:
                        async for part in parts:
                            count += len(part.events) if isinstance(part, Events) else 0
                            why = part.why if isinstance(part, End) else why
                            await send(part)
            finally:
                _log_end(kind, self._key, why, count, stream, time.monotonic() - began)


class EventStream(Response):
    """A stream as server-sent events."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._reading = reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def begin() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await body(f"retry: {RETRY_SECONDS * 1000}\n\n".encode())

        async def body(data: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        async def carry(part: Part) -> None:
            data = "".join(_frames(part)).encode("ascii")
            if data or isinstance(part, End):
                await body(data, not isinstance(part, End))

        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._reading.send(receive, begin, carry, "sse")


async def over_websocket(reading: Reading, receive: Receive, send: Send) -> None:
    """Send a stream as messages of a WebSocket, each a JSON object."""

    async def begin() -> None:
        await send({"type": "websocket.accept"})

    async def carry(part: Part) -> None:
        for text in _messages(part):
            await send({"type": "websocket.send", "text": text})
        if isinstance(part, End):
            await send({"type": "websocket.close", "code": _CLOSURES[part.why], "reason": part.why.code})

    await reading.send(receive, begin, carry, "websocket")


def _frames(part: Part) -> Iterator[str]:
    """Return a part as server-sent events. An id without data moves the place to resume from, and is no event."""
    match part:
        case Events():
            if part.gap is not None:
                yield f"event: gap\nid: {part.gap.resumed}\ndata: {gap_of(part)}\n\n"
            for told in part.events:
                yield f"id: {told.position}\ndata: {told.text}\n\n"
        case Beat():
            yield f": heartbeat\nid: {part.position}\n\n"
        case End():
            retry = "" if part.why.retry is None else f"retry: {part.why.retry * 1000}\n"
            yield f"event: end\nid: {part.position}\n{retry}data: {_end_of(part)}\n\n"


def _messages(part: Part) -> Iterator[str]:
    match part:
        case Events():
            if part.gap is not None:
                yield gap_of(part)
            for told in part.events:
                yield told.text
        case Beat():
            yield json.dumps({"type": "position", "position": part.position})
        case End():
            yield _end_of(part)


def gap_of(part: Events) -> str:
    """Return the message about a gap."""
    assert part.gap is not None
    message = "Events after `after` are not kept any more: some may be lost to this reader"
    return json.dumps(
        {"type": "gap", "after": part.gap.after, "position": part.gap.resumed, "message": message},
        separators=(",", ":"),
    )


def _end_of(part: End) -> str:
    told = {
        "type": "end",
        "code": part.why.code,
        "message": part.why.sentence,
        "position": part.position,
        "retry_after_seconds": part.why.retry,
    }
    return json.dumps(told, separators=(",", ":"))


def _log_end(kind: str, key: str, why: Why, count: int, stream: Stream, seconds: float) -> None:
    level = 30 if why in (Why.SLOW, Why.STORE) else 20
    _log.log(
        level,
        "stream.ended",
        kind=kind,
        why=why.code,
        events=count,
        position=stream.position,
        seconds=round(seconds, 3),
        key=key or None,
    )
