"""Messages on their way out: sent while the caller waits, or queued and looked up later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from starlette.responses import Response

from actors.clients.operations.fields import File
from gateway.calls import ApiRequest
from gateway.files.intake import ANYTHING, FITS
from gateway.http import InvalidRequest, idempotency_key, reply
from gateway.schemas.files import Convertible, FileSource
from gateway.schemas.messages import (
    CONTENTS,
    CONVERTED,
    HeldAnswer,
    HeldCount,
    MessageAnswer,
    MessageRequest,
    MessagesAnswer,
    MessagesQuery,
    SendRequest,
    SentAnswer,
    ToChat,
)
from gateway.service.outbox import Draft

if TYPE_CHECKING:
    from gateway.files.uploads import Uploads

Body = TypeVar("Body", bound=ToChat)
NOT_YET = File("", 0, "", "")
"""Stands for a file that is yet to be fetched."""


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
    body, outbox = _checked(request), request.gateway.outbox
    source = body.content[1] if isinstance(body.content[1], FileSource) else None
    draft = Draft(
        request.client_id,
        body.operation(None if source is None else NOT_YET),
        body.priority,
        idempotency_key(request.http),
        send_at=body.instant("send_at"),
        expires_at=body.instant("expires_at"),
        file=None if source is None else source.told,
    )
    handed = await outbox.repeated(draft) if draft.file is not None else None
    if handed is None:
        if source is not None:
            await outbox.admit(draft.client_id)
            draft = await _with_file(request, draft, source)
        cast("Uploads", request.uploads).refuse_unused()
        handed = await outbox.accept(draft)
    return reply(MessageAnswer.of(handed.message), 202, headers=handed.headers)


async def _with_file(request: ApiRequest[MessageRequest, None], draft: Draft, source: FileSource) -> Draft:
    """Return the draft with its file, kept; converted, where that is asked for."""
    name, media = request.body.content[0], request.media
    if not (isinstance(source, Convertible) and source.convert):
        file = await media.take(source, request.uploads, FITS.get(CONTENTS[name], ANYTHING), follows=True)
        return replace(draft, operation=request.body.operation(file))
    given = await media.take(source, request.uploads)
    file = await media.converted(given, CONVERTED[name], follows=True)
    # What a conversion makes may differ from time to time: what it was made of names it.
    return replace(
        draft, operation=request.body.operation(file), file=draft.file or f"{given.digest} {CONVERTED[name]}"
    )


async def messages(request: ApiRequest[None, MessagesQuery]) -> Response:
    """List messages, the newest first.

    `since` and `until` choose by the time of acceptance; `order=oldest` lists in the order of acceptance.
    """
    asked = request.query.asked(request.client_id)
    return reply(MessagesAnswer.of(await request.gateway.outbox.messages(asked), asked))


async def message(request: ApiRequest[None, None]) -> Response:
    """Return the state of a message."""
    return reply(MessageAnswer.of(await request.gateway.outbox.message(request.client_id, request.path("id"))))


async def cancel(request: ApiRequest[None, None]) -> Response:
    """Cancel a message that has not left."""
    return reply(MessageAnswer.of(await request.gateway.outbox.cancel(request.client_id, request.path("id"))))


async def held(request: ApiRequest[None, None]) -> Response:
    """Count the messages that wait for another account.

    They were accepted while the client was linked to it, and leave from no other.
    """
    found = await request.gateway.outbox.held(request.client_id)
    return reply(HeldAnswer.of(request.client_id, found))


async def release(request: ApiRequest[None, None]) -> Response:
    """Send a held message from the account that is linked now."""
    return reply(MessageAnswer.of(await request.gateway.outbox.release(request.client_id, request.path("id"))))


async def release_held(request: ApiRequest[None, None]) -> Response:
    """Send all held messages from the account that is linked now."""
    count = await request.gateway.outbox.release_held(request.client_id)
    return reply(HeldCount(cliente_id=request.client_id, count=count))


async def cancel_held(request: ApiRequest[None, None]) -> Response:
    """Cancel all held messages."""
    count = await request.gateway.outbox.cancel_held(request.client_id)
    return reply(HeldCount(cliente_id=request.client_id, count=count))


def _checked(request: ApiRequest[Body, None]) -> Body:
    """Return the body, if it names no other client than the header. Raises InvalidRequest."""
    if request.body.cliente_id not in (None, request.client_id):
        raise InvalidRequest("cliente_id differs from X-Cliente-Id")
    return request.body
