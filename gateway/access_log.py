"""The access log: each request gets an id, a log line at its end, and its time is counted by route.

A WebSocket is a request too, from its upgrade to its end; its time to the answer is counted. The line has no query
string, no header but the ids, no body. Times are counted by a route's template, never by the requested path, so nobody
can create series.

W3C Trace Context is adopted: https://www.w3.org/TR/trace-context/, section 3.2.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import secrets
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily

from actors.clients.errors import ShuttingDown
from gateway.errors import REFUSED_KEY, problem_of, respond
from gateway.http import HEADER, client_number
from gateway.security.auth import CALLER, Caller

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from actors.clients.types import Seconds


TRACE = b"traceparent"
_SHAPE = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NEVER = "ff"
_NOTHING = frozenset("0")


@dataclass(frozen=True, slots=True)
class Trace:
    """The caller's trace, and our part of it."""

    id: str
    span: str
    flags: str

    @property
    def header(self) -> bytes:
        """The header `traceparent` to pass on, in its only version."""
        return f"00-{self.id}-{self.span}-{self.flags}".encode("ascii")


def trace_of(headers: Iterable[tuple[bytes, bytes]]) -> Trace | None:
    """Return the trace in raw ASGI headers; None without a valid one."""
    values = [value for name, value in headers if name == TRACE]
    if len(values) != 1 or (found := _SHAPE.fullmatch(values[0])) is None:
        return None
    version, trace, parent, flags = (part.decode("ascii") for part in found.groups()[:4])
    more = found.group(5) is not None
    if version == _NEVER or (version == "00" and more) or {*trace} == _NOTHING or {*parent} == _NOTHING:
        return None
    return Trace(trace, secrets.token_hex(8), flags)


REQUEST_ID = b"x-request-id"
STATE_KEY = "session_manager.request_id"
"""The key of the request's id in the ASGI scope."""
ABOUT = "session_manager.client"
"""The key of the client's number in the ASGI scope, where no header names it: in calls of WAHA."""
UPGRADE = "GET"
"""The method of a WebSocket's upgrade; a WebSocket's scope has none."""
_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_PATH_SHOWN = 200

_log = structlog.get_logger("http")


class Access:
    """Gives requests their ids, logs answers, and keeps answered exceptions out of the server's own log.

    `count` gets the scope, the status and the seconds of every answer.
    """

    def __init__(self, app: ASGIApp, count: Callable[[Scope, int, float], None]) -> None:
        self._app, self._count = app, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began, status, log, named = time.perf_counter(), None, _log.bind(), dict(scope["headers"])
        request_id = scope[STATE_KEY] = request_id_of(scope["headers"]) if REQUEST_ID in named else new_request_id()
        answered_with = [(REQUEST_ID, request_id.encode())]
        if TRACE in named and (trace := trace_of(scope["headers"])) is not None:
            structlog.contextvars.bind_contextvars(request=request_id, trace=trace.id)
            answered_with.append((TRACE, trace.header))
        else:
            structlog.contextvars.bind_contextvars(request=request_id)
        if log.is_enabled_for(logging.DEBUG):
            log.debug("http.received", **_asked(scope))

        def tell(message: Message) -> Awaitable[None]:
            nonlocal status
            if status is None and (status := _status_of(message)) is not None:
                if message["type"] != "websocket.close":
                    message["headers"] = [*message.get("headers", ()), *answered_with]
                self._count(scope, status, time.perf_counter() - began)
            return send(message)

        try:
            await self._app(scope, receive, tell)
        except asyncio.CancelledError:  # the service ends, and does not wait for this answer any more
            if status is None:
                await respond(problem_of(ShuttingDown()))(scope, receive, tell)
        except Exception:  # Starlette raises it once more after it was answered and logged (errors.answer)
            if status is None or scope["type"] == "websocket":  # of which it answers none
                raise
        finally:
            if log.is_enabled_for(logging.INFO):
                took = round((time.perf_counter() - began) * 1000, 2)
                log.info("http.request", **_asked(scope), status=status, ms=took, key=_key(scope))


def _asked(scope: Scope) -> dict[str, Any]:
    client = scope.get(ABOUT) or _client(scope["headers"])
    return {"method": scope.get("method", UPGRADE), "path": _path(scope), "client": client}


def _status_of(message: Message) -> int | None:
    """Return the status of the answer that this message begins; None if it begins none."""
    match message["type"]:
        case "http.response.start" | "websocket.http.response.start":
            return int(message["status"])
        case "websocket.accept":
            return 101
        case "websocket.close":  # before it was accepted: the server says so with this status
            return 403
    return None


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the caller's own X-Request-Id if it is short and plain, else a new one."""
    for name, value in headers:
        if name == REQUEST_ID and _SANE.fullmatch(value):
            return value.decode("ascii")
    return new_request_id()


def new_request_id() -> str:
    """Return an id for a request whose caller gave it none."""
    return f"{random.getrandbits(64):016x}"


def _path(scope: Scope) -> str:
    """Return the path as it was sent, still percent-encoded: it cannot break a line."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw[:_PATH_SHOWN].decode("ascii", "backslashreplace")


def _key(scope: Scope) -> str | None:
    """Return the id of the used key, which is no secret."""
    caller: Caller | None = scope.get(CALLER)
    return (caller.key_id or None) if caller else None


def _client(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    for name, value in headers:
        if name == HEADER:
            return client_number(value)
    return None


TEMPLATE = "session_manager.route"
"""The key of the route's template in the ASGI scope; absent without a route."""
NO_ROUTE, OTHER = "none", "other"
REFUSED = "refused"
"""The status of 5xx answers that are no fault of ours: WhatsApp has refused the message, or a host its file."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0)
_BOUNDS = (*map(str, _BUCKETS), "+Inf")


class HttpMetrics:
    """The times of all answers, as a collector of one registry. Belongs to the gateway's event loop.

    It counts by itself: prometheus_client's own histogram takes two locks for each answer, a twentieth of a request.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._series: dict[tuple[str, str, int | str], _Times] = {}
        registry.register(self)

    def count(self, scope: Scope, status: int, seconds: Seconds) -> None:
        """Count the answer to a request."""
        method = scope.get("method", UPGRADE)
        kind = REFUSED if status >= 500 and REFUSED_KEY in scope else status // 100
        key = (method if method in _METHODS else OTHER, scope.get(TEMPLATE, NO_ROUTE), kind)
        times = self._series.get(key)
        if times is None:
            times = self._series[key] = _Times()
        times.counts[bisect_left(_BUCKETS, seconds)] += 1
        times.seconds += seconds

    def collect(self) -> Iterable[Metric]:
        """See prometheus_client.registry.Collector."""
        family = HistogramMetricFamily(
            "session_manager_http_request_seconds",
            "From a request's head to the beginning of its answer.",
            labels=["method", "route", "status"],
        )
        for (method, route, kind), times in list(self._series.items()):
            counts = zip(_BOUNDS, accumulate(times.counts), strict=True)
            labels = [method, route, kind if isinstance(kind, str) else f"{kind}xx"]
            family.add_metric(labels, list(counts), times.seconds)
        yield family


class _Times:
    """The times of one series: their number in each bucket, and their sum in seconds."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts, self.seconds = [0] * len(_BOUNDS), 0.0


class Named:
    """An ASGI application with the template of its route."""

    def __init__(self, app: ASGIApp, template: str) -> None:
        self._app, self._template = app, template

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        scope[TEMPLATE] = self._template
        return self._app(scope, receive, send)
