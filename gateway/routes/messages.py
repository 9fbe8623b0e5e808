"""Messages on their way out: sent while the caller waits, or promised and asked about later."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from actors.store.outbox import ListMessages
from gateway.bodies import parse_query
from gateway.errors import InvalidRequest
from gateway.outbox import Draft
from gateway.replies import reply
from gateway.schemas.messages import (
    MessageAnswer,
    MessageRequest,
    MessagesAnswer,
    MessagesQuery,
    SendRequest,
    SentAnswer,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from actors.clients.types import ClientId
    from gateway.calls import Gateway
    from gateway.outbox import Handed

Body = TypeVar("Body", bound=SendRequest)

KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def send(gateway: Gateway, client_id: ClientId, request: Request) -> Response:
    """Send a text; answered once WhatsApp has it."""
    body = await _body(gateway, client_id, request, SendRequest)
    draft = Draft(client_id, body.chat, body.message, body.priority, _key(request))
    handed = await gateway.outbox.send(draft)
    return reply(SentAnswer.of(handed.message), headers=_headers(handed))


async def accept(gateway: Gateway, client_id: ClientId, request: Request) -> Response:
    """Promise a text; answered once it is on disk."""
    body = await _body(gateway, client_id, request, MessageRequest)
    instants = {"send_at": body.instant("send_at"), "expires_at": body.instant("expires_at")}
    handed = await gateway.outbox.accept(
        Draft(client_id, body.chat, body.message, body.priority, _key(request), **instants)
    )
    return reply(MessageAnswer.of(handed.message), 202, headers=_headers(handed))


async def messages(gateway: Gateway, client_id: ClientId, request: Request) -> Response:
    """A page of the client's messages, in the order of acceptance."""
    query = parse_query(request, MessagesQuery)
    found = await gateway.outbox.messages(ListMessages(client_id, query.state, query.chat, query.after, query.limit))
    return reply(MessagesAnswer.of(found, query.limit))


async def message(gateway: Gateway, client_id: ClientId, request: Request) -> Response:
    """How one message stands."""
    return reply(MessageAnswer.of(await gateway.outbox.message(client_id, request.path_params["id"])))


async def cancel(gateway: Gateway, client_id: ClientId, request: Request) -> Response:
    """Take back what has not left."""
    return reply(MessageAnswer.of(await gateway.outbox.cancel(client_id, request.path_params["id"])))


async def _body(gateway: Gateway, client_id: ClientId, request: Request, shape: type[Body]) -> Body:
    body = await gateway.body(request, shape)
    if body.cliente_id not in (None, client_id):
        raise InvalidRequest("cliente_id differs from X-Cliente-Id")
    return body


def _key(request: Request) -> str | None:
    keys = set(request.headers.getlist(KEY_HEADER))
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(key := keys.pop()):
        raise InvalidRequest(f"{KEY_HEADER} should be one value of 1 to 255 visible ASCII characters")
    return key


def _headers(handed: Handed) -> dict[str, str]:
    return {"Idempotent-Replayed": "true"} if handed.repeated else {}
