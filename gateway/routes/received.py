"""The files that came with messages: served, and fetched again."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from starlette.responses import Response

from actors.clients.operations.received import FetchMedia
from gateway.calls import ApiRequest, adapter_of
from gateway.files.answer import file_answer
from gateway.files.received import NoSuchFile
from gateway.http import parse_values, reply
from gateway.schemas.received import ReceivedAnswer


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
