"""The shapes of /webhooks and of dead letters. `actors.webhooks.definition` validates a webhook's fields."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, WithJsonSchema

from actors.clients.types import MAX_CLIENT_ID
from actors.store.webhooks import Letter, Progress, Webhook
from actors.webhooks.definition import Format, shown
from actors.webhooks.schedule import Growth
from gateway.schemas.shape import Answer, Query, Request, iso

_TEXTS = {"type": "array", "items": {"type": "string"}}
_NUMBERS = {"type": "array", "items": {"type": "integer"}}


class WebhookRequest(Request):
    """Body of POST /webhooks, with `url`, and of PATCH, which changes the fields it names.

    Any value is accepted here: the definition names the fault.
    """

    url: Annotated[Any, WithJsonSchema({"type": "string", "format": "uri"})] = None
    """Where events are sent (POST), with http or https. POST needs it."""
    events: Annotated[Any, WithJsonSchema(_TEXTS)] = None
    """Types of events; `message.*` has all below `message`, `*` is all, and the default."""
    clients: Annotated[Any, WithJsonSchema(_NUMBERS)] = None
    """The clients whose events are sent; empty, the default, for all."""
    secret: Annotated[Any, WithJsonSchema({"type": ["string", "null"]})] = None
    """Signs the bodies. Left out, POST draws one; with null nothing is signed."""
    headers: Annotated[Any, WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}})] = None
    """Further headers of each delivery."""
    retry_growth: Annotated[Any, WithJsonSchema({"enum": [*Growth, None]})] = None
    """How the delay between attempts grows; null as the settings say."""
    retry_delay: Annotated[Any, WithJsonSchema({"type": ["number", "null"]})] = None
    """The first delay in seconds; null as the settings say."""
    retry_attempts: Annotated[Any, WithJsonSchema({"type": ["integer", "null"]})] = None
    """How many attempts each event has; null as the settings say."""
    active: Annotated[Any, WithJsonSchema({"type": "boolean"})] = None
    """False pauses it: its events wait."""
    format: Annotated[Any, WithJsonSchema({"enum": [*Format]})] = None
    """The form of the bodies, and of the names in `events`: `native`, or as WAHA sends them."""

    def wishes(self) -> dict[str, Any]:
        """Return the fields that were given, and no more."""
        return self.model_dump(exclude_unset=True)


class WebhookAnswer(Answer):
    """A webhook."""

    id: str
    """The webhook's id (a ULID)."""
    url: str
    """Where events are sent."""
    events: list[str]
    """The types of events that are sent."""
    clients: list[int]
    """The clients whose events are sent; empty for all."""
    secret: str | None
    """Masked, but where it has just been drawn; null where nothing is signed."""
    headers: dict[str, str | None]
    """Further headers of each delivery; their values are masked."""
    retry_growth: str | None
    """How the delay between attempts grows; null as the settings say."""
    retry_delay: float | None
    """The first delay in seconds; null as the settings say."""
    retry_attempts: int | None
    """How many attempts each event has; null as the settings say."""
    active: bool
    """False while it is paused."""
    format: str
    """The form of the bodies, and of the names in `events`."""
    key_id: str | None
    """The id of the key that made it or changed it last. It does not end with that key."""
    created_at: str | None
    """When it was made."""
    updated_at: str | None
    """When it was last changed."""

    @classmethod
    def of(cls, webhook: Webhook, **more: Any) -> Self:
        """Fill from the stored webhook; `more` replaces fields."""
        fields = shown(webhook)
        instants = {name: iso(fields[name]) for name in ("created_at", "updated_at")}
        return cls(**{**fields, **instants, "events": list(webhook.events), "clients": list(webhook.clients), **more})


class LineEntry(Answer):
    """The progress of a webhook with one client."""

    cliente_id: int
    sequence: int
    """All events of the client up to this number are settled."""
    delivered: int
    """How many were delivered."""
    delivered_at: str | None
    """When the last one was delivered."""
    attempts: int
    """How often the next event has failed."""
    next_at: str | None
    """When it is tried again."""
    failing_since: str | None
    """When the first failure after the last success was; null where there is none."""
    why: str | None
    """Why the last attempt failed."""
    status: int | None
    """The target's HTTP status at the last failure; null where it did not answer."""

    @classmethod
    def of(cls, line: Progress) -> Self:
        """Fill from what is stored."""
        instants: dict[str, Any] = {
            name: iso(getattr(line, name)) for name in ("delivered_at", "next_at", "failing_since")
        }
        plain: dict[str, Any] = {
            name: getattr(line, name) for name in ("sequence", "delivered", "attempts", "why", "status")
        }
        return cls(cliente_id=line.client_id, **plain, **instants)


class WebhookDetail(WebhookAnswer):
    """GET /webhooks/{id}: the webhook, with its progress for each client."""

    lines: list[LineEntry]
    """The progress for each client."""

    @classmethod
    def of_both(cls, webhook: Webhook, lines: Iterable[Progress]) -> Self:
        """Fill from what is stored."""
        return cls.of(webhook, lines=[LineEntry.of(line) for line in lines])


class WebhookDeleted(Answer):
    """DELETE /webhooks/{id}."""

    success: Literal[True] = True
    message: Literal["Webhook deleted"] = "Webhook deleted"
    id: str
    """The webhook's id."""


class DeadLettersQuery(Query):
    """Query of GET /webhooks/{id}/dead-letters: of one client, after a letter's id."""

    client: Annotated[int, Field(ge=1, le=MAX_CLIENT_ID)] | None = None
    """Dead letters of this client only."""
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class LetterEntry(Answer):
    """A dead letter and its reason."""

    id: int
    """The dead letter's id."""
    webhook_id: str
    cliente_id: int
    event_id: str
    """The event's id."""
    event_type: str
    """The event's type."""
    event: dict[str, Any]
    """The body as it was sent."""
    attempts: int
    """How often it was tried."""
    why: str
    """Why it was given up."""
    status: int | None
    """The target's last HTTP status; null where it did not answer."""
    at: str | None
    """When it was given up."""
    replaying: bool
    """True while it is being sent again."""
    next_at: str | None
    """When it is tried again, while it is being sent again."""

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """Fill from what is stored."""
        names = ("id", "webhook_id", "event_id", "event_type", "attempts", "why", "status")
        return cls(
            **{name: getattr(letter, name) for name in names},
            cliente_id=letter.client_id,
            event=json.loads(letter.body),
            at=iso(letter.at),
            replaying=letter.replay_at is not None,
            next_at=iso(letter.next_at),
        )


class DeadLettersAnswer(Answer):
    """A page of dead letters."""

    dead_letters: list[LetterEntry]
    """The dead letters of this page, oldest first."""
    next: int | None
    """Goes into `after` for the page that follows; null where there is none."""

    @classmethod
    def of(cls, found: tuple[Letter, ...], limit: int) -> Self:
        """Fill from what is stored."""
        following = found[-1].id if len(found) == limit else None
        return cls(dead_letters=[LetterEntry.of(letter) for letter in found], next=following)


class DeadLettersCount(Answer):
    """The number of dead letters that were deleted, or are sent again."""

    success: Literal[True] = True
    webhook_id: str
    count: int
    """How many dead letters were deleted, or are sent again."""
