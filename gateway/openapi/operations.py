"""Every call, described. A route without a row here cannot be served, unless it says `include_in_schema=False`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.openapi.operation import (
    CLIENT,
    CLIENT_OR_ALL,
    EVENTS,
    HTML,
    IDEMPOTENCY_KEY,
    KEY,
    LAST_EVENT_ID,
    LETTER,
    MESSAGE,
    PNG,
    RECEIPT,
    TEXT,
    WEBHOOK,
    Operation,
)
from gateway.schemas.clients import (
    AbsentAnswer,
    ClientDetail,
    ClientEntry,
    ClientsQuery,
    DeletedAnswer,
    HistoryAnswer,
    HistoryQuery,
    InitStarted,
    InitUnneeded,
    LoggedOutAnswer,
    StatusAnswer,
    StoppedAnswer,
)
from gateway.schemas.events import EventsQuery, NextAnswer, NextQuery, ReceiptAnswer, ReceiptQuery
from gateway.schemas.keys import KeyCreated, KeyEntry, KeyRequest, KeyRevoked
from gateway.schemas.messages import (
    MessageAnswer,
    MessageRequest,
    MessagesAnswer,
    MessagesQuery,
    SendRequest,
    SentAnswer,
)
from gateway.schemas.pairing import PairingAnswer, PairingRequest, QrAnswer, QrCodeAnswer, QrCodeRefused, QrUnavailable
from gateway.schemas.service import HealthAnswer, HealthSummary, ReadyAnswer, RestoreAnswer, RestoreRequest
from gateway.schemas.webhooks import (
    DeadLettersAnswer,
    DeadLettersCount,
    DeadLettersQuery,
    WebhookAnswer,
    WebhookDeleted,
    WebhookDetail,
    WebhookRequest,
)

CLIENTS, PAIRING, MESSAGES, EVENTS_TAG = "Clients", "Pairing", "Messages", "Events"
KEYS, SERVICE, WEBHOOKS = "Keys", "Service", "Webhooks"
_NOT_READY = {409: ("SESSION_NOT_READY",)}
_NO_CLIENT = {404: ("CLIENT_NOT_FOUND",)}
_NO_WEBHOOK = {404: ("WEBHOOK_NOT_FOUND",)}
_NO_LETTER = {404: ("WEBHOOK_NOT_FOUND", "DEAD_LETTER_NOT_FOUND")}
_NO_MESSAGE = {404: ("MESSAGE_NOT_FOUND",)}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/init"): Operation(
        CLIENTS,
        "Start a client, unless it runs",
        {200: InitStarted | InitUnneeded},
        {409: ("INITIALIZATION_IN_PROGRESS",), 500: ("INITIALIZATION_FAILED",), 503: ("CAPACITY_EXCEEDED",)},
        client=True,
        text="The only call that starts anything. Waits SM_INIT_WAIT at most for a first state.",
    ),
    ("GET", "/status"): Operation(
        CLIENTS,
        "Everything known of a client",
        {200: AbsentAnswer | StatusAnswer},
        client=True,
        text="Never starts, wakes or waits for anything.",
    ),
    ("GET", "/clients"): Operation(
        CLIENTS,
        "Every client that runs, and its state",
        {200: list[ClientDetail] | list[ClientEntry]},
        query=ClientsQuery,
    ),
    ("GET", "/clients/{id}/history"): Operation(
        CLIENTS,
        "The changes of a client's state, with their causes",
        {200: HistoryAnswer},
        _NO_CLIENT,
        query=HistoryQuery,
        path={"id": CLIENT},
        text="Empty for a client that never had one.",
    ),
    ("GET", "/clients/{id}/screenshot"): Operation(
        CLIENTS,
        "A picture of what a client's page shows now",
        {200: PNG},
        _NO_CLIENT | _NOT_READY,
        path={"id": CLIENT},
    ),
    ("POST", "/stop"): Operation(
        CLIENTS,
        "Close a client, and keep its login",
        {200: StoppedAnswer},
        _NO_CLIENT,
        client=True,
        text="The next POST /init resumes it without a QR.",
    ),
    ("POST", "/logout"): Operation(
        CLIENTS,
        "Log a client out at WhatsApp",
        {200: LoggedOutAnswer},
        _NOT_READY | {500: ("LOGOUT_FAILED",)},
        client=True,
    ),
    ("DELETE", "/session/{clienteId}"): Operation(
        CLIENTS,
        "Log out, stop, delete the stored login, forget",
        {200: DeletedAnswer},
        _NO_CLIENT,
        path={"clienteId": CLIENT},
    ),
    ("GET", "/qr"): Operation(PAIRING, "The QR that is shown now", {200: QrAnswer, 409: QrUnavailable}, client=True),
    ("GET", "/qr-code"): Operation(
        PAIRING,
        "The QR, as soon as one is shown",
        {
            200: QrCodeAnswer,
            400: QrCodeRefused,
            404: QrCodeRefused,
            409: QrCodeRefused,
            500: QrCodeRefused,
            504: QrCodeRefused,
        },
        client=True,
        text="Waits SM_QR_WAIT at most.",
    ),
    ("POST", "/pairing-code"): Operation(
        PAIRING,
        "A code to type on the phone instead of scanning",
        {200: PairingAnswer},
        {409: ("PAIRING_UNAVAILABLE", "SESSION_NOT_READY")},
        client=True,
        body=PairingRequest,
    ),
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
    ("GET", "/events"): Operation(
        EVENTS_TAG,
        "What happens, as it happens",
        {200: EVENTS},
        query=EventsQuery,
        headers={"X-Cliente-Id": CLIENT_OR_ALL, "Last-Event-ID": LAST_EVENT_ID},
        text="Server-sent events, for as long as one listens; a WebSocket at the same path tells the same.",
    ),
    ("GET", "/events/next"): Operation(
        EVENTS_TAG,
        "What a consumer has not acknowledged, as soon as there is something",
        {200: NextAnswer},
        {404: ("CONSUMER_NOT_FOUND",), 409: ("CONSUMER_DIFFERS", "TOO_MANY_CONSUMERS")},
        query=NextQuery,
        headers={"X-Cliente-Id": CLIENT_OR_ALL},
    ),
    ("DELETE", "/events/next/{receipt}"): Operation(
        EVENTS_TAG,
        "Everything up to a receipt is done with",
        {200: ReceiptAnswer},
        {404: ("CONSUMER_NOT_FOUND", "RECEIPT_NOT_FOUND"), 409: ("CONSUMER_DIFFERS",)},
        query=ReceiptQuery,
        path={"receipt": RECEIPT},
    ),
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
    ("GET", "/keys"): Operation(KEYS, "Every valid key", {200: list[KeyEntry]}),
    ("POST", "/keys"): Operation(
        KEYS,
        "Draw a key, and show it this once",
        {201: KeyCreated},
        {409: ("KEY_REFUSED",)},
        body=KeyRequest,
    ),
    ("DELETE", "/keys/{id}"): Operation(
        KEYS,
        "End a key, at once",
        {200: KeyRevoked},
        {404: ("KEY_NOT_FOUND",), 409: ("KEY_REFUSED",)},
        path={"id": KEY},
    ),
    ("GET", "/health"): Operation(
        SERVICE,
        "The whole service in one state",
        {200: HealthAnswer | HealthSummary},
        text="Strangers get the first three fields.",
    ),
    ("GET", "/ready"): Operation(
        SERVICE, "Whether work can be done here, and what is in the way", {200: ReadyAnswer, 503: ReadyAnswer}
    ),
    ("GET", "/metrics"): Operation(SERVICE, "Counters and measurements, for Prometheus", {200: TEXT}),
    ("POST", "/restore"): Operation(
        SERVICE,
        "Put a backup in the place of all that the store holds",
        {200: RestoreAnswer},
        {404: ("BACKUP_NOT_FOUND",), 409: ("RESTORE_UNDER_WAY", "RESTORE_REFUSED")},
        body=RestoreRequest,
        text="Clients are closed, never logged out, and resume. Answered once they do; meanwhile other calls get 503.",
    ),
    ("GET", "/openapi.json"): Operation(SERVICE, "This document", {200: dict[str, Any]}),
    ("GET", "/docs"): Operation(SERVICE, "This document as pages", {200: HTML}),
}
"""Method and path as the application's routes spell them."""
