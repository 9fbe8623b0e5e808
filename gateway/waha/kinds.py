"""Calls that send contact cards, polls, forwarded messages, and links with a preview of one's own."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from typing import Any

from actors.clients.operations.messages import ForwardMessage, LinkPreview, SendContacts, SendPoll, SendText
from actors.waha.messages import Json
from gateway.http import validated
from gateway.media import PICTURE
from gateway.schemas.files import FileSource
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.errors import BadRequest
from gateway.waha.given import digits
from gateway.waha.messages import send

THUMBNAIL = (300, 300)
"""Pixels of a preview's picture, at most."""
_NAME_IN_CARD = re.compile(r"^FN[^:\n]*:(.+)$", re.MULTILINE)


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
    """Send a text with a link preview of one's own words and picture."""
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
    """Send a link with a title of one's own: the call of before."""
    url = request.given.text("url")
    preview = checked(LinkPreview, url=url, title=request.given.optional_text("title") or url)
    return await send(request, SendText, {"text": url, "link_preview": preview}, body=url)


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
