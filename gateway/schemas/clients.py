"""The shapes of calls about clients: status, list, orders, history. The contract's table of states as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field

from actors.clients.page_contract import PageContract
from actors.clients.ports import Transition
from actors.clients.protocol import Deleted, Status
from actors.clients.types import RECOVERABLE, ClientId, LinkLeft, Reason, State
from gateway.schemas.shape import Answer, Query, iso

NEEDS_QR = frozenset({State.QR_REQUIRED, State.AUTH_FAILURE, State.DISCONNECTED_LOGOUT})
IS_RECOVERABLE = RECOVERABLE

RECOMMENDED_ACTION: Mapping[State, str] = MappingProxyType(
    {
        State.NOT_INITIALIZED: "Call POST /init to start the session",
        State.INITIALIZING: "Initializing for first time - wait",
        State.RECONNECTING: "Recovering existing session - wait",
        State.QR_REQUIRED: "Scan QR code to authenticate",
        State.READY: "Session operational - can send messages",
        State.AUTH_FAILURE: "Restart service and scan new QR",
        State.DISCONNECTED_RECOVERABLE: "Auto-reconnecting - wait",
        State.DISCONNECTED_LOGOUT: "User logged out - restart and scan QR",
        State.DISCONNECTED_BANNED: "Number banned - contact WhatsApp support",
        State.ERROR: "Technical error - check logs",
    }
)


class PageRead(Answer):
    """The contract of a client's page.

    `missing`: the names that the page lacks. `without`: the names of operations, events, facts and fields that do not
    work without them. `unresolved`: the number of names that wa-js reports as not found.
    """

    version: str | None
    contract: Literal["whole", "degraded"]
    missing: list[str]
    without: list[str]
    unresolved: int

    @classmethod
    def of(cls, read: PageContract) -> Self:
        """Fill from the contract that was read."""
        return cls(
            version=read.version,
            contract="whole" if read.whole else "degraded",
            missing=list(read.faults),
            without=sorted(read.lost),
            unresolved=len(read.unresolved),
        )


class Circumstances(Answer):
    """The fields of every long answer about a client; times are ISO 8601."""

    reason: Reason | None
    reason_text: str | None
    since: str | None
    last_event_at: str | None
    next_attempt_at: str | None
    restricted_until: str | None
    restriction: str | None
    """WhatsApp's word for a restriction of first messages to strangers, such as `WEB_COMPANION_ONLY`."""
    may_write_to_strangers: bool
    may_write_to_known_chats: bool | None
    queue_position: int | None
    """Its place among the clients that wait for their turn to start or to be opened again; 1 is next."""
    healthy: bool
    server_silent_since: str | None
    phone: str | None
    pairing_code: str | None
    pairing_code_expires_at: str | None
    whatsapp_web: PageRead | None
    """Its page's contract; null before it was read."""


def circumstances(status: Status) -> Circumstances:
    """Return the cause of the client's state, and the other known facts."""
    restriction, until = status.restriction, status.restricted_until
    if restriction is not None and until is None:
        until = restriction.until
    return Circumstances(
        reason=status.reason,
        reason_text=status.reason_text,
        since=iso(status.since),
        last_event_at=iso(status.last_event_at),
        next_attempt_at=iso(status.next_attempt_at),
        restricted_until=iso(until),
        restriction=restriction.kind or "UNKNOWN" if restriction else None,
        may_write_to_strangers=restriction is None,
        may_write_to_known_chats=restriction.known_chats if restriction else True,
        queue_position=status.queue_position,
        healthy=status.healthy,
        server_silent_since=iso(status.server_silent_since),
        phone=status.phone,
        pairing_code=status.pairing_code,
        pairing_code_expires_at=iso(status.pairing_code_expires_at),
        whatsapp_web=PageRead.of(status.contract) if status.contract else None,
    )


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


class StatusAnswer(Circumstances, StatusSummary):
    """GET /status of a running client."""

    can_send_messages: bool
    needs_qr: bool
    is_recoverable: bool
    recommended_action: str
    qr_code_base64: str | None
    qr_expires_at: str | None

    @classmethod
    def of(cls, status: Status, qr: str | None = None) -> Self:
        """Fill from a client's status; `qr` is the data URL of its code."""
        return cls(
            **StatusSummary.of(status).__dict__,
            can_send_messages=status.can_send,
            needs_qr=status.state in NEEDS_QR,
            is_recoverable=status.state in IS_RECOVERABLE,
            recommended_action=RECOMMENDED_ACTION[status.state],
            qr_code_base64=qr,
            qr_expires_at=iso(status.qr.expires_at) if qr and status.qr else None,
            **circumstances(status).__dict__,
        )


class AbsentAnswer(StatusAnswer):
    """GET /status of a client that does not run."""

    error: Literal["Client not initialized for this cliente_id"] = "Client not initialized for this cliente_id"


class ClientEntry(Answer):
    """One client of GET /clients."""

    id: int
    state: State


class ClientsQuery(Query):
    """Query of GET /clients."""

    detail: bool = Field(False, description="All that is known of each.")
    known: bool = Field(False, description="Those too that do not run, as NOT_INITIALIZED, until they are deleted.")


class ClientDetail(Circumstances, ClientEntry):
    """One client of GET /clients?detail=1. `memory`: PSS of its processes in bytes, as last measured; `has_login`: a
    start would resume it without a QR.
    """

    reconnection_attempts: int
    max_reconnection_attempts: int
    memory: int | None
    has_login: bool

    @classmethod
    def of(cls, status: Status, *, has_login: bool) -> Self:
        """Fill from a client's status."""
        return cls(
            id=status.client_id,
            state=status.state,
            **circumstances(status).__dict__,
            reconnection_attempts=status.reconnection_attempts,
            max_reconnection_attempts=status.max_reconnection_attempts,
            memory=status.memory,
            has_login=has_login,
        )


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
    """DELETE /session/{clienteId}.

    `logged_out`: the account is not linked to this client any more; where it is false, `logged_out_reason` says why.
    """

    success: Literal[True] = True
    message: Literal["Session deleted"] = "Session deleted"
    cliente_id: int
    logged_out: bool
    logged_out_reason: LinkLeft | None

    @classmethod
    def of(cls, deleted: Deleted) -> Self:
        return cls(cliente_id=deleted.client_id, logged_out=deleted.logged_out, logged_out_reason=deleted.link)


class DeleteQuery(Query):
    """Query of DELETE /session/{clienteId}."""

    logout: bool = Field(
        True,
        description="Log out at WhatsApp first, within 12 s: a client that does not run is started for that. With "
        "false it stays among the linked devices on the phone.",
    )
    everything: bool = Field(
        False,
        description="Delete what is kept of the client for others to read as well: its messages, events, history, dead "
        "letters and files. What has not been delivered by then never is. The event `client.erased` tells of it.",
    )


class HistoryQuery(Query):
    """Query of GET /clients/{id}/history."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class TransitionEntry(Answer):
    """One change of a client's state, or of its reason. `request_id` is that of the call that caused it."""

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
