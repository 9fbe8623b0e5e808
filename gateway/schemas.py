"""The shapes of requests and answers. Field names are the contract's: fixed; new fields may be added.

Rule of this file: plain shapes, and how to fill them from what actors answer. Instants are ISO 8601 in UTC, durations
seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from actors.clients.ports import Transition
from actors.clients.protocol import Deleted, Status
from actors.clients.types import ClientId, Reason, State
from actors.store.message_states import MessageState
from actors.store.outbox import Message
from gateway import states
from gateway.authority import Caller, Scope
from gateway.readiness import Obstacle

# --- requests --------------------------------------------------------------------------------------------------------

NUMBER = r"^[0-9]{1,15}$"
"""A phone number as E.164 bounds it, digits only."""
CHAT = r"^([0-9]{1,15}(@c\.us)?|[0-9]{1,20}(-[0-9]{1,20})?@g\.us|[0-9]{1,20}@lid)$"
"""A number, or the id of a person's, a group's or a hidden number's chat."""


Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 with an offset from UTC."""
ID = r"^[0-9A-HJKMNP-TV-Z]{26}$"
"""A ULID."""


class Request(BaseModel):
    """What callers send: no conversion of types, and what is not known is ignored."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class SendRequest(Request):
    """Body of POST /send."""

    to: Annotated[str, StringConstraints(pattern=CHAT)]
    message: str
    cliente_id: int | None = None
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    """Higher goes first; 8 and 9 go past the pace. A caller who waits goes ahead of bulk by default."""

    @field_validator("message")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("should not be blank")
        if "\0" in text:
            raise ValueError("should not contain NUL characters")
        return text

    @property
    def chat(self) -> str:
        """The wid to send to: a bare number is a person's chat."""
        return self.to if "@" in self.to else f"{self.to}@c.us"


class MessageRequest(SendRequest):
    """Body of POST /messages. Instants are ISO 8601 with an offset."""

    priority: Annotated[int, Field(ge=0, le=9)] = 0
    send_at: Instant | None = None
    expires_at: Instant | None = None

    @field_validator("send_at", "expires_at")
    @classmethod
    def _is_an_instant(cls, text: str | None) -> str | None:
        if text is not None:
            epoch(text)
        return text

    def instant(self, field: Literal["send_at", "expires_at"]) -> float | None:
        """One of the instants in epoch seconds."""
        text = self.send_at if field == "send_at" else self.expires_at
        return None if text is None else epoch(text)


class MessagesQuery(BaseModel):
    """Query of GET /messages: in a state, to a number or chat, after a message's id."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    state: MessageState | None = None
    to: Annotated[str, StringConstraints(pattern=CHAT)] | None = None
    after: Annotated[str, StringConstraints(pattern=ID)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    @property
    def chat(self) -> str | None:
        """The wid asked for."""
        return self.to if self.to is None or "@" in self.to else f"{self.to}@c.us"


class PairingRequest(Request):
    """Body of POST /pairing-code."""

    phone: Annotated[str, StringConstraints(pattern=NUMBER)]


# --- answers ---------------------------------------------------------------------------------------------------------


class Answer(BaseModel):
    """What callers get."""

    model_config = ConfigDict(frozen=True)


class StatusSummary(Answer):
    """STATUS of the contract: the short form inside other answers."""

    cliente_id: int
    connected: bool
    state: State
    reconnection_attempts: int
    max_reconnection_attempts: int

    @classmethod
    def of(cls, status: Status) -> Self:
        """Fill from a client's status."""
        return cls(
            cliente_id=status.client_id,
            connected=status.state is State.READY,
            state=status.state,
            reconnection_attempts=status.reconnection_attempts,
            max_reconnection_attempts=status.max_reconnection_attempts,
        )


class StatusAnswer(StatusSummary):
    """GET /status of a client that runs."""

    can_send_messages: bool
    needs_qr: bool
    is_recoverable: bool
    recommended_action: str
    qr_code_base64: str | None
    qr_expires_at: str | None
    reason: Reason | None
    reason_text: str | None
    since: str | None
    last_event_at: str | None
    next_attempt_at: str | None
    restricted_until: str | None
    healthy: bool
    phone: str | None
    pairing_code: str | None

    @classmethod
    def of(cls, status: Status, qr: str | None = None) -> Self:
        """Fill from a client's status; `qr` is the data URL of its code."""
        return cls(
            **StatusSummary.of(status).__dict__,
            can_send_messages=status.state in states.CAN_SEND,
            needs_qr=status.state in states.NEEDS_QR,
            is_recoverable=status.state in states.IS_RECOVERABLE,
            recommended_action=states.RECOMMENDED_ACTION[status.state],
            qr_code_base64=qr,
            qr_expires_at=iso(status.qr.expires_at) if qr and status.qr else None,
            reason=status.reason,
            reason_text=status.reason_text,
            since=iso(status.since),
            last_event_at=iso(status.last_event_at),
            next_attempt_at=iso(status.next_attempt_at),
            restricted_until=iso(status.restricted_until),
            healthy=status.healthy,
            phone=status.phone,
            pairing_code=status.pairing_code,
        )


