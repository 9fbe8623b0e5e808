"""GET /health: answers whatever the clients do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pykka import Timeout

from actors.clients.errors import ShuttingDown, Starting
from gateway import states
from gateway.admission.authority import caller_of
from gateway.replies import reply
from gateway.schemas.service import HealthAnswer, HealthSummary

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from actors.clients.protocol import Status
    from gateway.calls import Gateway


async def health(gateway: Gateway, request: Request) -> Response:
    """The whole service in one state, and for who has a key how many clients are in each."""
    counts = states.count(await _clients(gateway))
    if caller_of(request.scope) is None:
        return reply(HealthSummary(whatsapp_state=states.overall(counts)))
    versions = dict(gateway.bridge.versions)
    return reply(HealthAnswer(whatsapp_state=states.overall(counts), clients=counts, versions=versions))


async def _clients(gateway: Gateway) -> tuple[Status, ...]:
    try:
        return await gateway.bridge.clients()
    except (Starting, ShuttingDown, Timeout):
        return ()
