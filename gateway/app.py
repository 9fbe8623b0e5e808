"""The application: which path leads to which handler, and what every request passes through on its way there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route, WebSocketRoute

from actors.options import reachable
from gateway import errors
from gateway.access import Access
from gateway.admission.authority import NEEDS, OPEN, Need
from gateway.admission.browser_sessions import BrowserSessions
from gateway.admission.door import door
from gateway.admission.guard import Guard, guard
from gateway.admission.keyring import Keyring
from gateway.admission.page_headers import PageHeaders
from gateway.admission.rate_limits import Rates
from gateway.bridge import Bridge, System
from gateway.calls import Gateway, for_all, for_client
from gateway.http_metrics import TEMPLATE, HttpMetrics, named
from gateway.openapi.document import Description
from gateway.outbox import Outbox
from gateway.pages import StatusPages
from gateway.qr import QrImages
from gateway.readiness import Readiness
from gateway.routes import (
    clients,
    dashboard,
    docs,
    events,
    health,
    insight,
    keys,
    messages,
    qr,
    status,
    webhooks,
)
from gateway.streaming.consumers import Consumers
from gateway.streaming.streams import Streams
from gateway.webhooks import Webhooks

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from config.settings import Settings


def routes() -> list[BaseRoute]:
    """Every call there is."""
    return [
        Route("/health", for_all(health.health)),
        Route("/ready", for_all(insight.ready)),
        Route("/metrics", for_all(insight.metrics)),
        Route("/init", for_client(clients.init), methods=["POST"]),
        Route("/status", for_client(status.status)),
        Route("/qr", for_client(qr.qr)),
        Route("/qr-code", qr.qr_code_endpoint),
        Route("/pairing-code", for_client(qr.pairing_code), methods=["POST"]),
        Route("/send", for_client(messages.send), methods=["POST"]),
        Route("/messages", for_client(messages.accept), methods=["POST"]),
        Route("/messages", for_client(messages.messages)),
        Route("/messages/{id}", for_client(messages.message)),
        Route("/messages/{id}", for_client(messages.cancel), methods=["DELETE"]),
        Route("/clients", for_all(clients.clients)),
        Route("/clients/{id}/history", for_all(insight.history)),
        Route("/clients/{id}/screenshot", for_all(insight.screenshot)),
        Route("/stop", for_client(clients.stop), methods=["POST"]),
        Route("/logout", for_client(clients.log_out), methods=["POST"]),
        Route("/session/{clienteId}", for_all(clients.delete), methods=["DELETE"]),
        Route("/events", for_all(events.events)),
        WebSocketRoute("/events", events.EventsSocket()),
        Route("/events/next", for_all(events.next_events)),
        Route("/events/next/{receipt}", for_all(events.acknowledge), methods=["DELETE"]),
        Route("/webhooks", for_all(webhooks.webhooks)),
        Route("/webhooks", for_all(webhooks.create), methods=["POST"]),
        Route("/webhooks/{id}", for_all(webhooks.webhook)),
        Route("/webhooks/{id}", for_all(webhooks.change), methods=["PATCH"]),
        Route("/webhooks/{id}", for_all(webhooks.delete), methods=["DELETE"]),
        Route("/webhooks/{id}/dead-letters", for_all(webhooks.dead_letters)),
        Route("/webhooks/{id}/dead-letters", for_all(webhooks.forget), methods=["DELETE"]),
        Route("/webhooks/{id}/dead-letters/replay", for_all(webhooks.replay), methods=["POST"]),
        Route("/webhooks/{id}/dead-letters/{letter}", for_all(webhooks.forget), methods=["DELETE"]),
        Route("/webhooks/{id}/dead-letters/{letter}/replay", for_all(webhooks.replay), methods=["POST"]),
        Route("/keys", for_all(keys.keys)),
        Route("/keys", for_all(keys.create), methods=["POST"]),
        Route("/keys/{id}", for_all(keys.revoke), methods=["DELETE"]),
        Route("/openapi.json", for_all(docs.openapi)),
        Route("/docs", for_all(docs.page)),
        *_undescribed(),
    ]


def _undescribed() -> list[BaseRoute]:
    """What pages of ours are made of, and what only they ask for."""
    return [
        Route("/docs/{file}", for_all(docs.file), include_in_schema=False),
        Route("/dashboard", for_all(dashboard.page), include_in_schema=False),
        Route("/dashboard/session", for_all(dashboard.session), include_in_schema=False),
        Route("/dashboard/session", for_all(dashboard.sign_in), methods=["POST"], include_in_schema=False),
        Route("/dashboard/session", for_all(dashboard.sign_out), methods=["DELETE"], include_in_schema=False),
        Route("/dashboard/{file}", for_all(dashboard.file), include_in_schema=False),
    ]


def gateway_of(system: System, settings: Settings) -> Gateway:
    """What the handlers of one application work with."""
    bridge = Bridge(system, max_reconnection_attempts=settings.max_reconnection_attempts)
    outbox = Outbox(system, bridge, send_seconds=settings.send_timeout, limit=settings.outbox_limit)
    images, first = QrImages(), settings.api_key
    streams = Streams.of(lambda: system.store, settings)
    key = first.get_secret_value() if first else None
    keyring = Keyring(lambda: system.store, first=key, shut_out=streams.look_again)
    rates, sessions = Rates.of(settings), BrowserSessions(keyring, shut_out=streams.look_again)
    readiness, http = Readiness(system, bridge), HttpMetrics(system.metrics.registry)
    consumers = Consumers(lambda: system.store, streams)
    description = Description(routes(), needs_of(settings), system.versions["session_manager"])
    return Gateway(
        settings,
        bridge,
        outbox,
        images,
        StatusPages(images),
        keyring,
        rates,
        sessions,
        readiness,
        http,
        streams=streams,
        consumers=consumers,
        webhooks=Webhooks(system, bridge, reachable(settings)),
        description=description,
    )


def application(gateway: Gateway) -> ASGIApp:
    """The whole of it, for one event loop."""
    keyring, rates, sessions = gateway.keyring, gateway.rates, gateway.browser_sessions
    app = Starlette(
        routes=named(guard(routes(), keyring, rates, needs_of(gateway.settings), sessions)),
        exception_handlers=dict.fromkeys(errors.PROBLEMS, errors.answer),
    )
    app.router.redirect_slashes = False
    app.state.gateway = gateway
    quick = Guard(status.QuickStatus(gateway), {"GET": NEEDS["GET", "/status"]}, keyring, rates, sessions)
    return Access(door(_Shortcut(PageHeaders(app), quick), gateway.settings, keyring), gateway.http.count)


def needs_of(settings: Settings) -> Mapping[tuple[str, str], Need]:
    """The table of who may call, as far as an operator can change it."""
    return {**NEEDS, ("GET", "/metrics"): OPEN} if settings.metrics_open else NEEDS


class _Shortcut:
    """GET /status, which frontends ask for many times a second, goes past Starlette; everything else through it."""

    def __init__(self, app: ASGIApp, quick: ASGIApp) -> None:
        self._app, self._quick = app, quick

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        quick = scope["type"] == "http" and scope["path"] == "/status" and scope["method"] == "GET"
        if quick:
            scope[TEMPLATE] = "/status"
        await (self._quick if quick else self._app)(scope, receive, send)