class AbsentAnswer(StatusAnswer):
    """GET /status of a number no client runs under."""

    error: Literal["Client not initialized for this cliente_id"] = "Client not initialized for this cliente_id"


class InitStarted(Answer):
    """POST /init began a start."""

    success: Literal[True] = True
    message: Literal["WhatsApp client initialization started"] = "WhatsApp client initialization started"
    cliente_id: int
    status: StatusSummary
    action: Literal["INITIALIZING"] = "INITIALIZING"
    next_steps: str = "Monitor /status endpoint for QR code or READY state"


class InitUnneeded(Answer):
    """POST /init found the client running."""

    success: Literal[True] = True
    message: Literal["Client already initialized"] = "Client already initialized"
    cliente_id: int
    status: StatusSummary
    action: Literal["NO_ACTION_NEEDED"] = "NO_ACTION_NEEDED"


class LoggedOutAnswer(Answer):
    """POST /logout."""

    success: Literal[True] = True
    message: Literal["Logged out of WhatsApp"] = "Logged out of WhatsApp"
    cliente_id: int
    status: StatusSummary


class StoppedAnswer(Answer):
    """POST /stop."""

    success: Literal[True] = True
    message: Literal["Client stopped"] = "Client stopped"
    cliente_id: int


class DeletedAnswer(Answer):
    """DELETE /session/{clienteId}. `logged_out`: False where no page was there to tell WhatsApp through."""

    success: Literal[True] = True
    message: Literal["Session deleted"] = "Session deleted"
    cliente_id: int
    logged_out: bool

    @classmethod
    def of(cls, deleted: Deleted) -> Self:
        return cls(cliente_id=deleted.client_id, logged_out=deleted.logged_out)


class PairingAnswer(Answer):
    """POST /pairing-code."""

    success: Literal[True] = True
    cliente_id: int
    pairing_code: str


class QrAnswer(Answer):
    """GET /qr while a code is shown. `expires_in`: whole seconds until it is replaced."""

    state: Literal[State.QR_REQUIRED] = State.QR_REQUIRED
    expires_in: int
    qr: str


class QrUnavailable(Answer):
    """GET /qr otherwise."""

    error: Literal["QR not available"] = "QR not available"
    state: State
    can_send_messages: bool


class QrCodeAnswer(Answer):
    """GET /qr-code, once there is a code."""

    qr: str


class QrCodeRefused(Answer):
    """GET /qr-code otherwise; fields that do not apply are left out."""

    error: str
    message: str
    current_state: State | None = None
    wait_time_ms: int | None = None


class SentAnswer(Answer):
    """POST /send, once WhatsApp has the message. `chat` is the chat as WhatsApp names it, `id` for GET /messages."""

    ok: Literal[True] = True
    success: Literal[True] = True
    message_id: str
    cliente_id: int
    chat: str
    id: str
    state: MessageState

    @classmethod
    def of(cls, message: Message) -> Self:
        full = message.full_id or f"true_{message.chat}_{message.message_id}"
        chat = full.split("_")[1]
        return cls(message_id=full, cliente_id=message.client_id, chat=chat, id=message.id, state=message.state)


class MessageAnswer(Answer):
    """One message of the outbox. `times`: when it reached each state. `message_id` is WhatsApp's."""

    id: str
    state: MessageState
    cliente_id: int
    to: str
    message: str
    message_id: str
    reason: str | None
    priority: int
    send_at: str | None
    expires_at: str | None
    attempts: int
    times: dict[str, str | None]

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls(
            id=message.id,
            state=message.state,
            cliente_id=message.client_id,
            to=message.chat,
            message=message.text,
            message_id=message.full_id or message.message_id,
            reason=message.reason,
            priority=message.priority,
            send_at=iso(message.send_at),
            expires_at=iso(message.expires_at),
            attempts=message.attempts,
            times={state: iso(at) for state, at in message.times.items()},
        )


