"""Webhooks and their dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.clients.types import ClientId
from gateway.admission.authority import ANYONE, caller_of
from gateway.bodies import parse_query
from gateway.replies import reply
from gateway.schemas.webhooks import (
    DeadLettersAnswer,
    DeadLettersCount,
    DeadLettersQuery,
    WebhookAnswer,
    WebhookDeleted,
    WebhookDetail,
    WebhookRequest,
)
from gateway.webhooks import NoSuchDeadLetter

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.admission.authority import Caller
    from gateway.calls import Gateway

_DIGITS = 18
"""Of the largest id of a dead letter."""


async def create(gateway: Gateway, request: Request) -> Response:
    """Have events delivered from now on. A secret that is drawn is shown this once."""
    body = await gateway.body(request, WebhookRequest)
    webhook, drawn = await gateway.webhooks.create(_caller(request), body.wishes())
    shown = WebhookAnswer.of(webhook) if drawn is None else WebhookAnswer.of(webhook, secret=drawn)
    return reply(shown, 201, headers={"Location": f"/webhooks/{webhook.id}"})


async def webhooks(gateway: Gateway, request: Request) -> Response:
    """Those that the caller's key manages."""
    return reply([WebhookAnswer.of(webhook) for webhook in await gateway.webhooks.all(_caller(request))])


async def webhook(gateway: Gateway, request: Request) -> Response:
    """One, and how far it has come."""
    found = await gateway.webhooks.get(_caller(request), request.path_params["id"])
    return reply(WebhookDetail.of_both(found, await gateway.webhooks.lines(found.id)))


async def change(gateway: Gateway, request: Request) -> Response:
    """Set the fields that the body names."""
    body = await gateway.body(request, WebhookRequest)
    changed = await gateway.webhooks.change(_caller(request), request.path_params["id"], body.wishes())
    return reply(WebhookAnswer.of(changed))


async def delete(gateway: Gateway, request: Request) -> Response:
    """End it, and forget what it has not had."""
    id = request.path_params["id"]
    await gateway.webhooks.delete(_caller(request), id)
    return reply(WebhookDeleted(id=id))


async def dead_letters(gateway: Gateway, request: Request) -> Response:
    """A page of what was given up."""
    query, id = parse_query(request, DeadLettersQuery), request.path_params["id"]
    client = None if query.client is None else ClientId(query.client)
    found = await gateway.webhooks.dead_letters(_caller(request), id, client, query.after, query.limit)
    return reply(DeadLettersAnswer.of(found, query.limit))


async def replay(gateway: Gateway, request: Request) -> Response:
    """Send one again, or all."""
    id, letter = request.path_params["id"], _letter(request)
    return reply(DeadLettersCount(webhook_id=id, count=await gateway.webhooks.replay(_caller(request), id, letter)))


async def forget(gateway: Gateway, request: Request) -> Response:
    """Delete one, or all."""
    id, letter = request.path_params["id"], _letter(request)
    return reply(DeadLettersCount(webhook_id=id, count=await gateway.webhooks.forget(_caller(request), id, letter)))


def _caller(request: Request) -> Caller:
    return caller_of(request.scope) or ANYONE


def _letter(request: Request) -> int | None:
    """The one dead letter that the path names, if it does. Raises NoSuchDeadLetter."""
    text: str | None = request.path_params.get("letter")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise NoSuchDeadLetter(f"The webhook has no dead letter {text[:_DIGITS]}")
    return int(text)
