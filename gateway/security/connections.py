"""The bounds of connections: their number, their slowness, their size, and answers that nobody reads.

A connection stands between its socket and uvicorn's protocol: to the socket it is the protocol, to uvicorn's protocol
the transport. It parses requests once more, with the parser that uvicorn uses (llhttp, Node's own), before it passes
them on: so a request is refused in the contract's shape, in its turn, and a caller's next request waits until the one
before it is answered. llhttp is lenient in places; what two readers could understand in two ways is refused here.

Once a connection is a WebSocket, its bytes pass in small pieces, and none while its caller leaves answers unread.

Everything runs on the server's event loop. Deadlines are looked at together, a few times in the shortest of them.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import httptools
import structlog
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.http11 import Request
from websockets.server import ServerProtocol

from actors.capacity import connections_allowed, open_files
from gateway.errors import problem_of, respond
from gateway.http import JSON, render
from gateway.schemas.shape import ErrorAnswer
from gateway.security.rate_limits import address_of

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from starlette.types import ASGIApp, Receive, Scope, Send

    from actors.clients.types import Seconds
    from actors.settings import Settings


_AFTER_BODY: Seconds = 5.0
"""The extra time beyond `body_timeout` for a body: a handler that reads it answers 408 before."""
_LONGEST_LOOK: Seconds = 1.0
"""The most time between two looks at the deadlines."""
_REFUSALS = {
    400: "This is not HTTP as it is understood here",
    408: "The request did not arrive in time",
    426: "This is no WebSocket handshake as it is understood here: RFC 6455, version 13",
    431: "The request's first line and headers are too large",
    501: "There is no such method",
    503: "There are too many connections: try again later",
}
_BETWEEN_REPORTS: Seconds = 10.0
"""The least time between two lines about refused connections, and between two about files that cannot be opened."""
_MOST_FIELDS = 256
"""The most headers of a request."""
_PIECE = 4096
"""The bytes of a WebSocket that are read at a time: a caller's pings make our pongs."""
_MOST_FRAMES = 1000
"""The most frames of one WebSocket message."""
_LARGEST_KNOWN = 4096
"""The bytes of the largest head that a connection remembers."""

_END = b"\r\n\r\n"
_BEGINNING = re.compile(rb"[A-Z-]{1,24}(?: |\Z)")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_FIRST_LINE = re.compile(rb"(?!CONNECT )[A-Z-]+ (?:/[!\"$-~]*|\*) HTTP/1\.([01])\r\n")
"""No absolute form: it names another server. No fragment: that is never sent."""
_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")
_BLANKS = re.compile(rb"[ \t]+\r\n")
"""Blanks behind a header's value are no part of it (RFC 9110, 5.5); llhttp leaves them to those who use it."""
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*\r\n", re.IGNORECASE)
_IGNORED = -1
"""Another protocol than WebSocket is offered: the offer is ignored, as RFC 9110 section 7.8 allows. (Java's HttpClient
offers HTTP/2 with every first request.) llhttp would take the body for the other protocol's."""
_UNHEARD = logging.Logger("unheard", logging.CRITICAL + 1)

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
        proxies=tuple(ipaddress.ip_network(proxy) for proxy in settings.trusted_proxies),
        head_size=settings.max_header_size,
        head=settings.header_timeout,
        body=settings.body_timeout,
        idle=settings.keep_alive,
        write=settings.write_timeout,
    )


