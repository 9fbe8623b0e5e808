"""Calls that send messages, through the outbox as native ones do: on disk first, in order, never twice."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import time
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from actors.clients.operations.messages import (
    ForwardMessage,
    LinkPreview,
    Send,
    SendContacts,
    SendLocation,
    SendPoll,
    SendText,
)
from actors.waha.messages import Json, message
from gateway.calls import URGENT, adapter_of
from gateway.files.intake import PICTURE
from gateway.http import idempotency_key, parse_values, validated
from gateway.schemas.files import FileSource
from gateway.service.outbox import Draft, MessageStanding
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.errors import BadRequest
from gateway.waha.given import digits

if TYPE_CHECKING:
    from gateway.waha.given import Given

S = TypeVar("S", bound=Send)
_BARE_ID = re.compile(r"[0-9A-Za-z]{1,64}")
THUMBNAIL = (300, 300)
"""Pixels of a preview's picture, at most."""
_NAME_IN_CARD = re.compile(r"^FN[^:\n]*:(.+)$", re.MULTILINE)


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


async def contacts(request: WahaRequest) -> Any:
    """Send contact cards: each a whole vCard, or a name and a number."""
    cards = [_card(one) for one in request.given.items("contacts")]
    if not cards:
        raise BadRequest("contacts should not be empty")
    texts = [card["vcard"] for card in cards if card["vcard"]]
    kind = "vcard" if len(cards) == 1 else "multi_vcard"
    return await send(request, SendContacts, {"contacts": cards}, kind=kind, vCards=texts or None)


async def poll(request: WahaRequest) -> Any:
    """Send a poll."""
    wanted = request.given.object("poll") or dict(request.given.values)
    options = [str(one) for one in wanted.get("options") or []]
    told = {"name": str(wanted.get("name") or ""), "options": options}
    several = {"multiple_answers": bool(wanted.get("multipleAnswers"))}
    raw = {"pollName": told["name"], "pollOptions": options}
    return await send(request, SendPoll, {**told, **several}, kind="poll_creation", _data=raw)


async def forward(request: WahaRequest) -> Any:
    """Forward a message of any chat."""
    wanted = {"message": request.given.text("messageId")}
    return await send(request, ForwardMessage, wanted, _data={"isForwarded": True})


async def custom_preview(request: WahaRequest) -> Any:
    """Send a text with a link preview of the caller's words and picture."""
    given = request.given
    told, text = given.object("preview"), given.text("text")
    url = str(told.get("url") or "")
    if not url or url not in text:
        raise BadRequest("text must contain preview.url")
    preview = {
        "url": url,
        "title": str(told.get("title") or url),
        "description": told.get("description") or None,
        "thumbnail": await _thumbnail(request, told.get("image")),
    }
    return await send(request, SendText, {"text": text, "link_preview": checked(LinkPreview, **preview)}, body=text)


async def link_preview(request: WahaRequest) -> Any:
    """Send a link with a title of the caller's. Deprecated by WAHA."""
    url = request.given.text("url")
    preview = checked(LinkPreview, url=url, title=request.given.optional_text("title") or url)
    return await send(request, SendText, {"text": url, "link_preview": preview}, body=url)


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


def _card(one: Any) -> Json:
    """Return the fields of a contact card. Raises BadRequest."""
    if not isinstance(one, dict):
        raise BadRequest("each of contacts must be an object")
    if one.get("vcard"):
        vcard = str(one["vcard"])
        named = _NAME_IN_CARD.search(vcard)
        return {"name": named[1].strip() if named else "Contact", "vcard": vcard}
    number = one.get("whatsappId") or one.get("phoneNumber")
    if not one.get("fullName") or not number:
        raise BadRequest("each of contacts should have a vcard, or a fullName and a phoneNumber")
    card = {"name": str(one["fullName"]), "phone": digits(str(number), "phoneNumber"), "vcard": None}
    return {**card, "organization": one.get("organization") or None}


async def _thumbnail(request: WahaRequest, image: Any) -> str | None:
    """Return a picture as a small JPEG in base64. Raises BadRequest, MediaUnreachable, MediaRefused."""
    if not isinstance(image, dict) or not (image.get("url") or image.get("data")):
        return None
    values = {name: image[name] for name in ("url", "data", "mimetype") if image.get(name)}
    media = request.media
    kept = await media.take(validated(FileSource, values), request.uploads, PICTURE)
    return await asyncio.to_thread(_small, await media.content(kept))


def _small(data: bytes) -> str:
    from PIL import Image  # imported late: few callers give a preview of their own

    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.thumbnail(THUMBNAIL)
            made = io.BytesIO()
            picture.convert("RGB").save(made, "JPEG", quality=80)
    except (OSError, Image.DecompressionBombError) as error:
        raise BadRequest("preview.image is no picture that can be read") from error
    return base64.b64encode(made.getvalue()).decode("ascii")
