"""What happens to the account: messages, what becomes of them, calls. Pure."""

from __future__ import annotations

from actors.browser.interpret.shapes import Event, plain
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


def is_happening(event: Event) -> bool:
    """Whether an event is one of those."""
    kind = event.get("e")
    return isinstance(kind, str) and kind in HAPPENINGS


def happened(event: Event, *, live: bool = True) -> Happened:
    """The fact in one event of a message or a call. `live` is False for what was found in the page after a start."""
    kind, fields = HAPPENINGS[event["e"]]
    return Happened(kind, {name: plain(event.get(name)) for name in fields} | {"live": live})


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
        case kind:
            return kind, name
