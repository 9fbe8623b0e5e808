"""Names in a body or a query that a call does not have. A request is carried out whole or refused, never in part.

Calls of our own refuse every unknown name, and name the nearest one that they have. Calls of the v2.0 contract take
unknown names, as they always did, but not those that other services use for content, time or recipient: a message with
`sendAt` to POST /send must not leave at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from typing import Any

from actors.clients.operations.fields import chat_of

_LONGEST_SHOWN = 64
_LIKE = 0.6
"""The least similarity, as difflib measures it, of a name that is suggested."""

CONTENT, TIME, RECIPIENT = "content", "time", "recipient"

_TEXT = ("message", "text", "caption")
_FILE = ("document", "image", "file", "url")
_AT = ("send_at",)
_CHAT = ("to", "chat")

FOREIGN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(("message", "text", "body", "content", "msg", "caption", "template"), (CONTENT, _TEXT)),
    **dict.fromkeys(("media", "mediaurl", "file", "files", "fileurl", "urlfile", "filename"), (CONTENT, _FILE)),
    **dict.fromkeys(("attachment", "attachments", "document", "documenturl", "doc"), (CONTENT, _FILE)),
    **dict.fromkeys(("image", "imageurl", "images", "img", "picture", "photo"), (CONTENT, ("image",))),
    **dict.fromkeys(("video", "videourl", "gif", "gifurl"), (CONTENT, ("video",))),
    **dict.fromkeys(("audio", "audiourl", "voice", "ptt", "voicemessage"), (CONTENT, ("voice",))),
    **dict.fromkeys(("sticker", "stickerurl"), (CONTENT, ("sticker",))),
    **dict.fromkeys(("data", "base64", "mimetype"), (CONTENT, ("data", "document"))),
    **dict.fromkeys(("location", "latitude", "longitude", "lat", "lng"), (CONTENT, ("location",))),
    **dict.fromkeys(("contact", "contacts", "vcard", "vcards"), (CONTENT, ("contacts",))),
    **dict.fromkeys(("poll", "buttons", "list", "sections", "options"), (CONTENT, ("poll",))),
    **dict.fromkeys(("quoted", "quotedmessageid", "quotedmsgid", "replyto"), (CONTENT, ("reply_to",))),
    **dict.fromkeys(("mentions", "mentioned", "mentionedjidlist"), (CONTENT, ("mentions",))),
    **dict.fromkeys(("sendat", "sendtime", "senddate", "sendon", "deliverat", "deliverytime"), (TIME, _AT)),
    **dict.fromkeys(("schedule", "scheduled", "scheduleat", "scheduledat", "scheduledtime"), (TIME, _AT)),
    **dict.fromkeys(("scheduletime", "scheduledate", "scheduledfor", "scheduleddate"), (TIME, _AT)),
    **dict.fromkeys(("delay", "delayms", "delayseconds", "notbefore"), (TIME, _AT)),
    **dict.fromkeys(("expiresat", "expiry", "expires", "expiresin", "ttl", "notafter"), (TIME, ("expires_at",))),
    **dict.fromkeys(("to", "chat", "chatid", "phone", "phonenumber", "number", "numbers"), (RECIPIENT, _CHAT)),
    **dict.fromkeys(("recipient", "recipients", "receiver", "destination", "tonumber"), (RECIPIENT, _CHAT)),
    **dict.fromkeys(("jid", "remotejid", "waid", "contactid", "groupid", "group", "isgroup"), (RECIPIENT, _CHAT)),
    **dict.fromkeys(("phones", "phonenumbers", "chatids", "cc", "bcc", "broadcast"), (RECIPIENT, _CHAT)),
}
"""Names of other services, in small letters without `_` and `-` -> their meaning there, and our names for it.

