"""The bounds of connections: their number, their slowness, their size, and answers that nobody reads.

A connection stands between its socket and uvicorn's protocol: to the socket it is the protocol, to uvicorn's protocol
the transport. It passes requests on once they are checked (`framing`), so a request is refused in the contract's shape,
in its turn, and a caller's next request waits until the one before it is answered.

Once a connection is a WebSocket, its bytes pass in small pieces, and none while its caller leaves answers unread.

Everything runs on the server's event loop. Deadlines are looked at together, a few times in the shortest of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from actors.capacity import connections_allowed, is_out_of_files, open_files
from gateway.security.framing import END, Framing, may_begin, refusal
from gateway.security.shares import Share, Shares, proxies_of, refused, share_of

if TYPE_CHECKING:
    import logging
    from ipaddress import IPv4Network, IPv6Network

    from starlette.types import ASGIApp, Receive, Scope, Send

    from actors.clients.types import Seconds
    from actors.settings import Settings


_AFTER_BODY: Seconds = 5.0
"""The extra time beyond `body_timeout` for a body: a handler that reads it answers 408 before."""
_LONGEST_LOOK: Seconds = 1.0
"""The most time between two looks at the deadlines."""
_BETWEEN_REPORTS: Seconds = 10.0
"""The least time between two lines about refused connections, and between two about files that cannot be opened."""
_PIECE = 4096
"""The bytes of a WebSocket that are read at a time: a caller's pings make our pongs."""
_MOST_FRAMES = 1000
"""The most frames of one WebSocket message."""
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What uvicorn writes before the answer to those who wait with their body."""

_log = structlog.get_logger("http")

CONNECTION = "session_manager.connection"
"""The key of a request's connection in the state of the ASGI scope."""


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """The limits of one caller's connections. Durations in seconds, sizes in bytes."""

    connections: int
    each: int
    """The most connections of one address, and of one key."""
    proxies: tuple[IPv4Network | IPv6Network, ...]
    """The addresses whose connections are those of many callers."""
    head_size: int
    head: Seconds
    body: Seconds
    idle: Seconds
    write: Seconds


def bounds_of(settings: Settings) -> ConnectionBounds:
    """Return the limits in the settings."""
    files = open_files()
    connections = connections_allowed(settings.max_connections, files)
    each = share_of(settings)
    short = connections < settings.max_connections
    _log.log(30 if short else 20, "service.connections", limit=connections, each_address=each, open_files=files)
    return ConnectionBounds(
        connections=connections,
        each=each,
        proxies=proxies_of(settings),
        head_size=settings.max_header_size,
        head=settings.header_timeout,
        body=settings.body_timeout,
        idle=settings.keep_alive,
        write=settings.write_timeout,
    )


class Waiting(Enum):
    """What a connection waits for."""

    HEAD = auto()
    """The first line and the headers: the first ones, or the rest of some."""
    BODY = auto()
    ANSWER = auto()
    """Our own answer to a whole request."""
    REQUEST = auto()
    """Another request: the one before is answered."""
    FRAMES = auto()
    """Messages of a WebSocket."""


class Connections:
    """The open connections of one server."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self.bounds = bounds
        self._shares = Shares(bounds.each, bounds.proxies)
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def protocol(self, **of_uvicorn: Any) -> asyncio.Protocol:
        """Return the protocol of a new connection: uvicorn's option `http`."""
        return Connection(self, of_uvicorn)

    def enter(self, connection: Connection, peer: Any) -> Share | None:
        """Take a connection in; return its share of all, or None if there is no room for it: then it is to close."""
        self._open.add(connection)
        share = self._shares.share(peer) if len(self._open) <= self.bounds.connections else None
        if share is None:
            self._shares.refused += 1
        return share

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)

    async def watch(self) -> None:
        """Hold all connections to their deadlines, for ever."""
        bounds, loop, shares = self.bounds, asyncio.get_running_loop(), self._shares
        look = min(_LONGEST_LOOK, min(bounds.head, bounds.body, bounds.idle, bounds.write) / 5)
        told = short_told = loop.time() - _BETWEEN_REPORTS
        while True:
            await asyncio.sleep(look)
            now = loop.time()
            if shares.refused and now - told >= _BETWEEN_REPORTS:
                _log.warning("http.connections_refused", count=shares.refused, open=len(self._open))
                shares.refused, told = 0, now
            if now - short_told >= _BETWEEN_REPORTS and is_out_of_files():
                _log.warning("http.out_of_files", open=len(self._open), open_files=open_files())
                short_told = now
            for connection in list(self._open):
                connection.look(now)

    def cut_off(self) -> None:
        """Close all connections at once, whatever is unread."""
        for connection in list(self._open):
            connection.abort()


