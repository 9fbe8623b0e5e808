"""How long an event takes to reach a reader of GET /events, beside the floor: one SQLite commit, and a bare stream.

The floor commits one row (WAL, synchronous=FULL) and hands a line to a Starlette stream that does nothing else. Reader,
server and store share one process here, and one interpreter lock.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from gateway.server import listen
from tests.benchmarks.figures import Figure, Say
from tests.gateway.happening import happen
from tests.gateway.listening import Sse, Ws
from tests.gateway.running import PATIENCE, Running, until

EVENTS, BURST = 500, 10_000


def run(say: Say) -> list[Figure]:
    """Event to reader one at a time, p50 and p99, both kinds of stream; and events a second of a burst."""
    say(f"{EVENTS} commits told over a bare stream")
    floor = _floor(EVENTS)
    with tempfile.TemporaryDirectory() as directory, Running(Path(directory), stream_buffer=BURST) as service:
        say(f"{EVENTS} events, one at a time, as server-sent events")
        with Sse(service) as sse:
            sse.frame()
            by_sse = _latencies(EVENTS, lambda: happen(service, 1), lambda: sse.events(1))
        say(f"{EVENTS} events, one at a time, over a WebSocket")
        with Ws(service) as ws:
            until(lambda: len(service.streams), bool, "it is there")
            by_ws = _latencies(EVENTS, lambda: happen(service, 1), lambda: ws.events(1))
        say(f"{BURST} events from the store")
        rate = _replay(service)
    return [
        Figure("event to stream (SSE), p50", _percentile(by_sse, 50), "ms", _percentile(floor, 50)),
        Figure("event to stream (SSE), p99", _percentile(by_sse, 99), "ms", _percentile(floor, 99)),
        Figure("event to stream (WebSocket), p50", _percentile(by_ws, 50), "ms", _percentile(floor, 50)),
        Figure("event to stream (WebSocket), p99", _percentile(by_ws, 99), "ms", _percentile(floor, 99)),
        Figure("events caught up with", rate, "per second", more_is_better=True),
    ]


def _latencies(count: int, tell: Callable[[], object], hear: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        tell()
        hear()
        taken.append(time.perf_counter() - began)
    return taken


def _replay(service: Running) -> float:
    """Events a second that one reader gets who was away."""
    happen(service, BURST)
    began = time.perf_counter()
    with Sse(service, "?after=0") as stream:
        stream.events(BURST)
    return BURST / (time.perf_counter() - began)


def _floor(count: int) -> list[float]:
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(sqlite3.connect(Path(directory) / "floor.db", isolation_level=None)) as connection,
        _bare() as (service, tell),
        Sse(service) as stream,
    ):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, line BLOB)")
        stream.frame()

        def commit_and_tell() -> None:
            connection.execute("INSERT INTO floor (line) VALUES (?)", (_LINE,))
            tell()

        return _latencies(count, commit_and_tell, lambda: stream.events(1))


@contextmanager
def _bare() -> Iterator[tuple[Any, Callable[[], object]]]:
    """A stream that tells the same short line whenever it is told to from another thread."""
    loop, queue = asyncio.new_event_loop(), asyncio.Queue[bytes]()

    async def lines() -> AsyncIterator[bytes]:
        yield b"retry: 3000\n\n"
        while True:
            yield await queue.get()

    async def stream(_: Request) -> StreamingResponse:
        return StreamingResponse(lines(), media_type="text/event-stream")

    config = uvicorn.Config(
        Starlette(routes=[Route("/events", stream)]),
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with listen("127.0.0.1", 0) as listener:
        where = listener.getsockname()
        serving = threading.Thread(target=lambda: loop.run_until_complete(server.serve(sockets=[listener])))
        serving.start()
        until(lambda: server.started, bool, "the bare server has started")
        try:
            yield _At(where), lambda: loop.call_soon_threadsafe(queue.put_nowait, _LINE)
        finally:
            server.should_exit = True
            serving.join(PATIENCE)
            loop.close()


class _At:
    """What a reader needs of a service."""

    def __init__(self, where: tuple[str, int]) -> None:
        self.where = where


_LINE = b'id: 1\ndata: {"id":"' + b"0" * 26 + b'","type":"message","payload":{"text":"' + b"x" * 100 + b'"}}\n\n'


def _percentile(seconds: list[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100)[percent - 1] * 1000
