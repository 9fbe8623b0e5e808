"""The messages that a phone writes: any kind, from the JSON object of a control client."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

from sandbox.world import ChatMessage, Phone, SandboxError, World, new_id

FILE_KINDS = {"voice": "ptt", "video_note": "ptv", "sticker": "sticker", "document": "document"}
"""A file's `kind` -> WhatsApp's type. Without a kind, the MIME type decides."""
CHOICES = {"button": "buttons_response", "list": "list_response", "template": "template_button_reply"}

Content = dict[str, Any]
"""Attributes of a ChatMessage, `type` among them."""


def compose(world: World, phone: Phone, said: dict[str, Any]) -> ChatMessage:
    """Return the message as its sender has it.

    Raises KeyError, ValueError or SandboxError if it cannot be written like that.
    """
    chat, content = str(said["to"]), _content(world, said)
    return ChatMessage(
        id=str(said.get("id") or new_id()),
        account=phone.number,
        chat=chat,
        from_me=True,
        author=phone.number,
        text=str(said.get("text", "")),
        t=time.time(),
        quoted=None if said.get("quote") is None else str(said["quote"]),
        mentions=[str(number) for number in said.get("mentions", [])],
        forwarded=bool(said.get("forwarded", False)),
        **content,
    )


def _content(world: World, said: dict[str, Any]) -> Content:
    given = [name for name in _READ if said.get(name) is not None]
    if len(given) > 1:
        raise SandboxError(400, "INVALID_REQUEST", f"a message is one of {', '.join(_READ)}, not {' and '.join(given)}")
    return _READ[given[0]](world, said[given[0]]) if given else {}


def _file(world: World, said: dict[str, Any]) -> Content:
    data = base64.b64decode(said["base64"], validate=True)
    duration = None if said.get("duration") is None else int(said["duration"])
    mimetype = str(said["mimetype"])
    media = world.add_media(mimetype, str(said["name"]), data, by_phone=True, duration=duration)
    return {"type": _type_of(mimetype, said.get("kind")), "media": media.described()}


def _type_of(mimetype: str, kind: object) -> str:
    if kind is not None:
        if kind not in FILE_KINDS:
            raise SandboxError(400, "INVALID_REQUEST", f"kind must be one of {', '.join(FILE_KINDS)}")
        return FILE_KINDS[str(kind)]
    family = mimetype.partition("/")[0]
    return family if family in ("image", "video", "audio") else "document"


def _location(_: World, said: dict[str, Any]) -> Content:
    lines = [str(said[name]) for name in ("name", "address") if said.get(name)]
    place = {"lat": float(said["latitude"]), "lng": float(said["longitude"]), "loc": "\n".join(lines) or None}
    return {"type": "location", "location": place}


def _contacts(_: World, said: list[dict[str, Any]]) -> Content:
    cards = [_card(one) for one in said]
    if not cards:
        raise SandboxError(400, "INVALID_REQUEST", "contacts must have at least one card")
    return {"type": "vcard" if len(cards) == 1 else "multi_vcard", "contacts": cards}


def _card(said: dict[str, Any]) -> dict[str, str]:
    name, number = str(said["name"]), str(said.get("number", ""))
    phone = f"TEL;type=CELL;waid={number}:+{number}\n" if number else ""
    vcard = said.get("vcard", f"BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\n{phone}END:VCARD")
    return {"name": name, "vcard": str(vcard)}


def _poll(_: World, said: dict[str, Any]) -> Content:
    options = [str(option) for option in said["options"]]
    return {
        "type": "poll_creation",
        "poll": {"name": str(said["name"]), "options": options, "selectable": int(said.get("selectable", 1))},
    }


def _reply(_: World, said: dict[str, Any]) -> Content:
    kind = said.get("kind", "button")
    if kind not in CHOICES:
        raise SandboxError(400, "INVALID_REQUEST", f"kind must be one of {', '.join(CHOICES)}")
    return {"type": CHOICES[kind], "reply": {"id": str(said["id"]), "text": str(said["text"])}}


_READ: dict[str, Callable[[World, Any], Content]] = {
    "file": _file,
    "location": _location,
    "contacts": _contacts,
    "poll": _poll,
    "reply": _reply,
}
"""Field of the request -> how it becomes the content of a message. Without any, it is a text."""
