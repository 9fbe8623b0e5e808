"""The body of GET /status, rendered once per change.

A client answers the same Status object until something changes, so the object itself is the cache's key: no copy of the
state, no expiry, nothing to invalidate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.clients.types import ClientId, State
from gateway.replies import render
from gateway.schemas.status import AbsentAnswer, StatusAnswer

if TYPE_CHECKING:
    from actors.clients.protocol import Status
    from gateway.qr import QrImages

_KEPT = 10_000
"""Clients whose page is kept; past that all are rendered again. A page is about 3 KB."""


class StatusPages:
    """The newest rendered status of each client."""

    def __init__(self, images: QrImages) -> None:
        self._images = images
        self._pages: dict[ClientId, tuple[Status, bytes]] = {}

    async def page(self, status: Status) -> bytes:
        """The JSON of this status."""
        held = self._pages.get(status.client_id)
        if held is not None and held[0] is status:
            return held[1]
        body = await self._render(status)
        self._hold(status, body)
        return body

    async def _render(self, status: Status) -> bytes:
        if status.state is State.NOT_INITIALIZED:
            return render(AbsentAnswer.of(status))
        showing = status.qr if status.state is State.QR_REQUIRED else None
        return render(StatusAnswer.of(status, await self._images.data_url(showing.code) if showing else None))

    def _hold(self, status: Status, body: bytes) -> None:
        if status.state is State.NOT_INITIALIZED:
            # Anyone can ask for any number: only clients that run are remembered.
            self._pages.pop(status.client_id, None)
            return
        if len(self._pages) >= _KEPT:
            self._pages.clear()
        self._pages[status.client_id] = (status, body)
