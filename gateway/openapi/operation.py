"""The description of one call: what is not said by its route, its shapes and the table of who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from actors.clients.types import MAX_CLIENT_ID
from gateway.schemas.shape import ID

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is not JSON."""

    type: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a path or a header carries."""

    schema: Schema
    text: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `answers` are shapes (or a Media) by status, several at once as a union; `errors` are the codes by
    status of errors in the shape that all share, those that any call can get left out.
    """

    tag: str
    summary: str
    answers: Mapping[int, Any]
    errors: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    client: bool = False
    """Whether X-Cliente-Id says which client it is about."""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path: Mapping[str, Parameter] = field(default_factory=dict)
    headers: Mapping[str, Parameter] = field(default_factory=dict)
    text: str = ""


CLIENT = Parameter({"type": "integer", "minimum": 1, "maximum": MAX_CLIENT_ID}, "The client's number.")
MESSAGE = Parameter({"type": "string", "pattern": ID}, "The message's id (a ULID).")
KEY = Parameter({"type": "string", "minLength": 1}, "The key's id.")
IDEMPOTENCY_KEY = Parameter(
    {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
    "A name of the caller's for this message: handed in again with it, the message is not sent a second time.",
)
PNG = Media("image/png", {"type": "string", "contentMediaType": "image/png"})
TEXT, HTML = Media("text/plain"), Media("text/html")
EVENTS = Media("text/event-stream")
WEBHOOK = Parameter({"type": "string", "pattern": ID}, "The webhook's id (a ULID).")
LETTER = Parameter({"type": "integer", "minimum": 1}, "The dead letter's id.")
RECEIPT = Parameter({"type": "string", "pattern": "^[0-9]+$"}, "The receipt of what was fetched.")
LAST_EVENT_ID = Parameter({"type": "string", "pattern": "^[0-9]+$"}, "How far a browser that resumes has come.")
CLIENT_OR_ALL = Parameter(CLIENT.schema, "The client whose events are wanted; without it, all that the key is for.")
