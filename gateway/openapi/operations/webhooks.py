"""Webhooks and their dead letters."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.openapi.operation import (
    LETTER,
    WEBHOOK,
    Operation,
)
from gateway.schemas.webhooks import (
    DeadLettersAnswer,
    DeadLettersCount,
    DeadLettersQuery,
    WebhookAnswer,
    WebhookDeleted,
    WebhookDetail,
    WebhookRequest,
)

WEBHOOKS = "Webhooks"
_NO_WEBHOOK = {404: ("WEBHOOK_NOT_FOUND",)}
_NO_LETTER = {404: ("WEBHOOK_NOT_FOUND", "DEAD_LETTER_NOT_FOUND")}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/webhooks"): Operation(WEBHOOKS, "The webhooks that the key manages", {200: list[WebhookAnswer]}),
    ("POST", "/webhooks"): Operation(
        WEBHOOKS,
        "Have events delivered from now on",
        {201: WebhookAnswer},
        body=WebhookRequest,
        text="A secret that is drawn is shown this once.",
    ),
    ("GET", "/webhooks/{id}"): Operation(
        WEBHOOKS, "A webhook, and how far it has come", {200: WebhookDetail}, _NO_WEBHOOK, path={"id": WEBHOOK}
    ),
    ("PATCH", "/webhooks/{id}"): Operation(
        WEBHOOKS,
        "Change the fields that are named",
        {200: WebhookAnswer},
        _NO_WEBHOOK,
        body=WebhookRequest,
        path={"id": WEBHOOK},
        text="What has not been delivered goes by the new fields, at once.",
    ),
    ("DELETE", "/webhooks/{id}"): Operation(
        WEBHOOKS,
        "End a webhook, and forget what it has not had",
        {200: WebhookDeleted},
        _NO_WEBHOOK,
        path={"id": WEBHOOK},
    ),
    ("GET", "/webhooks/{id}/dead-letters"): Operation(
        WEBHOOKS,
        "What was given up",
        {200: DeadLettersAnswer},
        _NO_WEBHOOK,
        query=DeadLettersQuery,
        path={"id": WEBHOOK},
    ),
    ("DELETE", "/webhooks/{id}/dead-letters"): Operation(
        WEBHOOKS, "Delete all dead letters", {200: DeadLettersCount}, _NO_WEBHOOK, path={"id": WEBHOOK}
    ),
    ("POST", "/webhooks/{id}/dead-letters/replay"): Operation(
        WEBHOOKS, "Send all dead letters again", {200: DeadLettersCount}, _NO_WEBHOOK, path={"id": WEBHOOK}
    ),
    ("DELETE", "/webhooks/{id}/dead-letters/{letter}"): Operation(
        WEBHOOKS, "Delete a dead letter", {200: DeadLettersCount}, _NO_LETTER, path={"id": WEBHOOK, "letter": LETTER}
    ),
    ("POST", "/webhooks/{id}/dead-letters/{letter}/replay"): Operation(
        WEBHOOKS,
        "Send a dead letter again",
        {200: DeadLettersCount},
        _NO_LETTER,
        path={"id": WEBHOOK, "letter": LETTER},
    ),
}
