"""The pipe to one Chromium: whole messages, each ended by NUL, over one end of a socket pair. On the loop only.

Chromium reads file descriptor 3 and writes file descriptor 4 (`--remote-debugging-pipe`). Both are the other end of the
pair, which no other process has: nothing listens, and nobody else can speak to it. Its end of file is Chromium's end,
and ours is an order to it to exit (seen with 156, both builds).

A socket, not a pipe: Chromium stops its reading thread with `shutdown`, which a pipe does not know.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

LARGEST = 64 * 2**20
"""The bytes of the largest message taken, and of all that may wait until Chromium reads. Chromium takes 100 MiB."""

_log = structlog.get_logger("browser")


class PipeError(ConnectionError):
    """The message was not sent: the pipe is closed, or Chromium does not read."""


class Pipe(asyncio.Protocol):
    """`hear` is called with each message that came, without its NUL. It must not raise.

    Chromium waits for us by itself: as long as a message is being heard, nothing more is read.
    """

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when nothing can be received any more."""

    async def open(self, ours: socket.socket) -> None:
        """Begin. From now on the socket is the pipe's. Raises OSError."""
        await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)

    def send(self, message: bytes) -> None:
        """Send a message now, or as soon as Chromium reads. Raises PipeError."""
        if self._transport is None or self._transport.is_closing():
            raise PipeError("The connection to Chromium is closed")
        waiting = self._transport.get_write_buffer_size() + len(message)
        if waiting > LARGEST:
            raise PipeError(f"Chromium does not read: {waiting} bytes would wait, the limit is {LARGEST}")
        self._transport.write(message + b"\0")

    def close(self) -> None:
        """Close it now; what waits is not sent."""
        if self._transport is not None:
            self._transport.abort()
        else:
            self.connection_lost(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.ended.done():  # closed while it was being opened
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take the next bytes, of any number of messages."""
        *ends, rest = data.split(b"\0")
        for end in ends:
            self._keep(end)
            whole, size = b"".join(self._parts), self._size
            self._parts, self._size = [], 0
            if size <= LARGEST:
                self._hear(whole)
            else:
                _log.warning("browser.message_too_large", bytes=size, limit=LARGEST)
        self._keep(rest)

    def _keep(self, part: bytes) -> None:
        """Keep a part of a message, of which nothing is kept once it is too large."""
        self._size += len(part)
        if self._size > LARGEST:
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def connection_lost(self, error: Exception | None) -> None:
        """Record the end. A Chromium that dies with unread messages resets the connection: that is an end like any."""
        self._parts.clear()
        if not self.ended.done():
            self.ended.set_result(None)
