"""Webhooks and their dead letters."""

from __future__ import annotations

from starlette.responses import Response

from actors.clients.types import ClientId
from gateway.calls import ApiRequest
from gateway.http import reply
from gateway.schemas.webhooks import (
    DeadLettersAnswer,
    DeadLettersCount,
    DeadLettersQuery,
    WebhookAnswer,
    WebhookDeleted,
    WebhookDetail,
    WebhookRequest,
)
from gateway.service.webhooks import NoSuchDeadLetter

_DIGITS = 18
"""Of the largest id of a dead letter."""


async def create(request: ApiRequest[WebhookRequest, None]) -> Response:
    """Subscribe a URL to events from now on.

    Without `secret` the service creates one; the answer is the only one that shows it. The same webhook again is the
    one that is there, with its secret masked: 200.
    """
    webhook, drawn, is_new = await request.gateway.webhooks.create(request.caller, request.body.wishes())
    shown = WebhookAnswer.of(webhook) if drawn is None else WebhookAnswer.of(webhook, secret=drawn)
    return reply(shown, 201 if is_new else 200, headers={"Location": f"/webhooks/{webhook.id}"})


async def webhooks(request: ApiRequest[None, None]) -> Response:
    """List the webhooks that the key manages."""
    found = await request.gateway.webhooks.all(request.caller)
    return reply([WebhookAnswer.of(webhook) for webhook in found])


async def webhook(request: ApiRequest[None, None]) -> Response:
    """Return a webhook, and how far its deliveries are."""
    found = await request.gateway.webhooks.get(request.caller, request.path("id"))
    return reply(WebhookDetail.of_both(found, await request.gateway.webhooks.lines(request.caller, found.id)))


async def change(request: ApiRequest[WebhookRequest, None]) -> Response:
    """Change fields of a webhook.

    Events that are not delivered yet follow the new fields, at once.
    """
    changed = await request.gateway.webhooks.change(request.caller, request.path("id"), request.body.wishes())
    return reply(WebhookAnswer.of(changed))


async def delete(request: ApiRequest[None, None]) -> Response:
    """Delete a webhook, and the events that it has not received."""
    id = request.path("id")
    await request.gateway.webhooks.delete(request.caller, id)
    return reply(WebhookDeleted(id=id))


async def dead_letters(request: ApiRequest[None, DeadLettersQuery]) -> Response:
    """List the dead letters of a webhook, oldest first."""
    query = request.query
    client = None if query.client is None else ClientId(query.client)
    found = await request.gateway.webhooks.dead_letters(
        request.caller, request.path("id"), client, query.after, query.limit
    )
    return reply(DeadLettersAnswer.of(found, query.limit))


async def replay_all(request: ApiRequest[None, None]) -> Response:
    """Send all dead letters of a webhook again."""
    return await _replay(request, None)


async def replay_one(request: ApiRequest[None, None]) -> Response:
    """Send a dead letter again."""
    return await _replay(request, _letter(request))


async def forget_all(request: ApiRequest[None, None]) -> Response:
    """Delete all dead letters of a webhook."""
    return await _forget(request, None)


async def forget_one(request: ApiRequest[None, None]) -> Response:
    """Delete a dead letter."""
    return await _forget(request, _letter(request))


async def _replay(request: ApiRequest[None, None], letter: int | None) -> Response:
    id = request.path("id")
    count = await request.gateway.webhooks.replay(request.caller, id, letter)
    return reply(DeadLettersCount(webhook_id=id, count=count))


async def _forget(request: ApiRequest[None, None], letter: int | None) -> Response:
    id = request.path("id")
    count = await request.gateway.webhooks.forget(request.caller, id, letter)
    return reply(DeadLettersCount(webhook_id=id, count=count))


def _letter(request: ApiRequest[None, None]) -> int:
    """Return the dead letter in the path. Raises NoSuchDeadLetter."""
    text = request.path("letter")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise NoSuchDeadLetter(f"The webhook has no dead letter {text[:_DIGITS]}")
    return int(text)
