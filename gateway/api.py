"""The table of calls: every call of the service, one row each. See `gateway.calls` for what a row says.

Routes, authorisation, rates, the OpenAPI document and the tables of docs/security.md come from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.clients.types import MAX_CLIENT_ID
from actors.media.conversion import Form
from gateway.calls import BYTES, Call, MediaType, Parameter, delete, get, patch, post
from gateway.operation_calls import CHATS, CONTACTS, GROUPS, MESSAGES, PRESENCE, PROFILE
from gateway.routes import clients, events, files, keys, messages, pages, pairing, service, webhooks
from gateway.schemas.clients import (
    AbsentAnswer,
    ClientDetail,
    ClientEntry,
    ClientsQuery,
    DeletedAnswer,
    DeleteQuery,
    HistoryAnswer,
    HistoryQuery,
    InitStarted,
    InitUnneeded,
    LoggedOutAnswer,
    StatusAnswer,
    StoppedAnswer,
)
from gateway.schemas.configs import ConfigAnswer, ConfigRequest
from gateway.schemas.events import EventsQuery, NextAnswer, NextQuery, ReceiptAnswer, ReceiptQuery
from gateway.schemas.files import FileSource, KeepQuery, MediaAnswer, ReceivedAnswer
from gateway.schemas.keys import KeyCreated, KeyEntry, KeyRequest, KeyRevoked
from gateway.schemas.messages import (
    WITH_FILES,
    HeldAnswer,
    HeldCount,
    MessageAnswer,
    MessageRequest,
    MessagesAnswer,
    MessagesQuery,
    SendRequest,
    SentAnswer,
)
from gateway.schemas.pairing import PairingAnswer, PairingRequest, QrAnswer, QrCodeAnswer, QrCodeRefused, QrUnavailable
from gateway.schemas.service import HealthAnswer, HealthSummary, ReadyAnswer, RootAnswer
from gateway.schemas.shape import ID
from gateway.schemas.webhooks import (
    DeadLettersAnswer,
    DeadLettersCount,
    DeadLettersQuery,
    WebhookAnswer,
    WebhookDeleted,
    WebhookDetail,
    WebhookRequest,
)
from gateway.security.auth import PUBLIC, Scope
from gateway.security.needs import (
    ADMIN_ALL,
    ADMIN_ITS_OWN,
    CONTROL,
    CONTROL_ITS_OWN,
    MARK,
    READ,
    READ_ALL,
    READ_ITS_OWN,
    SEND,
    START,
    in_path,
)

if TYPE_CHECKING:
    from actors.settings import Settings

CLIENT = Parameter({"type": "integer", "minimum": 1, "maximum": MAX_CLIENT_ID}, "The client's number.")
_MESSAGE = {"id": Parameter({"type": "string", "pattern": ID}, "The message's id (a ULID).")}
_KEY = {"id": Parameter({"type": "string", "minLength": 1}, "The key's id.")}
_WEBHOOK = {"id": Parameter({"type": "string", "pattern": ID}, "The webhook's id (a ULID).")}
_LETTER = _WEBHOOK | {"letter": Parameter({"type": "integer", "minimum": 1}, "The dead letter's id.")}
_RECEIPT = {"receipt": Parameter({"type": "string", "pattern": "^[0-9]+$"}, "The receipt of the fetched events.")}
_NAME = {"name": Parameter({"type": "string", "minLength": 1}, "The file's name, as in an event's `media.url`.")}
_OF_CHAT = {
    "chat": Parameter({"type": "string", "minLength": 1, "maxLength": 64}, "A number, or the id of a chat."),
    "message": Parameter({"type": "string", "minLength": 1}, "The message's id at WhatsApp, whole or bare."),
}
_IDEMPOTENCY_KEY = {
    "Idempotency-Key": Parameter(
        {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
        "The caller's own name for this message: repeated with the same key, the message is sent once.",
    )
}
_CLIENT_OR_ALL = {
    "X-Cliente-Id": Parameter(CLIENT.schema, "The client whose events are wanted; without it, all that the key is for.")
}
_LAST_EVENT_ID = {
    "Last-Event-ID": Parameter({"type": "string", "pattern": "^[0-9]+$"}, "The position after which a browser resumes.")
}
_FORM = {"form": Parameter({"type": "string", "enum": [*Form]}, "What the file is made for.")}
_A_FILE = {"type": "object", "properties": {"file": BYTES}, "required": ["file"]}
_A_MESSAGE = {
    "type": "object",
    "description": "The fields of the JSON body as texts, and one file, whose field is the content's: `image`, "
    "`document` and so on. Its own fields, such as `caption`, stand beside it.",
    "properties": {"to": {"type": "string"}, **dict.fromkeys(WITH_FILES, BYTES), "caption": {"type": "string"}},
    "required": ["to"],
}
_FILES = {
    "application/octet-stream": BYTES,
    "multipart/form-data": _A_FILE,
    "application/json": {"$ref": f"#/components/schemas/{FileSource.__name__}"},
}
_FILE = MediaType("application/octet-stream", BYTES)
_PNG = MediaType("image/png", {"type": "string", "contentMediaType": "image/png"})

_NOT_READY: Mapping[int, tuple[str, ...]] = {409: ("SESSION_NOT_READY",)}
_NO_MEDIA = {
    404: ("MEDIA_NOT_FOUND",),
    502: ("MEDIA_UNREACHABLE",),
    507: ("MEDIA_FULL",),
}
_NOT_CONVERTED = {422: ("MEDIA_REFUSED", "CONVERSION_FAILED"), 501: ("CONVERSION_UNAVAILABLE",)}
_NO_CLIENT = {404: ("CLIENT_NOT_FOUND",)}
_NO_MESSAGE = {404: ("MESSAGE_NOT_FOUND",)}
_NO_WEBHOOK = {404: ("WEBHOOK_NOT_FOUND",)}
_NO_LETTER = {404: ("WEBHOOK_NOT_FOUND", "DEAD_LETTER_NOT_FOUND")}
_NOT_ACCEPTED = {409: ("SESSION_NOT_READY",), 422: ("IDEMPOTENCY_KEY_REUSED",), 429: ("OUTBOX_FULL",)}


CALLS: tuple[Call, ...] = (
    post(
        "/init",
        clients.init,
        START,
        {200: InitStarted | InitUnneeded},
        {
            409: ("INITIALIZATION_IN_PROGRESS", "INITIALIZATION_OVERTAKEN"),
            500: ("INITIALIZATION_FAILED",),
            503: ("CAPACITY_EXCEEDED",),
        },
        tolerant=True,
    ),
    get("/status", clients.status, READ, {200: AbsentAnswer | StatusAnswer}, tolerant=True),
    get("/qr", pairing.qr, READ, {200: QrAnswer, 409: QrUnavailable}, tolerant=True),
    get(
        "/qr-code",
        pairing.qr_code,
        READ,
        {200: QrCodeAnswer, **dict.fromkeys((400, 404, 409, 500, 504), QrCodeRefused)},
        header_refused=pairing.qr_code_without_client,
        tolerant=True,
    ),
    post(
        "/pairing-code",
        pairing.pairing_code,
        CONTROL,
        {200: PairingAnswer},
        {409: ("PAIRING_UNAVAILABLE", "SESSION_NOT_READY")},
        body=PairingRequest,
    ),
    post(
        "/send",
        messages.send,
        SEND,
        {200: SentAnswer},
        {**_NOT_ACCEPTED, 500: ("SEND_FAILED",)},
        body=SendRequest,
        headers=_IDEMPOTENCY_KEY,
        tolerant=True,
    ),
    post(
        "/messages",
        messages.accept,
        SEND,
        {202: MessageAnswer},
        {
            **_NOT_ACCEPTED,
            **_NO_MEDIA,
            422: ("IDEMPOTENCY_KEY_REUSED", "MEDIA_REFUSED", "CONVERSION_FAILED"),
            501: ("CONVERSION_UNAVAILABLE",),
        },
        body=MessageRequest,
        headers=_IDEMPOTENCY_KEY,
        takes_files=True,
        bodies={"multipart/form-data": _A_MESSAGE},
    ),
    post(
        "/media",
        files.keep,
        MARK,
        {201: MediaAnswer},
        {**_NO_MEDIA, 422: ("MEDIA_REFUSED",)},
        query=KeepQuery,
        takes_files=True,
        bodies=_FILES,
    ),
    post(
        "/media/convert/{form}",
        files.convert,
        MARK,
        {201: MediaAnswer},
        {**_NO_MEDIA, **_NOT_CONVERTED},
        query=KeepQuery,
        takes_files=True,
        bodies=_FILES,
        parameters=_FORM,
    ),
    get("/media/{name}", files.give, READ, {200: _FILE}, _NO_MEDIA, parameters=_NAME),
    post(
        "/chats/{chat}/messages/{message}/media",
        files.fetch,
        READ,
        {200: ReceivedAnswer},
        {409: ("SESSION_NOT_READY", "OPERATION_REFUSED", "MEDIA_UNAVAILABLE"), 503: ("OPERATION_UNANSWERED",)},
        parameters=_OF_CHAT,
    ),
    get("/messages", messages.messages, READ, {200: MessagesAnswer}, _NO_MESSAGE, query=MessagesQuery),
    get("/messages/held", messages.held, READ, {200: HeldAnswer}),
    # From which account messages leave is for who may link and unlink it.
    post("/messages/held/release", messages.release_held, CONTROL, {200: HeldCount}, {409: ("NEVER_LINKED",)}),
    delete("/messages/held", messages.cancel_held, CONTROL, {200: HeldCount}),
    post(
        "/messages/{id}/release",
        messages.release,
        CONTROL,
        {200: MessageAnswer},
        {**_NO_MESSAGE, 409: ("MESSAGE_NOT_HELD", "NEVER_LINKED")},
        parameters=_MESSAGE,
    ),
    get("/messages/{id}", messages.message, READ, {200: MessageAnswer}, _NO_MESSAGE, parameters=_MESSAGE),
    delete(
        "/messages/{id}",
        messages.cancel,
        MARK,
        {200: MessageAnswer},
        {**_NO_MESSAGE, 409: ("MESSAGE_NOT_QUEUED",)},
        parameters=_MESSAGE,
    ),
    *CHATS,
    *CONTACTS,
    *MESSAGES,
    *PRESENCE,
    *GROUPS,
    *PROFILE,
    get(
        "/clients",
        clients.clients,
        READ_ITS_OWN,
        {200: list[ClientDetail] | list[ClientEntry]},
        query=ClientsQuery,
        tolerant=True,
    ),
    get(
        "/clients/{id}/history",
        clients.history,
        in_path(Scope.READ, "id"),
        {200: HistoryAnswer},
        _NO_CLIENT,
        query=HistoryQuery,
        parameters={"id": CLIENT},
    ),
    get(
        "/clients/{id}/config",
        clients.config,
        in_path(Scope.READ, "id"),
        {200: ConfigAnswer},
        _NO_CLIENT,
        parameters={"id": CLIENT},
    ),
    # A proxy sees where all of a client's traffic goes, and may be any address that this host reaches.
    patch(
        "/clients/{id}/config",
        clients.change_config,
        in_path(Scope.ADMIN, "id"),
        {200: ConfigAnswer},
        {**_NO_CLIENT, 409: ("NAME_TAKEN",)},
        body=ConfigRequest,
        parameters={"id": CLIENT},
    ),
    get(
        "/clients/{id}/screenshot",
        clients.screenshot,
        in_path(Scope.ADMIN, "id"),
        {200: _PNG},
        {**_NO_CLIENT, **_NOT_READY},
        parameters={"id": CLIENT},
    ),
    post("/stop", clients.stop, CONTROL, {200: StoppedAnswer}, _NO_CLIENT),
    post(
        "/logout",
        clients.log_out,
        CONTROL,
        {200: LoggedOutAnswer},
        {**_NOT_READY, 500: ("LOGOUT_FAILED",)},
        tolerant=True,
    ),
    delete(
        "/session/{clienteId}",
        clients.delete,
        in_path(Scope.CONTROL, "clienteId"),
        {200: DeletedAnswer},
        {**_NO_CLIENT, 500: ("DELETE_FAILED",)},
        query=DeleteQuery,
        parameters={"clienteId": CLIENT},
        tolerant=True,
    ),
    get(
        "/events",
        events.events,
        READ_ITS_OWN,
        {200: MediaType("text/event-stream")},
        query=EventsQuery,
        headers=_CLIENT_OR_ALL | _LAST_EVENT_ID,
        websocket=events.EventsSocket(),
    ),
    get(
        "/events/next",
        events.next_events,
        READ_ITS_OWN,
        {200: NextAnswer},
        {404: ("CONSUMER_NOT_FOUND",), 409: ("CONSUMER_DIFFERS", "TOO_MANY_CONSUMERS")},
        query=NextQuery,
        headers=_CLIENT_OR_ALL,
    ),
    delete(
        "/events/next/{receipt}",
        events.acknowledge,
        READ_ITS_OWN,
        {200: ReceiptAnswer},
        {404: ("CONSUMER_NOT_FOUND", "RECEIPT_NOT_FOUND"), 409: ("CONSUMER_DIFFERS",)},
        query=ReceiptQuery,
        parameters=_RECEIPT,
    ),
    # Who creates a webhook has all events sent to a URL of his choice, and that URL may be a secret.
    get("/webhooks", webhooks.webhooks, ADMIN_ITS_OWN, {200: list[WebhookAnswer]}),
    post(
        "/webhooks",
        webhooks.create,
        ADMIN_ITS_OWN,
        {200: WebhookAnswer, 201: WebhookAnswer},
        {409: ("WEBHOOK_EXISTS",)},
        body=WebhookRequest,
    ),
    get("/webhooks/{id}", webhooks.webhook, ADMIN_ITS_OWN, {200: WebhookDetail}, _NO_WEBHOOK, parameters=_WEBHOOK),
    patch(
        "/webhooks/{id}",
        webhooks.change,
        ADMIN_ITS_OWN,
        {200: WebhookAnswer},
        _NO_WEBHOOK,
        body=WebhookRequest,
        parameters=_WEBHOOK,
    ),
    delete("/webhooks/{id}", webhooks.delete, ADMIN_ITS_OWN, {200: WebhookDeleted}, _NO_WEBHOOK, parameters=_WEBHOOK),
    get(
        "/webhooks/{id}/dead-letters",
        webhooks.dead_letters,
        READ_ITS_OWN,
        {200: DeadLettersAnswer},
        _NO_WEBHOOK,
        query=DeadLettersQuery,
        parameters=_WEBHOOK,
    ),
    delete(
        "/webhooks/{id}/dead-letters",
        webhooks.forget_all,
        CONTROL_ITS_OWN,
        {200: DeadLettersCount},
        _NO_WEBHOOK,
        parameters=_WEBHOOK,
    ),
    post(
        "/webhooks/{id}/dead-letters/replay",
        webhooks.replay_all,
        CONTROL_ITS_OWN,
        {200: DeadLettersCount},
        _NO_WEBHOOK,
        parameters=_WEBHOOK,
    ),
    delete(
        "/webhooks/{id}/dead-letters/{letter}",
        webhooks.forget_one,
        CONTROL_ITS_OWN,
        {200: DeadLettersCount},
        _NO_LETTER,
        parameters=_LETTER,
    ),
    post(
        "/webhooks/{id}/dead-letters/{letter}/replay",
        webhooks.replay_one,
        CONTROL_ITS_OWN,
        {200: DeadLettersCount},
        _NO_LETTER,
        parameters=_LETTER,
    ),
    get("/keys", keys.keys, ADMIN_ALL, {200: list[KeyEntry]}),
    post("/keys", keys.create, ADMIN_ALL, {201: KeyCreated}, {409: ("KEY_REFUSED",)}, body=KeyRequest),
    delete(
        "/keys/{id}",
        keys.revoke,
        ADMIN_ALL,
        {200: KeyRevoked},
        {404: ("KEY_NOT_FOUND",), 409: ("KEY_REFUSED",)},
        parameters=_KEY,
    ),
    get("/health", service.health, PUBLIC, {200: HealthAnswer | HealthSummary}, tolerant=True),
    get("/", service.root, PUBLIC, {200: RootAnswer}),
    get("/ready", service.ready, PUBLIC, {200: ReadyAnswer, 503: ReadyAnswer}),
    get("/metrics", service.metrics, READ_ALL, {200: MediaType("text/plain")}),
    get("/openapi.json", service.openapi, PUBLIC, {200: dict[str, Any]}),
    get("/docs", pages.docs, PUBLIC, {200: MediaType("text/html")}, tolerant=True),
    get("/docs/{file}", pages.docs_file, PUBLIC, described=False),
    get("/dashboard", pages.dashboard, PUBLIC, described=False),
    get("/dashboard/session", pages.session, PUBLIC, described=False),
    post("/dashboard/session", pages.sign_in, PUBLIC, described=False),  # with a key in its body
    delete(
        "/dashboard/session", pages.sign_out, PUBLIC, described=False, tolerant=True
    ),  # with the token of the session that it ends
    get("/dashboard/{file}", pages.dashboard_file, PUBLIC, described=False),
)


def calls_for(settings: Settings) -> tuple[Call, ...]:
    """Return the table as the operator's settings change it: /metrics may be public."""
    if not settings.metrics_open:
        return CALLS
    return tuple(replace(call, need=PUBLIC) if call.path == "/metrics" else call for call in CALLS)
