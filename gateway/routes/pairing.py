"""The calls to pair: a QR now, a QR as soon as there is one, a code to type on the phone."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from actors.clients.types import RECOVERABLE, TERMINAL, State
from gateway.calls import ApiRequest
from gateway.http import HeaderRefused, reply
from gateway.schemas.pairing import PairingAnswer, PairingRequest, QrAnswer, QrCodeAnswer, QrCodeRefused, QrUnavailable
from gateway.schemas.shape import iso

if TYPE_CHECKING:
    from actors.clients.protocol import Status
    from gateway.app import Gateway


async def qr(request: ApiRequest[None, None]) -> Response:
    """Return the QR that is shown now."""
    status = await request.gateway.bridge.status(request.client_id)
    image = await _image(request.gateway, status)
    if image is None or status.qr is None:
        return reply(QrUnavailable(state=status.state, can_send_messages=status.can_send), 409)
    left = max(0, math.ceil(status.qr.expires_at - time.time()))
    return reply(QrAnswer(expires_in=left, qr=image))


async def qr_code(request: ApiRequest[None, None]) -> Response:
    """Wait for a QR and return it.

    Waits SM_QR_WAIT at most.
    """
    gateway = request.gateway
    status = await gateway.bridge.settled(request.client_id, RECOVERABLE, gateway.settings.qr_wait)
    image = await _image(gateway, status)
    if image is not None:
        return reply(QrCodeAnswer(qr=image))
    http, error, message = _VOID if status.state is State.QR_REQUIRED and status.qr is None else _REFUSED[status.state]
    if status.state in TERMINAL and http == 500 and status.reason_text:
        message = f"{status.reason_text.rstrip('.')}: call POST /init to try again"
    refused = QrCodeRefused(
        error=error,
        message=message,
        current_state=None if status.state is State.NOT_INITIALIZED else status.state,
        wait_time_ms=round(gateway.settings.qr_wait * 1000) if http == 504 else None,
    )
    return reply(refused, http, without_none=True)


def qr_code_without_client(error: HeaderRefused) -> Response:
    """Return the answer of GET /qr-code to a header that names no client, which has a shape of its own."""
    return reply(QrCodeRefused(error=error.code, message=str(error)), 400, without_none=True)


async def pairing_code(request: ApiRequest[PairingRequest, None]) -> Response:
    """Get a code to type on the phone instead of scanning a QR."""
    shown = await request.gateway.bridge.pairing_code(request.client_id, request.body.phone)
    expires = iso(time.time() + shown.lifetime)
    return reply(PairingAnswer(cliente_id=request.client_id, pairing_code=shown.code, expires_at=expires))


async def _image(gateway: Gateway, status: Status) -> str | None:
    if status.state is not State.QR_REQUIRED or status.qr is None:
        return None
    return await gateway.images.data_url(status.qr.code)


_NOT_REQUIRED = (409, "QR_NOT_REQUIRED")
_FAILED = (500, "INITIALIZATION_FAILED")
_VOID = (*_NOT_REQUIRED, "A pairing code was asked for: until it is typed or over, no QR can be scanned")
_TIMEOUT = (504, "QR_TIMEOUT", "No QR was shown in time")
_REFUSED: dict[State, tuple[int, str, str]] = {
    State.NOT_INITIALIZED: (404, "QR_NOT_AVAILABLE", "Client not initialized: call POST /init first"),
    State.READY: (*_NOT_REQUIRED, "The session is operational: no QR is needed"),
    State.DISCONNECTED_LOGOUT: (*_NOT_REQUIRED, "The client has logged out: call POST /init for a new QR"),
    State.DISCONNECTED_BANNED: (*_NOT_REQUIRED, "The number is banned: a QR would not help"),
    State.AUTH_FAILURE: (*_FAILED, "The QR was not scanned in time: call POST /init for a new one"),
    State.ERROR: (*_FAILED, "The client could not be started: call POST /init to try again"),
    State.QR_REQUIRED: (*_FAILED, "The code that WhatsApp Web shows cannot be drawn as a QR"),
    **dict.fromkeys(RECOVERABLE, _TIMEOUT),
}
"""The answer without an image."""
