"""A webhook receiver on 127.0.0.1 that behaves as a test says, down to the bytes.

Rule of this file: one thread with one loop. A behaviour is a coroutine function that takes a request and returns the
raw answer, or writes it itself; None hangs until the receiver closes.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

Behaviour = Callable[["Request", asyncio.StreamWriter], Awaitable[bytes | None]]
PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["x-webhook-request-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)


def answer(status: int = 200, body: bytes = b"ok", **headers: str) -> bytes:
    """A whole answer."""
    given = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    cursors = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(cursors).encode() + body


def always(raw: bytes | None) -> Behaviour:
    """Answer everything alike."""

    async def behave(_request: Request, _writer: asyncio.StreamWriter) -> bytes | None:
        return raw

    return behave


def choose(pick: Callable[[Request], bytes | None]) -> Behaviour:
    """Answer as a plain function says."""

    async def behave(request: Request, _writer: asyncio.StreamWriter) -> bytes | None:
        return pick(request)

    return behave


class Receiver:
    """A context manager. `behaviour` may be changed at any time."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or always(answer())
        self._requests: list[Request] = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="receiver")
        self._never = asyncio.Event()
        """Held here: a task that waits for what nobody holds is garbage once its peer is gone, and complains of it."""
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def requests(self) -> list[Request]:
        with self._changed:
            return list(self._requests)

    def events(self) -> list[Any]:
        """The events that arrived, each once, in the order of their first arrival."""
        return list({request.id: request.event for request in self.requests}.values())

    def wait(self, enough: Callable[[list[Request]], bool] | int, *, timeout: float = PATIENCE) -> list[Request]:
        """The requests, once there are so many, or enough of them."""
        until = enough if callable(enough) else lambda requests: len(requests) >= enough
        deadline = time.monotonic() + timeout
        with self._changed:
            while not until(self._requests):
                left = deadline - time.monotonic()
                assert left > 0, f"only {len(self._requests)} requests came within {timeout} s"
                self._changed.wait(left)
            return list(self._requests)

    # In the receiver's thread.

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (cursor.partition(": ") for cursor in head[1:] if cursor)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(head[0].split()[1], headers, body)
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
        raw = await self.behaviour(request, writer)
        if raw is None:
            await self._never.wait()
            return False
        writer.write(raw)
        await writer.drain()
        return True
