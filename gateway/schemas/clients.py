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
    """The contract of a client's page."""

    version: str | None
    """The version of WhatsApp Web, as the page says it."""
    contract: Literal["whole", "degraded"]
    """`whole`: the page has all that the service uses; `degraded`: it lacks some of it."""
    missing: list[str]
    """The names that the page lacks."""
    without: list[str]
    """The operations, events, facts and fields that do not work without them."""
    unresolved: int
    """How many names wa-js reports as not found."""

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
    """Why the client is in its state, where a reason is known."""
    reason_text: str | None
    """The reason as a sentence."""
    since: str | None
    """When it came into its state."""
    last_event_at: str | None
    """When its page last reported anything."""
    next_attempt_at: str | None
    """When the next reconnection begins, while one waits for its turn."""
    restricted_until: str | None
    """Until when WhatsApp restricts or bans the account, where it says so."""
    restriction: str | None
    """WhatsApp's word for a restriction of first messages to strangers, such as `WEB_COMPANION_ONLY`."""
    may_write_to_strangers: bool
    """False while WhatsApp refuses first messages to strangers."""
    may_write_to_known_chats: bool | None
    """Whether chats that others have written in may be written to; null where the page does not tell."""
    queue_position: int | None
    """Its place among the clients that wait for their turn to start or to be opened again; 1 is next."""
    healthy: bool
    """True if it is READY and its page answers."""
    server_silent_since: str | None
    """Since when WhatsApp's server has answered no query, while the client is READY; null while it answers."""
    phone: str | None
    """The account's own number, digits only; null before its page has said it."""
    pairing_code: str | None
    """The code to type on the phone, where `POST /pairing-code` asked for one."""
    pairing_code_expires_at: str | None
    """Until when that code may be typed; a new one then shows here, five times at most."""
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
    """True if the state is READY."""
    state: State
    reconnection_attempts: int
    """The reconnections that were tried since it was last READY."""
    max_reconnection_attempts: int
    """After so many it gives up: its state is then ERROR."""

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
    """True if a message can be sent now."""
    needs_qr: bool
    """True if it is READY only after a scan."""
    is_recoverable: bool
    """True if it recovers by itself, so that waiting is worthwhile."""
    recommended_action: str
    """What to do in this state, as a sentence."""
    qr_code_base64: str | None
    """The QR to scan, a PNG as a `data:` URL; null while none is shown."""
    qr_expires_at: str | None
    """Until when that QR can be scanned; another one follows."""

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
    """Says that nothing runs for this number: `POST /init` starts it."""


class ClientEntry(Answer):
    """One client of GET /clients."""

    id: int
    """The client's number."""
    state: State


class ClientsQuery(Query):
    """Query of GET /clients."""

    detail: bool = Field(False, description="All that is known of each.")
    known: bool = Field(False, description="Those too that do not run, as NOT_INITIALIZED, until they are deleted.")


class ClientDetail(Circumstances, ClientEntry):
    """One client of GET /clients?detail=1."""

    reconnection_attempts: int
    """The reconnections that were tried since it was last READY."""
    max_reconnection_attempts: int
    """After so many it gives up: its state is then ERROR."""
    memory: int | None
    """The memory of its processes (PSS) in bytes, as last measured."""
    has_login: bool
    """True if a start would resume it without a QR."""

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
    """The client's status after the wait for a first state."""
    action: Literal["INITIALIZING"] = "INITIALIZING"
    """What the call did."""
    next_steps: str = "Monitor /status endpoint for QR code or READY state"
    """What to do next, as a sentence."""


class InitUnneeded(Answer):
    """POST /init found the client running."""

    success: Literal[True] = True
    message: Literal["Client already initialized"] = "Client already initialized"
    cliente_id: int
    status: StatusSummary
    """The client's status."""
    action: Literal["NO_ACTION_NEEDED"] = "NO_ACTION_NEEDED"
    """What the call did."""


class LoggedOutAnswer(Answer):
    """POST /logout."""

    success: Literal[True] = True
    message: Literal["Logged out of WhatsApp"] = "Logged out of WhatsApp"
    cliente_id: int
    status: StatusSummary
    """The client's status after the logout."""


class StoppedAnswer(Answer):
    """POST /stop."""

    success: Literal[True] = True
    message: Literal["Client stopped"] = "Client stopped"
    cliente_id: int


class DeletedAnswer(Answer):
    """DELETE /session/{clienteId}."""

    success: Literal[True] = True
    message: Literal["Session deleted"] = "Session deleted"
    cliente_id: int
    logged_out: bool
    """True if the account is not linked to this client any more."""
    logged_out_reason: LinkLeft | None
    """Why it may still be linked, where it is not logged out."""

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
    """How many changes to return at most: the latest ones."""


class TransitionEntry(Answer):
    """One change of a client's state, or of its reason."""

    at: str | None
    """When it changed."""
    state: State
    """The state after it."""
    previous_state: State
    """The state before it."""
    event: str
    """What caused it, in the words of the life cycle."""
    reason: Reason | None
    """The reason, where one is known."""
    reason_text: str | None
    """The reason as a sentence."""
    request_id: str | None
    """The id of the request that caused it (`X-Request-Id`); null where none did."""

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
    """The changes, oldest first."""

    @classmethod
    def of(cls, client_id: ClientId, told: Iterable[Transition]) -> Self:
        return cls(cliente_id=client_id, transitions=[TransitionEntry.of(one) for one in told])
