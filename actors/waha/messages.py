"""WAHA's WAMessage, and the addresses and acknowledgements in it.

A person is `…@c.us` wherever the number is known, else `…@lid`. WAMessage has no `type` at its top: some SDKs check it
against a list of their own; the kind is in `_data`, as WhatsApp Web's own raw message has it.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

ACKS = {-1: "ERROR", 0: "PENDING", 1: "SERVER", 2: "DEVICE", 3: "READ", 4: "PLAYED"}


PRESENCES = {"available": "online", "unavailable": "offline", "unknown": "offline"}
"""WAHA's words for presences, where they differ from ours."""


def ack_name(ack: object) -> str:
    """Return WAHA's name of an acknowledgement."""
    return ACKS.get(ack, "UNKNOWN") if isinstance(ack, int) else "UNKNOWN"


def account(phone: str | None) -> str | None:
    """Return the address of the account with this number."""
    return None if phone is None else f"{phone}@c.us"


def person(address: object, phone: object = None) -> str | None:
    """Return an address as WAHA tells it: by number, where that is known."""
    if address is None:
        return None
    text = str(address).replace("@s.whatsapp.net", "@c.us")
    return f"{phone}@c.us" if phone and not text.endswith(("@g.us", "@newsletter", "@broadcast")) else text


def raw_key(full_id: object) -> Json:
    """Return the parts of `true_5491122334455@c.us_3EB0…` as WhatsApp Web's raw message has them."""
    own, _, rest = str(full_id).partition("_")
    remote, _, rest = rest.partition("_")
    bare, _, participant = rest.partition("_")
    key: Json = {"fromMe": own == "true", "remote": remote, "id": bare, "_serialized": str(full_id)}
    return {**key, "participant": participant} if participant else key


def bare_of(full_id: object) -> str:
    """Return the bare id in a full one; a bare one as it is."""
    parts = str(full_id).split("_")
    return parts[2] if len(parts) > 2 else parts[0]


def message(
    id: str,
    chat: str,
    *,
    me: str | None,
    from_me: bool,
    timestamp: int,
    body: str | None = None,
    author: str | None = None,
    ack: int | None = None,
    source: str = "app",
    kind: str = "chat",
    **more: Any,
) -> Json:
    """Return a WAMessage. `more` takes the place of what is empty."""
    in_group = chat.endswith("@g.us")
    participant = author if in_group else None
    data = {
        "id": raw_key(id),
        "type": kind,
        "body": body,
        "t": timestamp,
        "from": me if from_me else chat,
        "to": chat if from_me else me,
        "author": participant,
    }
    raw = more.pop("_data", {})
    told: Json = {
        "id": id,
        "timestamp": timestamp,
        "from": me if from_me else chat,
        "fromMe": from_me,
        "source": source,
        "to": chat if from_me else me,
        "participant": participant,
        "author": participant,
        "body": body,
        "hasMedia": False,
        "media": None,
        "mediaUrl": None,
        "ack": ack,
        "ackName": ack_name(ack),
        "replyTo": None,
        "location": None,
        "vCards": None,
        **more,
        "_data": {**data, **raw},
    }
    if told["media"] is not None:
        told["mediaUrl"] = told["media"].get("url")
    return told


def of_payload(payload: Mapping[str, Any], me: str | None, at: float, **more: Any) -> Json:
    """Return the WAMessage of a message in one of our events."""
    kind = str(payload.get("type") or "chat")
    name = payload.get("sender_name")
    text, quoted = payload.get("body"), payload.get("quoted")
    facts: Json = {
        "hasMedia": kind in _MEDIA,
        "location": _location(payload.get("location")),
        "vCards": _cards(payload.get("contacts")),
        "replyTo": _quoted(quoted),
        "source": payload.get("source") or "app",
        "_data": {
            "notifyName": name,
            "pushName": name,
            "caption": payload.get("caption"),
            "quotedStanzaID": quoted.get("bare_id") if quoted else None,
            "quotedMsg": {"type": quoted.get("type"), "body": quoted.get("body")} if quoted else None,
            "mentionedJidList": payload.get("mentions") or [],
            "isForwarded": bool(payload.get("forwarded")),
            **_raw(payload),
        },
    }
    return message(
        str(payload.get("id")),
        str(person(payload.get("chat"), payload.get("phone"))),
        me=me,
        from_me=bool(payload.get("from_me")),
        timestamp=int(payload.get("t") or at),
        body=payload.get("caption") if text is None else text,
        author=person(payload.get("author"), payload.get("author_phone")),
        ack=ack if isinstance(ack := payload.get("ack"), int) else None,
        kind=kind,
        **{**facts, **more},
    )


_MEDIA = frozenset({"image", "video", "audio", "ptt", "ptv", "document", "sticker", "gif"})
"""Kinds of messages with a file."""


def media_of(payload: Mapping[str, Any], session: str) -> Json | None:
    """Return WAHA's word on the file of a message; None where it has none, or none that is fetched."""
    media = payload.get("media")
    if not media or not (media.get("url") or media.get("error")):
        return None
    error, mimetype = media.get("error"), media.get("mimetype")
    return {
        "url": None if error else file_path(session, str(payload.get("id")), mimetype),
        "mimetype": mimetype,
        "filename": media.get("filename"),
        "error": {"message": str(error)} if error else None,
        "s3": None,
    }


def file_path(session: str, message: str, mimetype: str | None) -> str:
    """Return the path at which a message's file is served."""
    plain = (mimetype or "").partition(";")[0].strip()
    suffix = _SUFFIXES.get(plain) or mimetypes.guess_extension(plain) or ".bin"
    return f"/api/files/{session}/{message}{suffix}"


_SUFFIXES = {"audio/ogg": ".oga", "image/jpeg": ".jpeg", "image/webp": ".webp", "video/mp4": ".mp4"}
"""Endings where Python's own table has another, or none."""


def _raw(payload: Mapping[str, Any]) -> Json:
    """Return the fields of WhatsApp Web's raw message that readers of `_data` look for."""
    media, place, poll = (payload.get(part) or {} for part in ("media", "location", "poll"))
    return {
        "mimetype": media.get("mimetype"),
        "filename": media.get("filename"),
        "size": media.get("size"),
        "duration": media.get("duration"),
        "lat": place.get("latitude"),
        "lng": place.get("longitude"),
        "loc": place.get("name"),
        "pollName": poll.get("name"),
        "pollOptions": poll.get("options"),
    }


def _location(place: Mapping[str, Any] | None) -> Json | None:
    if not place:
        return None
    told = {
        name: place.get(name)
        for name in ("latitude", "longitude", "name", "address", "url", "description", "thumbnail")
    }
    return {**told, "live": bool(place.get("live"))}


def _cards(cards: Any) -> list[str] | None:
    if not cards:
        return None
    return [str(card.get("vcard")) if isinstance(card, Mapping) else str(card) for card in cards]


def _quoted(quoted: Mapping[str, Any] | None) -> Json | None:
    if not quoted:
        return None
    return {
        "id": quoted.get("bare_id") or bare_of(quoted.get("id")),
        "participant": person(quoted.get("author"), quoted.get("author_phone")),
        "body": quoted.get("body"),
        "hasMedia": quoted.get("type") in _MEDIA,
        "media": None,
        "_data": dict(quoted),
    }
