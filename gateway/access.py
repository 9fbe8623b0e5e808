"""The outermost layer: every request gets a name, and one line in the log when it is over; its time is counted.

A WebSocket is a request as well, from its upgrade to its end; what is counted is the time to the answer.

The line says who was asked for, what, and what became of it: no query string, no header but the ids, no body.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import structlog

from actors.clients.errors import ShuttingDown
from gateway.admission.authority import CALLER, Caller
from gateway.errors import problem_of, respond
from gateway.identity import HEADER, client_number
from gateway.tracing import HEADER as TRACE
from gateway.tracing import trace_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = b"x-request-id"
STATE_KEY = "session_manager.request_id"
"""Where the request's name is in the ASGI scope."""
UPGRADE = "GET"
"""The method by which a WebSocket is asked for; the scope of one has none."""
_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_PATH_SHOWN = 200

_log = structlog.get_logger("http")


class Access:
    """Names requests, logs answers, and keeps exceptions that have been answered from the server's own log.

    `count` gets the scope, the status and the seconds of every answer.
    """

    def __init__(self, app: ASGIApp, count: Callable[[Scope, int, float], None]) -> None:
        self._app, self._count = app, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), None
        request_id = scope[STATE_KEY] = request_id_of(scope["headers"])
        structlog.contextvars.bind_contextvars(request=request_id)
        answered_with = [(REQUEST_ID, request_id.encode())]
        if (trace := trace_of(scope["headers"])) is not None:
            structlog.contextvars.bind_contextvars(trace=trace.id)
            answered_with.append((TRACE, trace.header))
        asked = {"method": scope.get("method", UPGRADE), "path": _path(scope), "client": _client(scope["headers"])}
        _log.debug("http.received", **asked)

        async def tell(message: Message) -> None:
            nonlocal status
            if status is None and (status := _status_of(message)) is not None:
                if message["type"] != "websocket.close":
                    message["headers"] = [*message.get("headers", ()), *answered_with]
                self._count(scope, status, time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, tell)
        except asyncio.CancelledError:  # the service ends, and waits no longer for this answer
            if status is None:
                await respond(problem_of(ShuttingDown()))(scope, receive, tell)
        except Exception:  # Starlette raises it once more after it was answered and logged (errors.answer)
            if status is None or scope["type"] == "websocket":  # of which it answers none
                raise
        finally:
            took = round((time.perf_counter() - began) * 1000, 2)
            _log.info("http.request", **asked, status=status, ms=took, key=_key(scope))


def _status_of(message: Message) -> int | None:
    """The status that this message begins an answer with; None where it begins none."""
    match message["type"]:
        case "http.response.start" | "websocket.http.response.start":
            return int(message["status"])
        case "websocket.accept":
            return 101
        case "websocket.close":  # before it was accepted: the server says so with this status
            return 403
    return None


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The caller's own X-Request-Id if it is short and plain, else a new one."""
    for name, value in headers:
        if name == REQUEST_ID and _SANE.fullmatch(value):
            return value.decode("ascii")
    return secrets.token_hex(8)


def _path(scope: Scope) -> str:
    """The path as it was sent, still percent-encoded: it cannot break a line."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw[:_PATH_SHOWN].decode("ascii", "backslashreplace")


def _key(scope: Scope) -> str | None:
    """The id of the key that was used, which is no secret."""
    caller: Caller | None = scope.get(CALLER)
    return (caller.key_id or None) if caller else None


def _client(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    for name, value in headers:
        if name == HEADER:
            return client_number(value)
    return None