They are those of the published APIs of WAHA, Evolution, WPPConnect Server, UltraMsg, Green API, Twilio, and of
WhatsApp's own Cloud API.
"""


class UnknownName(ValueError):
    """A name that the call does not have."""


def plain(name: str) -> str:
    """Return a name as `FOREIGN` spells it."""
    return name.lower().replace("_", "").replace("-", "")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is meant: the same but for its spelling, another service's for it, or the nearest."""
    known = tuple(known)
    by_plain = {plain(one): one for one in known}
    if plain(name) in by_plain:
        return by_plain[plain(name)]
    for ours in FOREIGN.get(plain(name), ("", ()))[1]:
        if ours in known:
            return ours
    found = get_close_matches(plain(name), by_plain, 1, _LIKE)
    return by_plain[found[0]] if found else None


def sentence(name: str, known: Iterable[str], inside: Sequence[str | int] = ()) -> str:
    """Return the sentence about an unknown name; `inside` is the path to the object that has it."""
    known = tuple(known)
    path = "".join(f"{part}." for part in inside)
    said = f"{path}{shown(name)} is not a field of this call"
    meant = nearest(name, known)
    if meant is not None:
        return f"{said}: did you mean {path}{meant}?"
    return f"{said}, which has {', '.join(sorted(known))}" if 0 < len(known) <= 8 else said


def shown(name: str) -> str:
    """Return a name that a caller made up, fit for a sentence."""
    whole = name if name.isprintable() else ascii(name)[1:-1]
    return whole if len(whole) <= _LONGEST_SHOWN else f"{whole[:_LONGEST_SHOWN]}…"


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise UnknownName for the first of the given names that is not known."""
    known = tuple(known)
    for name in given:
        if name not in known:
            raise UnknownName(sentence(name, known))


def foreign(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that are in `FOREIGN`, and say something: not null, false or empty."""
    for name, value in given.items():
        if plain(name) in FOREIGN and value not in (None, False, "", [], {}):
            yield name


def refuse_foreign(unknown: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise UnknownName for a name of content, time or recipient among unknown fields.

    A name with an empty value (null, false, empty), or with the value of a known field, is ignored. `given`: the known
    fields, as they came.
    """
    for name in foreign(unknown):
        kind, ours = FOREIGN[plain(name)]
        if any(one in given and _same(kind, given[one], unknown[name]) for one in ours):
            continue
        raise UnknownName(f"{shown(name)} is not a field of this call: {_INSTEAD[kind]}")


def _same(kind: str, ours: Any, theirs: Any) -> bool:
    if kind is RECIPIENT and isinstance(theirs, str):
        with suppress(ValueError):
            return bool(ours == chat_of(theirs))
    return bool(ours == theirs)


_INSTEAD = {
    CONTENT: "POST /send sends the text of `message`; files, places, contacts and polls go through POST /messages",
    TIME: "POST /send sends at once; POST /messages takes `send_at` and `expires_at`",
    RECIPIENT: "POST /send sends to the one chat that `to` names",
}


def place_of(error_place: Sequence[str | int], schema: Mapping[str, Any]) -> tuple[list[str | int], tuple[str, ...]]:
    """Return where in a body an unknown name is, and the names that are known there.

    `error_place` is a validator's path to it: names, indices, and steps of the validator's own, which are left out.
    """
    definitions, path = schema.get("$defs", {}), list[str | int]()
    nodes = [*_whole(schema, definitions)]
    for part in error_place[:-1]:
        below = [one for node in nodes for one in _below(node, part, definitions)]
        if below:
            path.append(part)
            nodes = below
    names = dict.fromkeys(name for node in nodes for name in node.get("properties", ()))
    return path, tuple(names)


def _below(node: Mapping[str, Any], part: str | int, definitions: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas of a field, or of a list's values."""
    if isinstance(part, int):
        found = node.get("items")
    else:
        found = node.get("properties", {}).get(part)
        if found is None and isinstance(node.get("additionalProperties"), dict):
            found = node["additionalProperties"]
    if isinstance(found, dict):
        yield from _whole(found, definitions)


def _whole(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema, and those that it refers to or consists of."""
    if "$ref" in node:
        yield from _whole(definitions[node["$ref"].rpartition("/")[2]], definitions)
    for word in ("anyOf", "oneOf", "allOf"):
        for one in node.get(word, ()):
            yield from _whole(one, definitions)
    yield node


@cache
def schema_of(described: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON schema that a model's or an adapter's method makes, made once."""
    return described()
