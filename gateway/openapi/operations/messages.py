"""Messages on their way out."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.openapi.operation import (
    IDEMPOTENCY_KEY,
    MESSAGE,
    Operation,
)
from gateway.schemas.messages import (
    MessageAnswer,
    MessageRequest,
    MessagesAnswer,
    MessagesQuery,
    SendRequest,
    SentAnswer,
)

MESSAGES = "Messages"
_NO_MESSAGE = {404: ("MESSAGE_NOT_FOUND",)}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/send"): Operation(
        MESSAGES,
        "Send a text, and wait until WhatsApp has it",
        {200: SentAnswer},
        {
            409: ("SESSION_NOT_READY",),
            422: ("IDEMPOTENCY_KEY_REUSED",),
            429: ("OUTBOX_FULL",),
            500: ("SEND_FAILED",),
        },
        client=True,
        body=SendRequest,
        headers={"Idempotency-Key": IDEMPOTENCY_KEY},
    ),
    ("POST", "/messages"): Operation(
        MESSAGES,
        "Promise a text",
        {202: MessageAnswer},
        {409: ("SESSION_NOT_READY",), 422: ("IDEMPOTENCY_KEY_REUSED",), 429: ("OUTBOX_FULL",)},
        client=True,
        body=MessageRequest,
        headers={"Idempotency-Key": IDEMPOTENCY_KEY},
        text="Answered once it is on disk; sent in the order of acceptance, across restarts.",
    ),
    ("GET", "/messages"): Operation(
        MESSAGES,
        "Messages in the order of their acceptance",
        {200: MessagesAnswer},
        _NO_MESSAGE,
        client=True,
        query=MessagesQuery,
    ),
    ("GET", "/messages/{id}"): Operation(
        MESSAGES, "How a message stands", {200: MessageAnswer}, _NO_MESSAGE, client=True, path={"id": MESSAGE}
    ),
    ("DELETE", "/messages/{id}"): Operation(
        MESSAGES,
        "Take a message back that has not left",
        {200: MessageAnswer},
        _NO_MESSAGE | {409: ("MESSAGE_NOT_QUEUED",)},
        client=True,
        path={"id": MESSAGE},
    ),
}
