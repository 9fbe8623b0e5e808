"""How long calls take, by route: the template, never the path that was asked for, so that nobody can make up series."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from actors.clients.types import Seconds

TEMPLATE = "session_manager.route"
"""Where the ASGI scope has the template of the route that was taken; nothing where none was."""
NO_ROUTE, OTHER = "none", "other"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30)


class HttpMetrics:
    """The times of all answers, in one registry. Belongs to the gateway's event loop."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "session_manager_http_request_seconds",
            "From a request's head to the beginning of its answer.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._series: dict[tuple[str, str, int], Histogram] = {}

    def count(self, scope: Scope, status: int, seconds: Seconds) -> None:
        """A request has its answer."""
        method = scope.get("method", "GET")  # a WebSocket is asked for by one
        key = (method if method in _METHODS else OTHER, scope.get(TEMPLATE, NO_ROUTE), status // 100)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._seconds.labels(*key[:2], f"{key[2]}xx")
        series.observe(seconds)


def named(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The routes, each telling the scope its template. To be done last, so that refusals have a name too."""
    routes = list(routes)
    for route in routes:
        if isinstance(route, Route | WebSocketRoute | Mount):
            route.app = Named(route.app, route.path)
    return routes


class Named:
    """An ASGI application that is known by a template."""

    def __init__(self, app: ASGIApp, template: str) -> None:
        self._app, self._template = app, template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[TEMPLATE] = self._template
        await self._app(scope, receive, send)
