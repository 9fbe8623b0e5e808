"""The limits of connections: their number, their slowness, their size, their exposure, and TLS.

uvicorn bounds connections that are idle between two requests. A request that arrives slowly, or an answer that is never
read, may hold a connection for ever there; this adds those deadlines to its h11 protocol (h11 and not httptools: it
bounds headers, and is the stricter parser), and gives protocol errors the contract's shape. It runs on the server's
event loop.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from actors.clients.types import Seconds
from actors.settings import StartRefused
from actors.store.origin import is_loopback
from gateway.http import render
from gateway.schemas.shape import ErrorAnswer

if TYPE_CHECKING:
    from actors.settings import Settings
    from actors.store.keys import ApiKey


_AFTER_BODY: Seconds = 5.0
"""The extra time beyond `body_timeout` for a body: a handler that reads it answers 408 before."""
_REFUSALS = {
    400: "This is not HTTP as it is understood here",
    408: "The request did not arrive in time",
    431: "The request's first line and headers are too large",
    503: "There are too many connections: try again later",
}


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """The limits of one caller's connections. Durations in seconds."""

    connections: int
    header: Seconds
    body: Seconds
    write: Seconds


class Coming(Enum):
    """The part of a request that a connection waits for."""

    HEAD = auto()
    BODY = auto()


class BoundedConnection(H11Protocol):
    """One connection."""

    bounds: ConnectionBounds

    def __init__(self, *args: Any, bounds: ConnectionBounds, **options: Any) -> None:
        super().__init__(*args, **options)
        self.bounds = bounds
        self._awaited: tuple[Coming, object] | None = None
        self._late: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP has no other
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            self._refuse(503)
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._disarm()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._cancel_unread()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cancel_unread()
        self._unread = self.loop.call_later(self.bounds.write, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_unread()

    def send_400_response(self, msg: str) -> None:
        """Refuse a malformed request. Called while h11's exception is handled."""
        self._refuse(431 if getattr(sys.exc_info()[1], "error_status_hint", 400) == 431 else 400)

    def _watch(self) -> None:
        """Start the deadline of the part that is awaited now; a part keeps its deadline, however much has come."""
        awaited = self._what_is_awaited()
        if awaited == self._awaited:
            return
        self._disarm()
        if awaited is not None:
            self._awaited = awaited
            self._arm(awaited[0])

    def _arm(self, coming: Coming) -> None:
        seconds = self.bounds.header if coming is Coming.HEAD else self.bounds.body + _AFTER_BODY
        self._late = self.loop.call_later(seconds, self._is_late, coming)

    def _what_is_awaited(self) -> tuple[Coming, object] | None:
        """Return the part of a request, and the request before it."""
        if self.transport.is_closing():
            return None
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            return Coming.BODY, self.cycle
        if state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0]):
            return Coming.HEAD, self.cycle
        return None

    def _is_late(self, coming: Coming) -> None:
        if coming is Coming.HEAD:
            self._refuse(408)
        elif self.flow.read_paused:
            self._arm(coming)  # we have stopped reading
        else:
            self._give_up()

    def _refuse(self, status: int) -> None:
        """Answer in the contract's shape, if nothing has been answered yet, and close."""
        self._disarm()
        if self.conn.our_state is h11.IDLE or self.conn.our_state is h11.SEND_RESPONSE:
            self.transport.write(refusal(self.conn, status))
        self._give_up()

    def _give_up(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # The reader of the body gets a disconnect; its answer is dropped.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _disarm(self) -> None:
        self._awaited = None
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cancel_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def refusal(conn: h11.Connection, status: int) -> bytes:
    """Return the bytes of a protocol error, in the contract's shape."""
    http = HTTPStatus(status)
    body = render(ErrorAnswer(code=http.name, message=_REFUSALS.get(status, http.phrase)))
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("connection", "close"),
        *([("retry-after", "5")] if status == 503 else []),
    ]
    response = h11.Response(status_code=status, headers=headers, reason=http.phrase)
    return b"".join(conn.send(event) or b"" for event in (response, h11.Data(data=body), h11.EndOfMessage()))


def bounded(settings: Settings) -> type[asyncio.Protocol]:
    """Return the class for uvicorn's option `http`."""
    bounds = ConnectionBounds(
        settings.max_connections, settings.header_timeout, settings.body_timeout, settings.write_timeout
    )
    return cast(type[asyncio.Protocol], partial(BoundedConnection, bounds=bounds))


class BoundedSocket(WebSocketsSansIOProtocol):
    """One WebSocket. `unread` is the time for which its caller may leave it unread."""

    def __init__(self, *args: Any, unread: Seconds, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unread_seconds = unread
        self._unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cancel_unread()
        self._unread = self.loop.call_later(self._unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_unread()
        super().connection_lost(exc)

    def _cancel_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def bounded_socket(settings: Settings) -> type[asyncio.Protocol]:
    """Return the class for uvicorn's option `ws`."""
    return cast(type[asyncio.Protocol], partial(BoundedSocket, unread=settings.write_timeout))


_WS_MESSAGE = 64 * 1024
"""The bytes of the largest WebSocket message: callers hardly send any."""
_YEAR = 365 * 24 * 3600


def refuse_exposure(settings: Settings, keys: Iterable[ApiKey]) -> None:
    """Raise StartRefused if other machines could call without a key."""
    if settings.api_key is not None or any(key.revoked_at is None for key in keys):
        return
    if not _is_local(settings.host):
        raise StartRefused(
            f"Without an API key the service listens on loopback only, and SM_HOST is {settings.host}: set SM_API_KEY, "
            "or create a key with `session-manager keys create NAME --offline`, or take SM_HOST away."
        )


def check_certificate(settings: Settings) -> None:
    """Raise StartRefused if HTTPS is configured and cannot be served."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, _no_password)
    except FileNotFoundError as error:
        raise StartRefused("There is no such file: set SM_TLS_CERT and SM_TLS_KEY to files that are there.") from error
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = getattr(error, "reason", None) or error
        raise StartRefused(
            f"SM_TLS_CERT and SM_TLS_KEY cannot be used ({why}): name a PEM certificate chain and its unencrypted key."
        ) from error


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """Return the options of uvicorn.Config for limits and TLS."""
    tls = settings.tls_cert is not None
    headers = [("X-Content-Type-Options", "nosniff")]
    if tls:
        headers.append(("Strict-Transport-Security", f"max-age={_YEAR}"))
    return {
        "http": bounded(settings),
        "h11_max_incomplete_event_size": settings.max_header_size,
        "headers": headers,
        "proxy_headers": False,  # `origins` does it, for listed proxies only
        "server_header": False,
        "ws_max_size": _WS_MESSAGE,
        "ws_ping_interval": settings.stream_heartbeat,
        "ws_per_message_deflate": False,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }


def _is_local(host: str) -> bool:
    """Return True if every address of this name is loopback."""
    if is_loopback(host):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)


def _no_password() -> str:
    raise ValueError("the key is encrypted")
