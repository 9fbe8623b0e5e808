"""Examples of bodies and answers: written where a caller copies them, made of the names' own values elsewhere.

Every example fits its schema; a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.openapi.descriptions import Owners
from gateway.openapi.values import PROPERTIES, SHAPES

Schema = Mapping[str, Any]
_UPLOADED = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /pairing-code": {"a number": {"phone": "+54 9 11 2233-4455"}},
    "POST /send": {
        "a text": {"to": "5491122334455", "message": "Your order is on its way"},
        "an answer": {"to": "5491122334455", "message": "Tomorrow", "reply_to": "3AF0A9E082754536608C"},
    },
    "POST /messages": {
        "a text": {"to": "5491122334455", "message": "Your order is on its way"},
        "a text, later": {
            "to": "5491122334455",
            "message": "See you tomorrow at ten",
            "send_at": "2099-01-31T09:00:00-03:00",
            "expires_at": "2099-01-31T10:00:00-03:00",
        },
        "a picture": {"to": "5491122334455", "image": {"url": "https://example.com/menu.png", "caption": "Today"}},
        "a document": {"to": "5491122334455", "document": {"digest": _UPLOADED, "filename": "invoice.pdf"}},
        "a place": {"to": "5491122334455", "location": {"latitude": -34.6037, "longitude": -58.3816, "name": "Shop"}},
        "a contact": {"to": "5491122334455", "contacts": [{"name": "Ana Díaz", "phone": "5491166778899"}]},
        "a poll": {"to": "120363025246125486@g.us", "poll": {"name": "When?", "options": ["Monday", "Tuesday"]}},
        "a forward": {"to": "5491122334455", "forward": {"message": "3EB01F9C55A0E2B7D4C611"}},
    },
    "POST /media": {"by its address": {"url": "https://example.com/menu.png"}},
    "POST /media/convert/{form}": {"by its digest": {"digest": _UPLOADED}},
    "PATCH /clients/{id}/config": {
        "name and metadata": {"name": "shop", "metadata": {"branch": "4"}, "ignore": {"status": True}},
        "a proxy": {"proxy": {"server": "proxy.example:3128", "username": "me", "password": "secret"}},
    },
    "POST /webhooks": {
        "all messages": {"url": "https://example.com/hook", "events": ["message", "message.*"]},
        "all events of two clients": {"url": "https://example.com/hook", "clients": [7, 99]},
    },
    "PATCH /webhooks/{id}": {"a pause": {"active": False}, "other events": {"events": ["message.ack"]}},
    "POST /keys": {
        "for one client": {"name": "shop", "scopes": ["read", "send"], "clients": [99]},
        "for all clients": {"name": "monitor", "scopes": ["read"]},
    },
    "PUT /profile/picture": {"by its address": {"picture": {"url": "https://example.com/me.png"}}},
    "PUT /groups/{group}/picture": {"by its address": {"picture": {"url": "https://example.com/team.png"}}},
    "POST /status/image": {"by its address": {"file": {"url": "https://example.com/menu.png"}, "caption": "Today"}},
    "POST /status/video": {"by its address": {"file": {"url": "https://example.com/menu.mp4"}}},
    "PATCH /profile": {"a name": {"name": "Ana's shop"}},
    "PATCH /groups/{group}": {"a description": {"description": "Our news"}},
    "PUT /groups/{group}/settings": {"only admins write": {"messages_admins_only": True}},
    "PATCH /labels/{label}": {"a name": {"name": "Paid"}},
}
"""Bodies in JSON by their calls; those of other calls have their required fields."""
_BYTES = "(the bytes of the file)"
FORMS: Mapping[str, Any] = {
    "POST /messages": {"to": "5491122334455", "image": _BYTES, "caption": "Today"},
    "POST /media": {"file": _BYTES},
    "POST /media/convert/{form}": {"file": _BYTES},
    "PUT /profile/picture": {"picture": _BYTES},
    "PUT /groups/{group}/picture": {"picture": _BYTES},
    "POST /status/image": {"file": _BYTES, "caption": "Today"},
    "POST /status/video": {"file": _BYTES},
}
"""Bodies in multipart, by their calls."""
ANSWERS: Mapping[str, Any] = {
    "200 of GET /openapi.json": {"openapi": "3.1.0", "info": {"title": "session-manager"}},
    "503 of GET /ready": {"ready": False, "why": ["draining"]},
}
"""Answers of which their shape does not say enough."""
TEXTS: Mapping[str, str] = {
    "application/octet-stream": _BYTES,
    "image/png": "(the bytes of a PNG)",
    "text/event-stream": 'id: 1\ndata: {"id":"01K5Y4N8Z6T1W3R5Q7P9M2K4JH","type":"client.state","cliente_id":99,'
    '"sequence":1,"at":"2026-01-31T12:00:00.000Z","payload":{"state":"READY","previous_state":"INITIALIZING",'
    '"reason":null,"reason_text":null},"position":1}\n\n',
    "text/html": "<!doctype html>",
    "text/plain": 'clients{state="READY"} 1.0\n',
}
"""Bodies and answers of other types than JSON."""


_PLAIN: Mapping[str, Any] = {"boolean": False, "integer": 1}
"""Values of types that need no word of their own."""


class NoExample(LookupError):
    """Nothing says what a value of a property is."""


class Examples:
    """Makes the examples of one document; `components` are the shapes that schemas refer to, `owners` their classes."""

    def __init__(self, components: Mapping[str, Schema], owners: Mapping[str, Owners]) -> None:
        self._components, self._owners = components, owners

    def body(self, call: str, kind: str, schema: Schema, owners: Owners) -> dict[str, Any]:
        """Return the keywords that show a body of a call, such as `POST /send`, in a media type."""
        if kind == "multipart/form-data" and call in FORMS:
            return {"example": FORMS[call]}
        if kind in TEXTS:
            return {"example": TEXTS[kind]}
        return _shown(BODIES[call]) if call in BODIES else self._made({"": schema}, owners, required=True)

    def answer(self, place: str, kind: str, schema: Schema) -> dict[str, Any]:
        """Return the keywords that show an answer, such as `200 of GET /qr`, in each shape that it may have."""
        if place in ANSWERS:
            return {"example": ANSWERS[place]}
        if kind in TEXTS:
            return {"example": TEXTS[kind]}
        choices = schema.get("anyOf", [schema])
        return self._made({_name(choice): choice for choice in choices}, ())

    def _made(self, schemas: Mapping[str, Schema], owners: Owners, *, required: bool = False) -> dict[str, Any]:
        try:
            return _shown({name: self._of(one, "", owners, required=required) for name, one in schemas.items()})
        except NoExample:
            return {}

    def _of(self, schema: Schema, name: str, owners: Owners, *, required: bool = False) -> Any:
        """Return a value that fits the schema of a property; with `required`, with no more than it needs."""
        if "const" in schema:
            return schema["const"]
        for kind in owners:
            if f"{kind.__name__}.{name}" in SHAPES:
                return SHAPES[f"{kind.__name__}.{name}"]
        if "default" in schema and schema["default"] is None:
            return None
        if name in PROPERTIES and not _refers(schema):
            return PROPERTIES[name]
        return self._inside(schema, name, owners, required=required)

    def _inside(self, schema: Schema, name: str, owners: Owners, *, required: bool) -> Any:
        if "$ref" in schema:
            component = schema["$ref"].rpartition("/")[2]
            return self._of(self._components[component], "", self._owners.get(component, ()), required=required)
        if "anyOf" in schema:
            return self._of(schema["anyOf"][0], name, owners, required=required)
        if "properties" in schema:
            given = schema.get("required", ()) if required else schema["properties"]
            return {one: self._of(schema["properties"][one], one, owners) for one in given}
        if schema.get("type") == "array" and "items" in schema:
            return [self._of(schema["items"], name, owners)]
        if "default" in schema:
            return schema["default"]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") in _PLAIN:
            return _PLAIN[schema["type"]]
        raise NoExample(name)


def _refers(schema: Schema) -> bool:
    """Return True for a property that is a shape of its own, or a list of them, which say more than its name."""
    return "$ref" in schema or "$ref" in schema.get("items", ())


def _name(schema: Schema) -> str:
    reference = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
    return str(reference.rpartition("/")[2])


def _shown(examples: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword for one example, or for several by their names."""
    if len(examples) == 1:
        return {"example": next(iter(examples.values()))}
    return {"examples": {name.replace(" ", "-"): {"summary": name, "value": value} for name, value in examples.items()}}
