"""Messages on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.clients.protocol import SendText
from gateway.access import STATE_KEY
from gateway.errors import InvalidRequest
from gateway.replies import reply
from gateway.schemas import SendRequest, SentAnswer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from actors.clients.types import ClientId
    from gateway.calls import Gateway


async def send(gateway: Gateway, client_id: ClientId, request: Request) -> Response:
    """Send a text; answered once WhatsApp has it."""
    body = await gateway.body(request, SendRequest)
    if body.cliente_id not in (None, client_id):
        raise InvalidRequest("cliente_id differs from X-Cliente-Id")
    message = SendText(body.chat, body.message, request.scope.get(STATE_KEY))
    return reply(SentAnswer.of(await gateway.bridge.send(client_id, message), client_id))
