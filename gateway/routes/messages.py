"""Messages on their way out: sent while the caller waits, or queued and looked up later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import Response

from actors.store.outbox import ListMessages
from gateway.calls import ApiRequest
from gateway.http import InvalidRequest, idempotency_key, reply
from gateway.schemas.messages import (
    MessageAnswer,
    MessageRequest,
    MessagesAnswer,
    MessagesQuery,
    SendRequest,
    SentAnswer,
    ToChat,
)
from gateway.service import Draft

if TYPE_CHECKING:
    pass

Body = TypeVar("Body", bound=ToChat)


async def send(request: ApiRequest[SendRequest, None]) -> Response:
    """Send a text, and wait until WhatsApp has it."""
    body = _checked(request)
    draft = Draft(request.client_id, body.operation, body.priority, idempotency_key(request.http))
    handed = await request.gateway.outbox.send(draft)
    return reply(SentAnswer.of(handed.message), headers=handed.headers)


async def accept(request: ApiRequest[MessageRequest, None]) -> Response:
    """Queue a message.

    Answers as soon as the message is on disk. Messages leave in the order of acceptance, across restarts.
    """
    body = _checked(request)
    instants: Any = {"send_at": body.instant("send_at"), "expires_at": body.instant("expires_at")}
    draft = Draft(request.client_id, body.operation, body.priority, idempotency_key(request.http), **instants)
    handed = await request.gateway.outbox.accept(draft)
    return reply(MessageAnswer.of(handed.message), 202, headers=handed.headers)


async def messages(request: ApiRequest[None, MessagesQuery]) -> Response:
    """List messages in the order of their acceptance."""
    query = request.query
    wanted = ListMessages(request.client_id, query.state, query.chat, query.after, query.limit)
    return reply(MessagesAnswer.of(await request.gateway.outbox.messages(wanted), query.limit))


async def message(request: ApiRequest[None, None]) -> Response:
    """Return the state of a message."""
    return reply(MessageAnswer.of(await request.gateway.outbox.message(request.client_id, request.path("id"))))


async def cancel(request: ApiRequest[None, None]) -> Response:
    """Cancel a message that has not left."""
    return reply(MessageAnswer.of(await request.gateway.outbox.cancel(request.client_id, request.path("id"))))


def _checked(request: ApiRequest[Body, None]) -> Body:
    """Return the body, if it names no other client than the header. Raises InvalidRequest."""
    if request.body.cliente_id not in (None, request.client_id):
        raise InvalidRequest("cliente_id differs from X-Cliente-Id")
    return request.body
