"""Where one client is: STATUS of the contract, short and whole."""

from __future__ import annotations

from typing import Literal, Self

from actors.clients.protocol import Status
from actors.clients.types import Reason, State
from gateway import states
from gateway.schemas.shape import Answer, iso


class Circumstances(Answer):
    """What every long answer about a client says of it; moments as ISO 8601."""

    reason: Reason | None
    reason_text: str | None
    since: str | None
    last_event_at: str | None
    next_attempt_at: str | None
    restricted_until: str | None
    healthy: bool
    phone: str | None
    pairing_code: str | None


def circumstances(status: Status) -> Circumstances:
    """How it came to the client's state, and what else is known of the client in it."""
    return Circumstances(
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
    """GET /status of a client that runs."""

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
            needs_qr=status.state in states.NEEDS_QR,
            is_recoverable=status.state in states.IS_RECOVERABLE,
            recommended_action=states.RECOMMENDED_ACTION[status.state],
            qr_code_base64=qr,
            qr_expires_at=iso(status.qr.expires_at) if qr and status.qr else None,
            **circumstances(status).__dict__,
        )


class AbsentAnswer(StatusAnswer):
    """GET /status of a number no client runs under."""

    error: Literal["Client not initialized for this cliente_id"] = "Client not initialized for this cliente_id"
