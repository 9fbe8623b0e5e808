"""Calls that send messages, through the outbox as native ones do: on disk first, in order, never twice."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from actors.clients.operations.messages import Send, SendLocation, SendText
from actors.waha.messages import Json, message
from gateway.calls import URGENT, adapter_of
from gateway.http import idempotency_key, parse_values
from gateway.service import Draft, MessageStanding
from gateway.waha.calls import WahaRequest
from gateway.waha.errors import BadRequest

if TYPE_CHECKING:
    from gateway.waha.given import Given

S = TypeVar("S", bound=Send)
_BARE_ID = re.compile(r"[0-9A-Za-z]{1,64}")


async def text(request: WahaRequest) -> Any:
    """Send a text."""
    body = request.given.text("text")
    return await send(request, SendText, {"text": body, **_linked(request.given)}, body=body)


async def text_by_query(request: WahaRequest) -> Any:
    """Send a text that the query gives."""
    body = request.given.text("text")
    return await send(request, SendText, {"text": body}, chat=request.given.chat("phone"), body=body)


async def location(request: WahaRequest) -> Any:
    """Send a place on the map."""
    given = request.given
    place = {
        "latitude": given.number("latitude"),
        "longitude": given.number("longitude"),
        "name": given.optional_text("title"),
    }
    told = {"latitude": place["latitude"], "longitude": place["longitude"], "name": place["name"], "live": False}
    empty = dict.fromkeys(("address", "url", "description", "thumbnail"))
    return await send(request, SendLocation, place, kind="location", location={**told, **empty})


async def send(
    request: WahaRequest, sending: type[S], arguments: Json, *, chat: str | None = None, **told: Any
) -> Json:
    """Send through the outbox, wait until WhatsApp has the message, and return it as a WAMessage.

    `told` are fields of the answer. Raises BadRequest, SendFailed, SendUnknown.
    """
    address = request.given.chat() if chat is None else chat
    wanted = {"chat": address, **arguments, **_options(request.given)}
    operation = parse_values(
        {name: value for name, value in wanted.items() if name in _fields(sending)}, adapter_of(sending)
    )
    id = _id(request.given)
    key = idempotency_key(request.http) or (None if id is None else f"waha:{id}")
    draft = Draft(request.client_id, operation, URGENT, key, message_id=id)
    sent = (await request.gateway.outbox.send(draft)).message
    full = sent.full_id or f"true_{sent.chat}_{sent.message_id}"
    sent_at = sent.times.get("sent") or time.time()
    return message(
        full,
        address,
        me=request.me,
        from_me=True,
        timestamp=int(sent_at),
        ack=1,
        source="api",
        **{**told, "_data": {**told.get("_data", {}), "outbox": asdict(MessageStanding.of(sent))}},
    )


def _id(given: Given) -> str | None:
    """Return the bare id that the message is to have: a repetition with the same id is sent once. Raises BadRequest."""
    id = given.optional_text("id")
    if id is not None and not _BARE_ID.fullmatch(id):
        raise BadRequest("id must be a bare message id of letters and digits")
    return id


def _fields(kind: type[Any]) -> set[str]:
    return {one.name for one in fields(kind)}


def _linked(given: Given) -> Json:
    return {"link_preview": given.flag("linkPreview", True)}


def _options(given: Given) -> Json:
    """Return the options that all kinds of messages share, where they are given."""
    options: Json = {}
    if (quoted := given.optional_text("reply_to") or given.optional_text("replyTo")) is not None:
        options["reply_to"] = quoted
    if mentions := given.items("mentions"):
        if not all(isinstance(one, str) for one in mentions):
            raise BadRequest("mentions must be a list of chat ids")
        options["mentions"] = "all" if "all" in mentions else mentions
    return options
