"""From an HTTP request to a handler of a few lines.

A handler gets the gateway, and the client it is about where the call is about one; what it raises becomes an answer by
the table in `errors`. The header is looked at before anything else of the request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from gateway.bodies import Shape, parse
from gateway.identity import client_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from actors.clients.types import ClientId
    from config.settings import Settings
    from gateway.admission.browser_sessions import BrowserSessions
    from gateway.admission.keyring import Keyring
    from gateway.admission.rate_limits import Rates
    from gateway.bridge import Bridge
    from gateway.http_metrics import HttpMetrics
    from gateway.openapi.document import Description
    from gateway.outbox import Outbox
    from gateway.pages import StatusPages
    from gateway.qr import QrImages
    from gateway.readiness import Readiness
    from gateway.streaming.consumers import Consumers
    from gateway.streaming.streams import Streams
    from gateway.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Gateway:
    """What handlers work with. Belongs to one event loop."""

    settings: Settings
    bridge: Bridge
    outbox: Outbox
    images: QrImages
    pages: StatusPages
    keyring: Keyring
    rates: Rates
    browser_sessions: BrowserSessions
    readiness: Readiness
    http: HttpMetrics
    streams: Streams
    consumers: Consumers
    webhooks: Webhooks
    description: Description

    async def body(self, request: Request, shape: type[Shape]) -> Shape:
        """The request's body as this shape. Raises InvalidRequest, HTTPException 408 and 413, ClientDisconnect."""
        return await parse(request, shape, self.settings.body_timeout)


Handler = Callable[[Gateway, "Request"], Awaitable["Response"]]
ClientHandler = Callable[[Gateway, "ClientId", "Request"], Awaitable["Response"]]
Endpoint = Callable[["Request"], Awaitable["Response"]]


def for_all(handler: Handler) -> Endpoint:
    """A call about no client in particular."""

    async def endpoint(request: Request) -> Response:
        return await handler(_gateway(request), request)

    return endpoint


def for_client(handler: ClientHandler) -> Endpoint:
    """A call about the client that the header names. Raises HeaderRefused."""

    async def endpoint(request: Request) -> Response:
        return await handler(_gateway(request), client_of(request.scope["headers"]), request)

    return endpoint


def _gateway(request: Request) -> Gateway:
    return cast(Gateway, request.app.state.gateway)
