"""What operators look at: metrics, readiness, what a client has been through, what its page shows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pykka import Timeout
from starlette.responses import Response

from actors.clients.errors import NoSuchClient, ShuttingDown, Starting
from actors.clients.types import ClientId, State
from gateway.bodies import parse_query
from gateway.identity import client_number
from gateway.replies import NO_STORE, reply
from gateway.schemas.history import HistoryAnswer, HistoryQuery
from gateway.schemas.service import ReadyAnswer

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway.calls import Gateway


async def metrics(gateway: Gateway, request: Request) -> Response:
    """Everything that is counted and measured, as Prometheus reads it."""
    states, accept = await _states(gateway), request.headers.get("accept", "")
    text, media_type = await asyncio.to_thread(gateway.bridge.metrics.text, states, accept)
    return Response(text, headers={**NO_STORE, "content-type": media_type})


async def ready(gateway: Gateway, _: Request) -> Response:
    """Whether work can be done here, and what is in the way."""
    obstacles = await gateway.readiness.obstacles()
    return reply(ReadyAnswer(ready=not obstacles, why=list(obstacles)), 503 if obstacles else 200)


async def history(gateway: Gateway, request: Request) -> Response:
    """The newest changes of a client's state, oldest of them first."""
    client_id, query = _client(request), parse_query(request, HistoryQuery)
    return reply(HistoryAnswer.of(client_id, await gateway.bridge.history(client_id, query.limit)))


async def screenshot(gateway: Gateway, request: Request) -> Response:
    """What the client's page shows now."""
    png = await gateway.bridge.screenshot(_client(request))
    return Response(png, headers=NO_STORE, media_type="image/png")


async def _states(gateway: Gateway) -> list[State] | None:
    try:
        return [status.state for status in await gateway.bridge.clients()]
    except (Starting, ShuttingDown, Timeout):
        return None


def _client(request: Request) -> ClientId:
    """The client in the path. Raises NoSuchClient."""
    text = request.path_params["id"]
    client_id = client_number(text.encode("utf-8", "replace"))
    if client_id is None:
        raise NoSuchClient(text)
    return client_id