def share_of(settings: Settings) -> int:
    """Return the most connections of one address, and of one key."""
    connections = connections_allowed(settings.max_connections, open_files())
    return min(settings.max_connections_each or -(-connections * 3 // 4), connections)


def is_out_of_files() -> bool:
    """Return True if this process, or the machine, can open no more files.

    libuv then takes new connections and closes them at once, and says so to nobody (`uv__emfile_trick`,
    https://github.com/libuv/libuv/blob/v1.x/src/unix/stream.c).
    """
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False


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


class _Request:
    """What the parser tells about one request, and where its body ends."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> _Request:
        """Forget the request before."""
        self.fields = self.hosts = 0
        self.left = 0
        """The bytes of the body that are still to come; -1 if it comes in chunks."""
        self.upgrade = self._tail = b""
        self.whole = self.wrong = self.upgraded = self._headed = False
        return self

    def part_of(self, data: bytes) -> int:
        """Return the number of the data's bytes that belong to this body, or fewer."""
        if self.left > 0:
            part = min(self.left, len(data))
            self.left -= part
            return part
        # The last chunk ends with an empty line; empty lines before that only make smaller parts.
        found = (self._tail + data).find(_END)
        part = len(data) if found < 0 else found + len(_END) - len(self._tail)
        self._tail = (self._tail + data[:part])[1 - len(_END) :]
        return part

    # The methods that the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields += 1
        match name.lower():
            case b"host":
                self.hosts += 1
                self.wrong |= not _HOST.fullmatch(value)
            case b"content-length":
                self.wrong |= self.left != 0 or not value.rstrip().isdigit()
                self.left = 0 if self.wrong else int(value)
            case b"transfer-encoding":
                self.wrong |= self.left != 0 or value.rstrip().lower() != b"chunked"
                self.left = -1
            case b"upgrade":
                self.upgrade = value.lower() if not self.upgrade else b"several"
        self.wrong |= self._headed  # a trailer, which nothing here expects

    def on_headers_complete(self) -> None:
        self._headed = True

    def on_message_complete(self) -> None:
        self.whole = True


class Connections:
    """The open connections of one server."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self.bounds = bounds
        self._open: set[Connection] = set()
        self._of_address: Counter[str] = Counter()
        self._of_key: Counter[str] = Counter()
        self._refused = 0

    def __len__(self) -> int:
        return len(self._open)

    def protocol(self, **of_uvicorn: Any) -> asyncio.Protocol:
        """Return the protocol of a new connection: uvicorn's option `http`."""
        return Connection(self, of_uvicorn)

    def enter(self, connection: Connection) -> bool:
        """Take a connection in; return False if there is no room for it: then it is to close."""
        self._open.add(connection)
        if connection.address:
            self._of_address[connection.address] += 1
        room = len(self._open) <= self.bounds.connections
        room = room and self._of_address[connection.address] <= self.bounds.each
        if not room:
            self._refused += 1
        return room

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)
        if connection.address:
            self._of_address[connection.address] -= 1
            if self._of_address[connection.address] <= 0:
                del self._of_address[connection.address]
        self.release(connection)

    def take_up(self, connection: Connection, key: str) -> bool:
        """Count a connection for a key from now on; return False if the key has its share already."""
        if self._of_key[key] >= self.bounds.each:
            self._refused += 1
            return False
        self.release(connection)
        self._of_key[key] += 1
        connection.key = key
        return True

    def release(self, connection: Connection) -> None:
        """Count a connection for no key any more."""
        key, connection.key = connection.key, ""
        if key:
            self._of_key[key] -= 1
            if self._of_key[key] <= 0:
                del self._of_key[key]

    def name_of(self, peer: Any) -> str:
        """Return the address that a connection counts for; empty for that of a trusted proxy."""
        return _counted(str(peer[0]) if peer else "", self.bounds.proxies)

    async def watch(self) -> None:
        """Hold all connections to their deadlines, for ever."""
        bounds, loop = self.bounds, asyncio.get_running_loop()
        look = min(_LONGEST_LOOK, min(bounds.head, bounds.body, bounds.idle, bounds.write) / 5)
        told = short_told = loop.time() - _BETWEEN_REPORTS
        while True:
            await asyncio.sleep(look)
            now = loop.time()
            if self._refused and now - told >= _BETWEEN_REPORTS:
                _log.warning("http.connections_refused", count=self._refused, open=len(self._open))
                self._refused, told = 0, now
            if now - short_told >= _BETWEEN_REPORTS and is_out_of_files():
                _log.warning("http.out_of_files", open=len(self._open), open_files=open_files())
                short_told = now
            for connection in list(self._open):
                connection.look(now)

    def cut_off(self) -> None:
        """Close all connections at once, whatever is unread."""
        for connection in list(self._open):
            connection.abort()


def _counted(host: str, proxies: Iterable[IPv4Network | IPv6Network]) -> str:
    """Return the address that a host counts for; empty for that of a trusted proxy, and for what is no address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return "" if any(address in proxy for proxy in proxies) else address_of({"client": (host, 0)})


class ForwardedShares:
    """An ASGI layer: the share of each address in the connections of trusted proxies, which are those of many callers.

    A request counts while it is answered; a stream is one.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._most = app, share_of(settings)
        self._proxies = tuple(ipaddress.ip_network(proxy) for proxy in settings.trusted_proxies)
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _counted((scope.get("client") or ("",))[0], self._proxies)
        if address and self._open[address] >= self._most:
            error = HTTPException(503, _REFUSALS[503], {"Retry-After": "5"})
            await respond(problem_of(error))(scope, receive, send)
            return
        self._open[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[address] -= 1
            if self._open[address] <= 0:
                del self._open[address]


class Connection(asyncio.Protocol, asyncio.Transport):
    """One connection: the protocol of its socket, and the transport of uvicorn's protocol."""

    def __init__(self, all: Connections, of_uvicorn: Mapping[str, Any]) -> None:
        asyncio.Transport.__init__(self)
        self._all, self._bounds, self._of_uvicorn = all, all.bounds, of_uvicorn
        self._loop = asyncio.get_running_loop()
        self._waiting, self._since = Waiting.HEAD, self._loop.time()
        self._transport: asyncio.Transport
        self.address = ""
        """The address that it counts for."""
        self.key = ""
        """The key that it counts for: that of its newest request, or of the one in progress if it is a proxy's."""
        self._inner: asyncio.Protocol | None = None
        """uvicorn's protocol, until it is told that the connection is lost."""
        self._request = _Request()
        self._parser = httptools.HttpRequestParser(self._request)
        self._held = b""
        """The bytes that are not passed on yet."""
        self._known = b""
        """The newest head of a request without a body: repeated, as by those who poll, it needs no second check."""
        self._answering = self._begun = False
        """True while a request is being answered; once its answer has begun."""
        self._refused = self._inner_pauses = self._full = self._paused = False
        self._unread, self._read_at = 0, self._since

    # --- for the socket ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.address = self._all.name_of(transport.get_extra_info("peername"))
        if not self._all.enter(self):
            self._refuse(503)
            return
        state = {**self._of_uvicorn["app_state"], CONNECTION: self}
        self._inner = HttpToolsProtocol(**{**self._of_uvicorn, "app_state": state})
        self._inner.connection_made(self)

    def data_received(self, data: bytes) -> None:
        if self._held:
            self._take(self._held + data)
        elif data == self._known and self._waiting is Waiting.REQUEST:
            self._ask_again(data)
        else:
            self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.leave(self)
        self._lose(exc)
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
        self._begun = True
        self._transport.write(data)

    def close(self) -> None:
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

    def carry(self, key: str) -> bool:
        """Count for the key of a request; return False if the key has its share of connections already."""
        return key == self.key or self._all.take_up(self, key)

    def answered(self) -> None:
        """Go on to the next request: the application has answered this one."""
        self._answering = False
        if self.key and not self.address:
            self._all.release(self)
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
                if self._waiting is Waiting.HEAD:
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
        if self._waiting is Waiting.REQUEST:
            self._wait_for(Waiting.HEAD)
        end = data.find(_END) + len(_END)
        if end < len(_END) and len(data) <= self._bounds.head_size:
            if not _BEGINNING.match(data) or _BARE_LINE_FEED.search(data):
                self._refuse(400)
            return data
        if end < len(_END) or end > self._bounds.head_size:
            self._refuse(431)
            return b""
        head, rest = (data, b"") if end == len(data) else (data[:end], data[end:])
        if (status := self._status_of(head)) is _IGNORED:
            head = _UPGRADE.sub(b"\r\n", head)
            status = self._status_of(head)
        if status:
            self._refuse(status)
            return b""
        self._answering, self._begun = True, False
        self._wait_for(Waiting.ANSWER if self._request.whole else Waiting.BODY)
        blank = b" \r\n" in head or b"\t\r\n" in head
        plain = self._request.whole and not (blank or self._request.upgrade) and len(head) <= _LARGEST_KNOWN
        self._known = head if plain else b""
        inner.data_received(_BLANKS.sub(b"\r\n", head) if blank else head)
        return rest

    def _ask_again(self, head: bytes) -> None:
        """Pass on the same head as before."""
        if self._inner is not None and not self._transport.is_closing():
            self._answering, self._begun = True, False
            self._wait_for(Waiting.ANSWER)
            self._inner.data_received(head)

    def _status_of(self, head: bytes) -> int:
        """Return the status that refuses a head; 0 if it is as it should be, _IGNORED if a part of it is to go."""
        first, request = _FIRST_LINE.match(head), self._request.begin()
        if first is None:
            return 400
        if status := self._parsed(head):
            return status
        if request.fields > _MOST_FIELDS:
            return 431
        if request.wrong or request.hosts > 1 or (request.hosts == 0 and first[1] == b"1"):
            return 400
        if request.upgrade and request.upgrade != b"websocket":
            self._parser = httptools.HttpRequestParser(request)  # this one takes what follows for the other protocol
            return _IGNORED
        if not request.upgraded:
            return 0
        return 400 if request.left else handshake_refusal(head)

    def _body(self, inner: asyncio.Protocol, data: bytes) -> bytes:
        """Pass on a part of a body that ends where the body ends, or before; return the rest of the data."""
        request = self._request
        end = request.part_of(data)
        part, rest = (data, b"") if end == len(data) else (data[:end], data[end:])
        if self._parsed(part) or request.wrong:
            self._refuse(400)
            return b""
        if request.whole:
            self._wait_for(Waiting.ANSWER if self._answering else Waiting.REQUEST)
        inner.data_received(part)
        return rest

    def _parsed(self, data: bytes) -> int:
        """Let the parser tell `_request` about the data; return the status that refuses it, or 0."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._request.upgraded = True
        except httptools.HttpParserInvalidMethodError:
            return 501
        except httptools.HttpParserError:
            return 400
        return 0

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

    # --- the end ---

    def _refuse(self, status: int) -> None:
        """Answer in the contract's shape, if no answer has begun, and close."""
        if not (self._answering and self._begun):
            self._transport.write(refusal(status))
        self._give_up()

    def _give_up(self) -> None:
        """Close. The reader of the body gets a disconnect; its answer is dropped."""
        self._lose(None)
        self._transport.close()

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
    connection: Connection | None = scope.get("state", {}).get(CONNECTION)
    if key and connection is not None and not connection.carry(key):
        raise HTTPException(503, _REFUSALS[503], {"Retry-After": "5", "Connection": "close"})


_PROVOKED = frozenset(
    {
        "ASGI callable returned without completing handshake.",  # it was refused, with an answer
        "Invalid UTF-8 sequence received from client.",
        "Unsupported upgrade request.",
    }
)
"""What uvicorn logs, with a traceback or without, because of what a caller sends."""


def is_unprovoked(record: logging.LogRecord) -> bool:
    """Return False for a line of uvicorn's that any stranger can cause: a filter of the logger `uvicorn.error`."""
    return record.msg not in _PROVOKED


def handshake_refusal(head: bytes) -> int:
    """Return the status that refuses a WebSocket's handshake; 0 for a good one.

    websockets decides, as it will for uvicorn's protocol, which would log a stranger's mistakes with a traceback.
    """
    trial = ServerProtocol(logger=_UNHEARD)
    trial.receive_data(head)
    requests = [event for event in trial.events_received() if isinstance(event, Request)]
    if not requests:
        return 400
    status = trial.accept(requests[0]).status_code
    return 0 if status == HTTPStatus.SWITCHING_PROTOCOLS else min(status, HTTPStatus.UPGRADE_REQUIRED)


def refusal(status: int) -> bytes:
    """Return the bytes of a protocol error, in the contract's shape."""
    http = HTTPStatus(status)
    body = render(ErrorAnswer(code=http.name, message=_REFUSALS[status]))
    head = [
        f"HTTP/1.1 {status} {http.phrase}",
        f"content-type: {JSON}",
        f"content-length: {len(body)}",
        "connection: close",
        *(["retry-after: 5"] if status == 503 else []),
        *(["upgrade: websocket", "sec-websocket-version: 13"] if status == 426 else []),
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body
