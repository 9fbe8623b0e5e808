"""One line per event, for people at a terminal: time, client, type, and the fields that people read.

The whole event, for programs, is the JSON of `tail --json`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.cli.output import visible

TEXTS: dict[str, str] = {
    "client.state": "{previous_state} → {state}  {reason_text}",
    "client.qr": "shows a new QR",
    "client.erased": "all that was kept of it was deleted",
    "account.changed": "from {previous_phone} to {phone}, {held} messages held",
    "client.restricted": "{restricted}",
    "message.state": "to {chat}: {previous_state} → {state}  {reason}",
    "whatsapp.changed": "{previous_version} → {version}",
    "whatsapp.drifted": "missing: {missing}",
    "message": "{who}: {text}",
    "message.outgoing": "to {chat}: {text}",
    "message.ack": "{ack} {chat}",
    "message.edited": "{who}: {text}",
    "message.revoked": "{who}",
    "message.reaction": "{who}: {reaction}",
    "poll.vote": "{who}: {choices}",
    "presence": "{who} {state}",
    "chat.read": "{chat} {unread}",
    "call": "{chat}",
    "call.rejected": "{chat}",
    "label.changed": "{name} {deleted}",
    "label.chat": "{chat}: {name} {added}",
    "chat.archive": "{chat} {archived}",
    "group.changed": "{chat}: {change} {people} by {who}",
    "call.logged": "{chat}: {outcome}",
    "contact.security_code_changed": "{chat}",
    "contact.number_changed": "{chat}: {people}",
}
"""The text of each type of event; a name is a field of the payload, or one of `_shown`."""
_WORDS: dict[str, tuple[str, str]] = {
    "restricted": ("may not write to strangers", "may write to strangers again"),
    "unread": ("marked as unread", "read"),
    "deleted": ("deleted", ""),
    "added": ("added", "taken off"),
    "archived": ("archived", "taken out of the archive"),
}
"""The words for a field that is true, and that is false."""
_ACKS = {1: "at WhatsApp:", 2: "arrived at", 3: "read by", 4: "played by"}
LONGEST = 200
"""The most characters of one field."""


def line_of(event: Mapping[str, Any]) -> str:
    """Return the line of one event. No event makes it fail, and nothing in it steers the terminal."""
    type, payload = str(event.get("type", "")), event.get("payload", event)
    head = f"{_time(event.get('at'))}  {event.get('cliente_id') or '-':>3}  {visible(type):<17}"
    if type not in TEXTS or not isinstance(payload, dict):
        return f"{head} {_cut(json.dumps(payload, ensure_ascii=False))}"
    return f"{head} {TEXTS[type].format_map(_shown(payload))}".rstrip()


def _shown(payload: Mapping[str, Any]) -> Mapping[str, str]:
    """Return each field as people read it; an unknown field is empty."""
    shown = defaultdict(str, {name: _field(name, value) for name, value in payload.items() if value is not None})
    shown["chat"] = _cut(str(payload.get("phone") or payload.get("chat") or ""))
    person = payload.get("author_phone") or payload.get("author") or shown["chat"]
    name = payload.get("sender_name")
    whole = f"{name} ({person})" if name else str(person)
    shown["who"] = "me" if payload.get("from_me") and "author" not in shown else _cut(whole)
    said = payload.get("body") or payload.get("caption")
    shown["text"] = _cut(str(said)) if said else f"({shown['type']})"
    return shown


def _field(name: str, value: object) -> str:
    if name == "ack":
        return _ACKS.get(value, f"ack {value}") if isinstance(value, int) else _cut(str(value))
    if isinstance(value, bool):
        return _WORDS.get(name, ("yes", "no"))[not value]
    return _cut(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _cut(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _time(at: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(at)).astimezone():%H:%M:%S}"
    except ValueError:
        return "--:--:--"
