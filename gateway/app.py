"""The application: the context of handlers, and the layers around every request."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from actors.options import reachable
from gateway import errors
from gateway.access_log import Access, HttpMetrics
from gateway.api import calls_for
from gateway.calls import Call, routes
from gateway.files.intake import MediaIntake
from gateway.files.received import ReceivedMedia
from gateway.openapi.document import Description
from gateway.prefix import PathPrefix
from gateway.readiness import ReadinessCheck
from gateway.security.guard import Guard
from gateway.security.keys import Keyring
from gateway.security.origins import PageHeaders, checked
from gateway.security.rate_limits import Rates
from gateway.security.sessions import BrowserSessions
from gateway.security.shares import ForwardedShares
from gateway.service.bridge import Bridge
from gateway.service.configs import Configs
from gateway.service.outbox import Outbox
from gateway.service.webhooks import Webhooks
from gateway.status_cache import QrImages, StatusPages
from gateway.streaming.consumers import Consumers
from gateway.streaming.stream import Streams
from gateway.waha.face import WahaFace

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from actors.settings import Settings
    from actors.system import System


_CONTRACT = frozenset({"/health", "/init", "/status", "/qr", "/qr-code", "/send", "/clients", "/logout"})
_SESSION = "/session/"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The context of handlers. Belongs to one event loop."""

    settings: Settings
    bridge: Bridge
    outbox: Outbox
    media: MediaIntake
    received: ReceivedMedia
    webhooks: Webhooks
    configs: Configs
    images: QrImages
    pages: StatusPages
    keyring: Keyring
    rates: Rates
    browser_sessions: BrowserSessions
    readiness: ReadinessCheck
    http: HttpMetrics
    streams: Streams
    consumers: Consumers
    description: Description


def gateway_of(system: System, settings: Settings) -> Gateway:
    """Return the context of one application's handlers."""
    bridge, images = Bridge(system, max_reconnection_attempts=settings.max_reconnection_attempts), QrImages()
    streams = Streams.of(lambda: system.store, settings, system.registry)
    first = settings.api_key.get_secret_value() if settings.api_key else None
    keyring = Keyring(lambda: system.store, first=first, shut_out=streams.look_again)
    return Gateway(
        settings=settings,
        bridge=bridge,
        outbox=Outbox(system, bridge, send_seconds=settings.send_timeout, limit=settings.outbox_limit),
        media=MediaIntake(system, settings, bridge.refuse_while_draining),
        received=ReceivedMedia(system, bridge.refuse_while_draining),
        webhooks=Webhooks(system, bridge, reachable(settings)),
        configs=Configs(lambda: system.store, system.registry),
        images=images,
        pages=StatusPages(images),
        keyring=keyring,
        rates=Rates.of(settings),
        browser_sessions=BrowserSessions(keyring, shut_out=streams.look_again),
        readiness=ReadinessCheck(system, bridge),
        http=HttpMetrics(system.metrics.registry),
        streams=streams,
        consumers=Consumers(lambda: system.store, streams),
        description=Description(calls_for(settings), system.versions["session_manager"]),
    )


def application(gateway: Gateway, calls: Iterable[Call] | None = None) -> ASGIApp:
    """Return the ASGI application of a table of calls (`gateway.api` without one), for one event loop."""
    keyring, rates, sessions = gateway.keyring, gateway.rates, gateway.browser_sessions
    table = calls_for(gateway.settings) if calls is None else calls
    app = Starlette(
        routes=routes(table, lambda app, needs: Guard(app, needs, keyring, rates, sessions)),
        exception_handlers=dict.fromkeys(errors.PROBLEMS, errors.answer),
    )
    app.router.redirect_slashes = False
    app.state.gateway = gateway
    direct: ASGIApp = _Direct(app)
    faces = WahaFace(direct, gateway) if gateway.settings.waha and calls is None else direct
    pages: ASGIApp = PageHeaders(faces)
    shared = ForwardedShares(pages, gateway.settings) if gateway.settings.trusted_proxies else pages
    accessed = Access(checked(shared, gateway.settings, keyring), gateway.http.count)
    return PathPrefix(accessed, gateway.settings)


class _Direct:
    """Passes a request for a path without parameters directly to its route; Starlette finds the routes of all others.

    Frontends call /status many times a second: Starlette's layers would take a third of its time.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app
        plain = [route for route in app.routes if isinstance(route, Route) and "{" not in route.path]
        self._routes = {(method, route.path): route.app for route in plain for method in route.methods or ()}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        route = self._routes.get((scope["method"], scope["path"]))
        if route is None:
            if (path := as_express(scope.get("raw_path") or b"")) is not None and path != scope["path"]:
                scope["path"] = path
                return self(scope, receive, send)
            return self._app(scope, receive, send)
        scope["app"], scope["path_params"] = self._app, {}
        return route(scope, receive, send)


def as_express(raw: bytes) -> str | None:
    """Return the contract's path that Express would have found for a path as it was sent; None without one.

    The service of old was built on Express, whose router minds neither a slash at the end nor the case of letters:
    https://expressjs.com/en/api.html#express.router. Calls that came later are matched exactly.
    """
    path = raw.decode("latin-1").lower()
    path = path[:-1] if path.endswith("/") else path
    if path in _CONTRACT:
        return path
    if path.startswith(_SESSION) and path[len(_SESSION) :].isdecimal():
        return path
    return None
