"""Files: uploaded once and named in messages by digest; those that came with messages, served and fetched again."""

from __future__ import annotations

from typing import Any, cast

from pydantic import TypeAdapter
from starlette.responses import Response

from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from actors.media.conversion import Form
from gateway.calls import ApiRequest, adapter_of
from gateway.files.answer import file_answer
from gateway.files.received import NoSuchFile
from gateway.files.uploads import Uploads
from gateway.http import InvalidRequest, parse_values, reply, validated
from gateway.schemas.files import FileSource, MediaAnswer, ReceivedAnswer


async def keep(request: ApiRequest[None, None]) -> Response:
    """Keep a file, for messages that name its digest.

    The body is the file itself, a multipart body with one file, or JSON with a `url` or `data`.
    """
    return reply(MediaAnswer.of(await _kept(request)), 201)


async def convert(request: ApiRequest[None, None]) -> Response:
    """Convert a file to what phones play, and keep the result.

    `voice` is Opus in Ogg, `video` H.264 in MP4, `sticker` WebP. The body is as that of POST /media; JSON may also have
    the `digest` of a file that is kept.
    """
    try:
        form = Form(request.path("form"))
    except ValueError:
        raise InvalidRequest(f"form should be one of {', '.join(Form)}") from None
    return reply(MediaAnswer.of(await request.media.converted(await _kept(request), form)), 201)


async def _kept(request: ApiRequest[None, None]) -> File:
    """Return the file that is the body, or that the body names."""
    uploads, media = cast(Uploads, request.uploads), request.media
    seconds = request.gateway.settings.body_timeout
    if not request.http.headers.get("content-type", "").lower().startswith("application/json"):
        return await media.keep(await uploads.file(request.http, seconds))
    values, _ = await uploads.values(request.http, seconds)
    file = await media.take(validated(FileSource, values), uploads)
    uploads.refuse_unused()
    return file


async def give(request: ApiRequest[None, None]) -> Response:
    """Return the file of a message that came in.

    The name is the one in the event's `media.url`. Ranges and `If-None-Match` are kept to; what could hold a script is
    a download.
    """
    name = request.path("name")
    file, path = await request.gateway.received.find(request.client_id, name)
    try:
        return await file_answer(file, path, request.gateway.received.threads, asked=dict(request.http.headers))
    except FileNotFoundError:
        raise NoSuchFile(name) from None


async def fetch(request: ApiRequest[None, None]) -> Response:
    """Fetch the file of a message from WhatsApp, whether or not it was before.

    For a file whose event says why it is not there, or whose time is over.
    """
    given = {"chat": request.path("chat"), "message": request.path("message")}
    adapter: TypeAdapter[Any] = adapter_of(FetchMedia)
    order: FetchMedia = parse_values(given, adapter)
    bare_id, file = await request.gateway.received.fetch(request.client_id, order.chat, order.message)
    return reply(ReceivedAnswer.of(bare_id, file))
