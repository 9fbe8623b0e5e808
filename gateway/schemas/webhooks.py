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
    """Body of POST /webhooks, where `url` is needed, and of PATCH, which changes what it names. No `clients`: all.

    Without `secret` POST draws one; null, and nothing is signed. Any value is taken: the definition says what is
    wrong with it.
    """

    url: Annotated[Any, WithJsonSchema({"type": "string", "format": "uri"})] = None
    events: Annotated[Any, WithJsonSchema(_TEXTS)] = None
    clients: Annotated[Any, WithJsonSchema(_NUMBERS)] = None
    secret: Annotated[Any, WithJsonSchema({"type": ["string", "null"]})] = None
    headers: Annotated[Any, WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}})] = None
    retry_growth: Annotated[Any, WithJsonSchema({"enum": [*Growth, None]})] = None
    retry_delay: Annotated[Any, WithJsonSchema({"type": ["number", "null"]})] = None
    retry_attempts: Annotated[Any, WithJsonSchema({"type": ["integer", "null"]})] = None
    active: Annotated[Any, WithJsonSchema({"type": "boolean"})] = None
    format: Annotated[Any, WithJsonSchema({"enum": [*Format]})] = None

    def wishes(self) -> dict[str, Any]:
        """Return what was said, and no more."""
        return self.model_dump(exclude_unset=True)


class WebhookAnswer(Answer):
    """A webhook. Secret and values of headers are masked; what of `retry_…` is null is as the settings say.

    `key_id` is that of the key that made it or changed it last. It does not end with that key.
    """

    id: str
    url: str
    events: list[str]
    clients: list[int]
    secret: str | None
    headers: dict[str, str | None]
    retry_growth: str | None
    retry_delay: float | None
    retry_attempts: int | None
    active: bool
    format: str
    key_id: str | None
    created_at: str | None
    updated_at: str | None

    @classmethod
    def of(cls, webhook: Webhook, **more: Any) -> Self:
        """Fill from the stored webhook; `more` replaces fields."""
        fields = shown(webhook)
        instants = {name: iso(fields[name]) for name in ("created_at", "updated_at")}
        return cls(**{**fields, **instants, "events": list(webhook.events), "clients": list(webhook.clients), **more})


class LineEntry(Answer):
    """The progress of a webhook with one client: everything up to `sequence` is settled; `why` and `status` are of the
    last failure.
    """

    cliente_id: int
    sequence: int
    delivered: int
    delivered_at: str | None
    attempts: int
    next_at: str | None
    failing_since: str | None
    why: str | None
    status: int | None

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

    @classmethod
    def of_both(cls, webhook: Webhook, lines: Iterable[Progress]) -> Self:
        """Fill from what is stored."""
        return cls.of(webhook, lines=[LineEntry.of(line) for line in lines])


class WebhookDeleted(Answer):
    """DELETE /webhooks/{id}."""

    success: Literal[True] = True
    message: Literal["Webhook deleted"] = "Webhook deleted"
    id: str


class DeadLettersQuery(Query):
    """Query of GET /webhooks/{id}/dead-letters: of one client, after a letter's id."""

    client: Annotated[int, Field(ge=1, le=MAX_CLIENT_ID)] | None = None
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class LetterEntry(Answer):
    """A dead letter and its reason. `event` is the body as it was sent; while `replaying`, it is being sent again."""

    id: int
    webhook_id: str
    cliente_id: int
    event_id: str
    event_type: str
    event: dict[str, Any]
    attempts: int
    why: str
    status: int | None
    at: str | None
    replaying: bool
    next_at: str | None

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
    """A page of dead letters, oldest first; `next` goes into `after` for the next page, null where there is none."""

    dead_letters: list[LetterEntry]
    next: int | None

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