class MessagesAnswer(Answer):
    """A page of messages; `next` goes into `after` for the following page, null where there is none."""

    messages: list[MessageAnswer]
    next: str | None

    @classmethod
    def of(cls, found: tuple[Message, ...], limit: int) -> Self:
        following = found[-1].id if len(found) == limit else None
        return cls(messages=[MessageAnswer.of(message) for message in found], next=following)


class HealthSummary(Answer):
    """GET /health, as strangers see it."""

    status: Literal["ok"] = "ok"
    service: Literal["session-manager"] = "session-manager"
    whatsapp_state: State


class HealthAnswer(HealthSummary):
    """GET /health. `clients`: how many are in each state."""

    clients: dict[State, int] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)


class ClientEntry(Answer):
    """One client of GET /clients."""

    id: int
    state: State


class ClientsQuery(BaseModel):
    """Query of GET /clients: `detail=1` for all that is known of each."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    detail: bool = False


class ClientDetail(ClientEntry):
    """One client of GET /clients?detail=1. `memory`: PSS of its processes in bytes, as last measured."""

    reason: Reason | None
    reason_text: str | None
    since: str | None
    last_event_at: str | None
    next_attempt_at: str | None
    restricted_until: str | None
    reconnection_attempts: int
    max_reconnection_attempts: int
    healthy: bool
    phone: str | None
    pairing_code: str | None
    memory: int | None

    @classmethod
    def of(cls, status: Status) -> Self:
        """Fill from a client's status."""
        return cls(
            id=status.client_id,
            state=status.state,
            reason=status.reason,
            reason_text=status.reason_text,
            since=iso(status.since),
            last_event_at=iso(status.last_event_at),
            next_attempt_at=iso(status.next_attempt_at),
            restricted_until=iso(status.restricted_until),
            reconnection_attempts=status.reconnection_attempts,
            max_reconnection_attempts=status.max_reconnection_attempts,
            healthy=status.healthy,
            phone=status.phone,
            pairing_code=status.pairing_code,
            memory=status.memory,
        )


class SessionAnswer(Answer):
    """GET, POST and DELETE /dashboard/session. `csrf` goes into X-CSRF-Token; `clients` is null for all."""

    signed_in: bool
    key_needed: bool
    csrf: str | None
    key: str | None
    scopes: list[Scope]
    clients: list[int] | None

    @classmethod
    def of(cls, caller: Caller | None, *, key_needed: bool, csrf: str | None) -> Self:
        """Fill from who calls; None for a stranger."""
        return cls(
            signed_in=caller is not None,
            key_needed=key_needed,
            csrf=csrf,
            key=(caller.key_id or None) if caller else None,
            scopes=[scope for scope in Scope if caller is not None and caller.may(scope)],
            clients=sorted(caller.clients) if caller is not None and caller.clients is not None else None,
        )


class ReadyAnswer(Answer):
    """GET /ready. `why`: what is in the way."""

    ready: bool
    why: list[Obstacle]


class HistoryQuery(BaseModel):
    """Query of GET /clients/{id}/history."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class TransitionEntry(Answer):
    """One change of a client's state, or of the reason for it. `request_id`: of the call that it is due to."""

    at: str | None
    state: State
    previous_state: State
    event: str
    reason: Reason | None
    reason_text: str | None
    request_id: str | None

    @classmethod
    def of(cls, told: Transition) -> Self:
        """Fill from the journal."""
        return cls(
            at=iso(told.at),
            state=told.after,
            previous_state=told.before,
            event=told.event,
            reason=told.reason,
            reason_text=told.text,
            request_id=told.request_id,
        )


class HistoryAnswer(Answer):
    """GET /clients/{id}/history: oldest first."""

    cliente_id: int
    transitions: list[TransitionEntry]

    @classmethod
    def of(cls, client_id: ClientId, told: Iterable[Transition]) -> Self:
        return cls(cliente_id=client_id, transitions=[TransitionEntry.of(one) for one in told])


class ErrorAnswer(Answer):
    """Every error, but those of /qr and /qr-code; further fields depend on `code`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    error: Literal[True] = True
    code: str
    message: str


def iso(instant: float | None) -> str | None:
    """Epoch seconds as ISO 8601 in UTC with milliseconds."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch(text: str) -> float:
    """ISO 8601 with an offset as epoch seconds. Raises ValueError."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("should be an instant in ISO 8601, such as 2026-01-31T12:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError("should have an offset from UTC, such as Z or -03:00")
    return instant.timestamp()
