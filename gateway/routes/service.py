"""The calls about the service: health, readiness, metrics, and the OpenAPI document."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

from pykka import Timeout
from starlette.responses import RedirectResponse, Response

from actors.clients.errors import ShuttingDown, Starting
from actors.clients.protocol import Status
from actors.clients.types import State
from gateway.calls import ApiRequest
from gateway.http import NO_STORE, JsonResponse, reply
from gateway.prefix import prefix_of
from gateway.schemas.service import HealthAnswer, HealthSummary, ReadyAnswer, RootAnswer, WhatsAppWeb
from gateway.security.auth import caller_of, may_see

LINKS = {
    "dashboard": "/dashboard",
    "docs": "/docs",
    "openapi": "/openapi.json",
    "health": "/health",
    "ready": "/ready",
}
"""Where GET / leads to."""


async def root(request: ApiRequest[None, None]) -> Response:
    """Return what this service is, and where to go on.

    A browser is led to the dashboard.
    """
    if "text/html" in request.http.headers.get("accept", ""):
        return RedirectResponse("/dashboard", 302, {**NO_STORE, "vary": "accept"})
    prefix = prefix_of(request.http.scope)
    links = {name: prefix + path for name, path in LINKS.items()}
    return reply(RootAnswer(version=request.gateway.bridge.versions["session_manager"], links=links))


async def health(request: ApiRequest[None, None]) -> Response:
    """Return the state of the whole service.

    Of the clients that the key is for: a caller without a key, where one is needed, sees none, and gets the first three
    fields. Answers in any state of any client, and never waits for one.
    """
    sees = partial(may_see, request.http.scope)
    counts = count(status for status in await _clients(request) or () if sees(status.client_id))
    seen = request.gateway.bridge.whatsapp
    summary = HealthSummary(status="ok" if seen.whole else "degraded", whatsapp_state=overall(counts))
    if caller_of(request.http.scope) is None:
        return reply(summary)
    versions, web = dict(request.gateway.bridge.versions), WhatsAppWeb.of(seen, sees)
    return reply(HealthAnswer(**summary.__dict__, clients=counts, versions=versions, whatsapp_web=web))


async def ready(request: ApiRequest[None, None]) -> Response:
    """Return whether the service can work, and the obstacles."""
    obstacles = await request.gateway.readiness.obstacles()
    return reply(ReadyAnswer(ready=not obstacles, why=list(obstacles)), 503 if obstacles else 200)


async def metrics(request: ApiRequest[None, None]) -> Response:
    """Return counters and measurements, for Prometheus."""
    statuses, accept = await _clients(request), request.http.headers.get("accept", "")
    states = None if statuses is None else [status.state for status in statuses]
    text, media_type = await asyncio.to_thread(request.gateway.bridge.metrics.text, states, accept)
    return Response(text, headers={**NO_STORE, "content-type": media_type})


async def openapi(request: ApiRequest[None, None]) -> Response:
    """Return this document."""
    prefix = prefix_of(request.http.scope)
    document = await asyncio.to_thread(request.gateway.description.text)  # the first one takes half a second
    if prefix:
        document = b'{"servers":[{"url":"%s"}],' % prefix.encode("ascii") + document.removeprefix(b"{")
    return JsonResponse(document, headers={"Cache-Control": "no-cache"})


async def _clients(request: ApiRequest[None, None]) -> tuple[Status, ...] | None:
    """Return every client's status; None if the supervisor does not answer."""
    try:
        return await request.gateway.bridge.clients()
    except (Starting, ShuttingDown, Timeout):
        return None


def count(statuses: Iterable[Status]) -> dict[State, int]:
    """Return the number of clients by state, without empty states, in the order of State."""
    found = [status.state for status in statuses]
    return {state: found.count(state) for state in State if state in found}


def overall(counts: Mapping[State, int]) -> State:
    """Return one state for all clients: READY if any is, else the most frequent one, else NOT_INITIALIZED."""
    if State.READY in counts:
        return State.READY
    return max(counts, key=counts.__getitem__, default=State.NOT_INITIALIZED)
