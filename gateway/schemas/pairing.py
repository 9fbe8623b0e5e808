"""The ways to pair: QR images and codes to type."""

from __future__ import annotations

from typing import Literal

from actors.clients.operations.fields import Number
from actors.clients.types import State
from gateway.schemas.shape import Answer, Request


class PairingRequest(Request):
    """Body of POST /pairing-code."""

    phone: Number
    """The phone number of the account to link, with its country's code."""


class PairingAnswer(Answer):
    """POST /pairing-code."""

    success: Literal[True] = True
    cliente_id: int
    pairing_code: str
    """The code to type on the phone."""
    expires_at: str | None
    """Until when it may be typed; a new one then shows in `GET /status`."""


class QrAnswer(Answer):
    """GET /qr while a code is shown."""

    state: Literal[State.QR_REQUIRED] = State.QR_REQUIRED
    expires_in: int
    """Whole seconds until it is replaced."""
    qr: str
    """The QR to scan, a PNG as a `data:` URL."""


class QrUnavailable(Answer):
    """GET /qr otherwise."""

    error: Literal["QR not available"] = "QR not available"
    """Says that no QR is shown."""
    state: State
    can_send_messages: bool
    """True if a message can be sent now: no QR is needed then."""


class QrCodeAnswer(Answer):
    """GET /qr-code, once there is a code."""

    qr: str
    """The QR to scan, a PNG as a `data:` URL."""


class QrCodeRefused(Answer):
    """GET /qr-code otherwise; fields that do not apply are left out."""

    error: str
    """The code of the error."""
    message: str
    """What was wrong, and what to do."""
    current_state: State | None = None
    """The client's state, where it runs."""
    wait_time_ms: int | None = None
    """How long the call has waited, in milliseconds, where that was too short."""