class Connection(asyncio.Protocol, asyncio.Transport):
    """One connection: the protocol of its socket, and the transport of uvicorn's protocol."""

    def __init__(self, all: Connections, of_uvicorn: Mapping[str, Any]) -> None:
        asyncio.Transport.__init__(self)
        self._all, self._bounds, self._of_uvicorn = all, all.bounds, of_uvicorn
        self._loop = asyncio.get_running_loop()
        self._waiting, self._since = Waiting.HEAD, self._loop.time()
        self._transport: asyncio.Transport
        self.share: Share | None = None
        """What it counts for; None if there is no room for it."""
        self._inner: asyncio.Protocol | None = None
        """uvicorn's protocol, until it is told that the connection is lost."""
        self._framing = Framing()
        self._held = b""
        """The bytes that are not passed on yet."""
        self._answering = self._begun = False
        """True while a request is being answered; once its answer has begun."""
        self._answer_head = b""
        """The head of an answer that is not written yet."""
        self._inner_pauses = self._full = self._paused = False
        self._unread, self._read_at = 0, self._since

    # --- for the socket ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.share = self._all.enter(self, transport.get_extra_info("peername"))
        if self.share is None:
            self._refuse(503)
            return
        state = {**self._of_uvicorn["app_state"], CONNECTION: self}
        self._inner = HttpToolsProtocol(**{**self._of_uvicorn, "app_state": state})
        self._inner.connection_made(self)

    def data_received(self, data: bytes) -> None:
        self._take(self._held + data if self._held else data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.leave(self)
        if self.share is not None:
            self.share.end()
        self._lose(exc)
        self._framing.end()
        self._held = b""

    def pause_writing(self) -> None:
        self._full = True
        if self._inner is not None:
            self._inner.pause_writing()
        self._read_or_not()

    def resume_writing(self) -> None:
        self._full, self._read_at = False, self._loop.time()
        if self._inner is not None:
            self._inner.resume_writing()
        self._go_on_soon()

    # --- for uvicorn's protocol ---

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Write the head of an answer together with the beginning of its body, if that comes in the same turn."""
        if self._begun or self._waiting is Waiting.FRAMES or data == _GO_ON:
            self._transport.write(self._with_head(data) if self._answer_head else data)
        else:
            self._begun = True
            self._answer_head = self._with_head(data)
            self._loop.call_soon(self._write_head)

    def close(self) -> None:
        self._write_head()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._inner_pauses = True
        self._read_or_not()

    def resume_reading(self) -> None:
        self._inner_pauses = False
        self._go_on_soon()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Go on as a WebSocket, with uvicorn's protocol for it."""
        self._inner = cast("asyncio.Protocol", protocol)
        self._wait_for(Waiting.FRAMES)

    # --- for the application ---

    def answered(self) -> None:
        """Go on to the next request: the application has answered this one."""
        self._answering = False
        if self.share is not None:
            self.share.answered()
        if self._waiting is Waiting.ANSWER:
            self._wait_for(Waiting.REQUEST)
            if self._held or self._paused:
                self._go_on_soon()

    # --- deadlines ---

    def look(self, now: Seconds) -> None:
        """Close the connection if a deadline is over."""
        if self._is_deaf(now):
            self.abort()
        limit = self._limit()
        if limit is None or now - self._since <= limit or self._transport.is_closing():
            return
        if self._waiting is Waiting.HEAD:
            self._refuse(408)
        elif self._inner_pauses:  # we have stopped reading
            self._since = now
        else:
            self._give_up()

    def _limit(self) -> Seconds | None:
        match self._waiting:
            case Waiting.HEAD:
                return self._bounds.head
            case Waiting.BODY:
                return self._bounds.body + _AFTER_BODY
            case Waiting.REQUEST:
                return self._bounds.idle
            case _:
                return None

    def _is_deaf(self, now: Seconds) -> bool:
        """Return True if the caller has read nothing of what waits for it for too long."""
        before, self._unread = self._unread, self._transport.get_write_buffer_size()
        if self._unread == 0 or self._unread < before:
            self._read_at = now
        return now - self._read_at > self._bounds.write

    def _wait_for(self, awaited: Waiting) -> None:
        self._waiting, self._since = awaited, self._loop.time()

    # --- what comes in ---

    def _take(self, data: bytes) -> None:
        """Pass on the data that may be passed on now, and hold the rest."""
        while data and self._inner is not None and not self._transport.is_closing():
            if self._waiting is Waiting.ANSWER:
                break
            if self._waiting is Waiting.FRAMES:
                if self._full or self._inner_pauses:
                    break
                data = self._frames(self._inner, data)
            elif self._waiting is Waiting.BODY:
                data = self._body(self._inner, data)
            else:
                data = self._head(self._inner, data)
                if self._waiting is Waiting.HEAD:  # it is not whole
                    break
        else:
            data = b""
        self._held = data
        self._read_or_not()

    def _head(self, inner: asyncio.Protocol, data: bytes) -> bytes:
        """Pass on a head once it is whole and checked; return the rest of the data."""
        data = data.lstrip(b"\r\n")  # RFC 9112 section 2.2: some send an empty line after a body
        if not data:
            return data
        end = data.find(END) + len(END)
        if end < len(END) and len(data) <= self._bounds.head_size:
            if self._waiting is Waiting.REQUEST:
                self._wait_for(Waiting.HEAD)
            if not may_begin(data):
                self._refuse(400)
            return data
        if end < len(END) or end > self._bounds.head_size:
            self._refuse(431)
            return b""
        status, head = self._framing.head(data[:end])
        if status:
            self._refuse(status)
            return b""
        self._answering, self._begun = True, False
        self._wait_for(Waiting.ANSWER if self._framing.whole else Waiting.BODY)
        inner.data_received(head)
        return data[end:]

    def _body(self, inner: asyncio.Protocol, data: bytes) -> bytes:
        """Pass on a part of a body that ends where the body ends, or before; return the rest of the data."""
        end = self._framing.body(data)
        if end is None:
            self._refuse(400)
            return b""
        if self._framing.whole:
            self._wait_for(Waiting.ANSWER if self._answering else Waiting.REQUEST)
        inner.data_received(data[:end])
        return data[end:]

    def _frames(self, inner: asyncio.Protocol, data: bytes) -> bytes:
        """Pass on a piece of a WebSocket's frames; return the rest of the data."""
        inner.data_received(data[:_PIECE])
        if len(getattr(inner, "frames", ())) > _MOST_FRAMES:  # each takes memory, and may have no content at all
            self.abort()
        return data[_PIECE:]

    def _go_on_soon(self) -> None:
        """Take what is held in the next turn of the loop: uvicorn's protocol may be in the middle of something."""
        if self._held:
            self._loop.call_soon(self._go_on)
        self._read_or_not()

    def _go_on(self) -> None:
        self._take(self._held)

    def _read_or_not(self) -> None:
        """Read from the socket only if there is use for what comes."""
        waiting = self._waiting
        holds = bool(self._held) and (waiting is Waiting.ANSWER or waiting is Waiting.FRAMES)
        pause = self._inner_pauses or holds or (self._full and waiting is Waiting.FRAMES)
        if pause != self._paused and not self._transport.is_closing():
            self._paused = pause
            (self._transport.pause_reading if pause else self._transport.resume_reading)()

    def _with_head(self, data: bytes | bytearray | memoryview[Any]) -> bytes:
        head, self._answer_head = self._answer_head, b""
        return b"".join((head, data))

    def _write_head(self) -> None:
        if self._answer_head and not self._transport.is_closing():
            self._transport.write(self._with_head(b""))

    # --- the end ---

    def _refuse(self, status: int) -> None:
        """Answer in the contract's shape, if no answer has begun, and close."""
        if not (self._answering and self._begun):
            self._transport.write(refusal(status))
        self._give_up()

    def _give_up(self) -> None:
        """Close. The reader of the body gets a disconnect; the rest of its answer is dropped."""
        self._lose(None)
        self.close()

    def _lose(self, exc: Exception | None) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost(exc)


class Answering:
    """The outermost ASGI layer: it lets a connection know when its request is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            scope["state"][CONNECTION].answered()


def count_key(key: str, scope: Scope) -> None:
    """Count the connection of a request for the request's key; the empty one has no share.

    Raises HTTPException if the key has its share already: one key must leave connections for the others.
    """
    connection: Connection | None = scope.get("state", {}).get(CONNECTION) if key else None
    if connection is not None and connection.share is not None and not connection.share.carry(key):
        raise refused(Connection="close")


_PROVOKED = frozenset(
    {
        "ASGI callable returned without completing handshake.",  # it was refused, with an answer
        "Invalid UTF-8 sequence received from client.",
        "Unsupported upgrade request.",
        "ASGI callable returned without completing response.",  # a line of ours says why
    }
)
"""What uvicorn logs, with a traceback or without, because of what a caller sends."""


def is_unprovoked(record: logging.LogRecord) -> bool:
    """Return False for a line of uvicorn's that any stranger can cause: a filter of the logger `uvicorn.error`."""
    return record.msg not in _PROVOKED
