"""The ways to pair: QR images and codes to type."""

from __future__ import annotations

from typing import Literal

from actors.clients.operations.fields import Number
from actors.clients.types import State
from gateway.schemas.shape import Answer, Request


class PairingRequest(Request):
    """Body of POST /pairing-code."""

    phone: Number


class PairingAnswer(Answer):
    """POST /pairing-code. `expires_at`: until then the code may be typed; a new one then shows in GET /status."""

    success: Literal[True] = True
    cliente_id: int
    pairing_code: str
    expires_at: str | None


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
