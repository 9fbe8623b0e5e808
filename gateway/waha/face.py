"""The face itself: requests for WAHA's paths go to its table, all others pass."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route, Router, WebSocketRoute

from gateway.access_log import Named
from gateway.errors import allowed
from gateway.waha import errors
from gateway.waha.calls import waha_routes
from gateway.waha.errors import NotFound
from gateway.waha.sessions import WahaSessions
from gateway.waha.socket import EventSocket
from gateway.waha.table import WAHA_CALLS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from gateway.app import Gateway

_PREFIX = "/api/"
_PATHS = frozenset({"/api", "/ping", "/ping/", "/ws", "/ws/", "/mcp"})


class WahaFace:
    """An ASGI application in front of the native one."""

    def __init__(self, app: ASGIApp, gateway: Gateway, sessions: WahaSessions | None = None) -> None:
        self._app = app
        sessions = sessions or WahaSessions(gateway)
        routes = waha_routes(WAHA_CALLS, gateway, sessions)
        events = EventSocket(gateway, sessions)
        for path in ("/ws", "/ws/"):
            for route in (WebSocketRoute(path, events), Route(path, events)):
                route.app = Named(route.app, "/ws")
                routes.append(route)
        self._router = Router(routes, redirect_slashes=False, default=_nowhere)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        mine = scope["type"] != "lifespan" and (scope["path"].startswith(_PREFIX) or scope["path"] in _PATHS)
        return (self._answer if mine else self._app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # so that a method that a path does not have is an exception, answered here
        try:
            await self._router(scope, receive, send)
        except HTTPException:
            await _nowhere(scope, receive, send, allowed(self._router.routes, scope))


async def _nowhere(scope: Scope, receive: Receive, send: Send, methods: Mapping[str, str] | None = None) -> None:
    """Answer a path that WAHA does not have, or one without this method: with the header Allow, in `methods`.

    WAHA answers 404 to both, and so its callers expect it.
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4004, "reason": "Not Found"})
        return
    http = Request(scope)
    answer = errors.answer(http, NotFound(f"Cannot {http.method} {http.url.path}"), {})
    answer.headers.update(methods or {})
    await answer(scope, receive, send)
