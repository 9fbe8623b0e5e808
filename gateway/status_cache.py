"""The body of GET /status and its QR images: each is rendered once, for any number of callers.

A client answers with the same Status object until something changes, so the object itself is the cache's key: no copy
of the state, no expiry, nothing to invalidate.
"""

from __future__ import annotations

import asyncio
import base64
import io
from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog

from actors.clients.types import ClientId, State
from gateway.http import NO_STORE, JsonResponse, render
from gateway.schemas.clients import AbsentAnswer, StatusAnswer

if TYPE_CHECKING:
    from starlette.responses import Response

    from actors.clients.protocol import Status


_IMAGES_KEPT = 256
"""The most images that are kept: a client shows one code at a time, and nobody needs an older code."""

_MASK = 2
"""One of the eight masks, all equally readable. The search for the best one would take 8 ms more."""

_log = structlog.get_logger("qr")


def png(code: str) -> bytes:
    """Return the QR of `code` as PNG. Takes about 5 ms of one core. Any thread.

    Raises ValueError if no QR can hold the code.
    """
    # Imported late: with Pillow it is a twentieth of a start, and clients that are linked show no code.
    import qrcode
    from qrcode.constants import ERROR_CORRECT_L
    from qrcode.exceptions import DataOverflowError

    drawing = qrcode.QRCode(error_correction=ERROR_CORRECT_L, box_size=6, border=4, mask_pattern=_MASK)
    drawing.add_data(code, optimize=0)
    try:
        drawing.make(fit=True)
    except DataOverflowError as error:
        raise ValueError("no QR holds that much") from error
    image = io.BytesIO()
    drawing.make_image().save(image, "PNG")
    return image.getvalue()


def data_url(code: str) -> str | None:
    """Return the same as a `data:image/png;base64,…` URL; None, with a log line, if no QR can hold the code."""
    try:
        return "data:image/png;base64," + base64.b64encode(png(code)).decode("ascii")
    except ValueError as error:
        _log.error("qr.not_drawable", length=len(code), why=str(error))
        return None


class QrImages:
    """Data URLs of codes, each drawn once and off the event loop. Belongs to one event loop."""

    def __init__(self) -> None:
        self._drawings: OrderedDict[str, asyncio.Future[str | None]] = OrderedDict()

    async def data_url(self, code: str) -> str | None:
        """Return the code's data URL; callers during its drawing share it."""
        drawing = self._drawings.get(code)
        if drawing is None:
            drawing = self._drawings[code] = asyncio.ensure_future(asyncio.to_thread(data_url, code))
            if len(self._drawings) > _IMAGES_KEPT:
                self._drawings.popitem(last=False)
        # Shielded: a caller that goes away must not take the drawing from the others.
        return await asyncio.shield(drawing)


_KEPT = 10_000
"""The most clients whose body is kept; beyond that all are rendered again. A body has about 3 KB."""


class StatusPages:
    """The newest rendered status of each client, as a response that any number of requests may send."""

    def __init__(self, images: QrImages) -> None:
        self._images = images
        self._pages: dict[ClientId, tuple[Status, Response]] = {}

    def rendered(self, status: Status) -> Response | None:
        """Return the answer that shows this status, if it is rendered already."""
        held = self._pages.get(status.client_id)
        return held[1] if held is not None and held[0] is status else None

    async def page(self, status: Status) -> Response:
        """Return the answer that shows this status."""
        if (rendered := self.rendered(status)) is not None:
            return rendered
        page = JsonResponse(await self._render(status), headers=NO_STORE)
        self._hold(status, page)
        return page

    async def _render(self, status: Status) -> bytes:
        if status.state is State.NOT_INITIALIZED:
            return render(AbsentAnswer.of(status))
        showing = status.qr if status.state is State.QR_REQUIRED else None
        return render(StatusAnswer.of(status, await self._images.data_url(showing.code) if showing else None))

    def _hold(self, status: Status, page: Response) -> None:
        if status.state is State.NOT_INITIALIZED:
            # Callers can ask for any number: only running clients are kept.
            self._pages.pop(status.client_id, None)
            return
        if len(self._pages) >= _KEPT:
            self._pages.clear()
        self._pages[status.client_id] = (status, page)
