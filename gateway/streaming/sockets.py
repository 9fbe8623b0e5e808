"""WebSockets with a bound: a caller that leaves unread what it is sent is cut off, as on every other connection."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from actors.clients.types import Seconds

if TYPE_CHECKING:
    from config.settings import Settings


class BoundedSocket(WebSocketsSansIOProtocol):
    """One WebSocket; `unread` is how long its caller may leave it unread."""

    def __init__(self, *args: Any, unread: Seconds, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unread_seconds = unread
        self._unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cancel_unread()
        self._unread = self.loop.call_later(self._unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_unread()
        super().connection_lost(exc)

    def _cancel_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def bounded_socket(settings: Settings) -> type[asyncio.Protocol]:
    """What uvicorn takes as its `ws`."""
    return cast(type[asyncio.Protocol], partial(BoundedSocket, unread=settings.write_timeout))
