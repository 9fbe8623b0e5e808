"""What happens to the account: messages, what becomes of them, notices, calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from actors.browser.interpret import notices
from actors.browser.interpret.shapes import Event, plain, text
from actors.clients.protocol import Happened

_OF_EVERY = ("id", "chat", "lid", "phone", "t")
_OF_A_MESSAGE = (*_OF_EVERY, "bare_id", "from_me", "author")

HAPPENINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "message": ("message", (*_OF_A_MESSAGE, "type", "body", "caption", "ack")),
    "ack": ("message.ack", (*_OF_A_MESSAGE, "ack")),
    "edited": ("message.edited", (*_OF_A_MESSAGE, "type", "body", "caption")),
    "revoked": ("message.revoked", _OF_A_MESSAGE),
    "reaction": ("message.reaction", (*_OF_A_MESSAGE, "reaction")),
    "call": ("call", (*_OF_EVERY, "group", "video")),
}
"""Event of the page script -> kind of Happened, and the fields of its payload."""

PAYLOADS: Mapping[str, tuple[str, ...]] = {**dict(HAPPENINGS.values()), **notices.EVENTS}
"""Kind of Happened -> the fields of its payload, besides `live`."""


def is_happening(event: Event) -> bool:
    """Whether an event is one of those."""
    kind = event.get("e")
    return isinstance(kind, str) and kind in HAPPENINGS


def happened(event: Event, *, live: bool = True) -> Happened | None:
    """The fact in one event of a message or a call; None where it is a notice of WhatsApp's that means nothing.

    `live` is False for what was found in the page after a start.
    """
    kind: str | None = HAPPENINGS[event["e"]][0]
    if kind == "message":
        kind = _kind_of_message(event)
    if kind is None:
        return None
    return Happened(kind, {name: plain(event.get(name)) for name in PAYLOADS[kind]} | {"live": live})


def _kind_of_message(event: Event) -> str | None:
    type = text(event.get("type")) or "unknown"
    if notices.is_message(type, notice=event.get("notice") is True):
        return "message"
    return notices.event_of(type, text(event.get("change")))


def identity(fact: Happened) -> tuple[object, ...]:
    """What two tellings of the same happening have in common."""
    payload = fact.payload
    name = payload.get("bare_id") or payload.get("id")
    match fact.kind:
        case "message.ack":
            in_group = str(payload.get("chat")).endswith("@g.us")  # where each reader acknowledges by himself
            return fact.kind, name, payload.get("ack"), payload.get("author") if in_group else None
        case "message.edited":
            return fact.kind, name, payload.get("t"), payload.get("body")
        case "message.reaction":
            return fact.kind, name, payload.get("t"), payload.get("author"), payload.get("reaction")
        case "call.logged":
            return fact.kind, name, payload.get("outcome")  # a call that goes on is logged before it has ended
        case kind:
            return kind, name
