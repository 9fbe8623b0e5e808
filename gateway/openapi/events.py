"""The events as webhooks of the document: how each comes to an address that asked for it."""

from __future__ import annotations

import inspect
from typing import Any

from actors.clients.events import AccountEvent
from actors.clients.operations.chats import PageMessage
from gateway.openapi.descriptions import text_of
from gateway.openapi.glossary import EVENTS, PARTS

_MESSAGE = PageMessage.__mro__
"""The owners of the fields that an event shares with a message."""
_LISTS = frozenset({"contacts", "participants"})
"""Fields that are lists of objects."""
_TYPES = {bool: "boolean", int: "number", float: "number", list: "array", str: "string", type(None): "string"}
"""JSON's name of a value's type. What is null in an example is a text elsewhere."""


def webhook(event: type[AccountEvent]) -> dict[str, Any]:
    """Return how an event comes to a webhook; streams and the long poll carry the same, with a `position`."""
    first, _, rest = (inspect.getdoc(event) or "").partition("\n\n")
    payload = {
        "type": "object",
        "description": "The data of the event.",
        "properties": {name: _field(event, name) for name in event.fields},
    }
    envelope: dict[str, Any] = {
        "id": {"type": "string", "description": "A ULID, the same in every delivery of the event."},
        "type": {"const": event.type, "description": "The type of the event."},
        "cliente_id": {"type": "integer", "description": "The client's number."},
        "sequence": {"type": "integer", "description": "Counts the events of one client from 1, without a gap."},
        "at": {"type": "string", "format": "date-time", "description": "When the service heard of it."},
        "payload": payload,
        "client": {
            "type": "object",
            "description": "The client's `name` and `metadata`, where it has any.",
            "properties": {
                "name": {"type": ["string", "null"], "description": "Its name."},
                "metadata": {"type": "object", "description": "The caller's own texts."},
            },
        },
    }
    example = {
        "id": "01K5Y4N8Z6T1W3R5Q7P9M2K4JH",
        "type": event.type,
        "cliente_id": 99,
        "sequence": 1,
        "at": "2026-01-31T12:00:00.000Z",
        "payload": dict(event.example),
    }
    schema = {"type": "object", "properties": envelope, "required": [*example]}
    return {
        "post": {
            "operationId": "event_" + event.type.replace(".", "_"),
            "tags": ["Events"],
            "summary": " ".join(first.split()).rstrip("."),
            "description": " ".join(rest.split()),
            "requestBody": {"content": {"application/json": {"schema": schema, "example": example}}},
            "responses": {"2XX": {"description": "The event has arrived; every other answer repeats it later."}},
        }
    }


def _field(event: type[AccountEvent], name: str) -> dict[str, Any]:
    """Return the schema of a field of an event's payload: any may be null where nothing is known."""
    text = EVENTS.get(f"{event.type}.{name}") or text_of(_MESSAGE, name)
    if name not in event.parts:
        return {"type": [_TYPES[type(event.example[name])], "null"], "description": text}
    parts = {
        part: {"description": PARTS.get(f"{name}.{part}") or text_of(_MESSAGE, part)} for part in event.parts[name]
    }
    one = {"type": "object", "properties": parts}
    if name in _LISTS:
        return {"type": ["array", "null"], "description": text, "items": one}
    return {**one, "type": ["object", "null"], "description": text}
