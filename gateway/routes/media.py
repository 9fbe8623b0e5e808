"""Files, uploaded once and named in messages by their digest."""

from __future__ import annotations

from typing import cast

from starlette.responses import Response

from actors.clients.operations.fields import File
from actors.media.conversion import Form
from gateway.calls import ApiRequest
from gateway.files.uploads import Uploads
from gateway.http import InvalidRequest, reply, validated
from gateway.schemas.files import FileSource, MediaAnswer


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
