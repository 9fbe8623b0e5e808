"""Waiting for a database server that is not there yet, and for nothing else that keeps the service from starting.

A host that starts may bring its database up after the service, and a server that was killed lets nobody in before it
has recovered. Keepers give up on a service that ends too often in too short a time: the wait makes that impossible.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from actors.store.errors import ServerAway
from config.refusal import StartRefused

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 30.0
"""How long a start waits. systemd's unit lets it take 60 s, and be repeated 10 times in 300 s."""
BETWEEN = 0.5
"""Seconds between two tries; each may take as long as connecting does."""

_log = structlog.get_logger("service")


async def when_there(read: Callable[[], Any], told: asyncio.Future[Any]) -> Any:
    """What `read` answers, in a thread, once the database server is there; None where the service is told to end first.

    Raises StartRefused: after `SECONDS`, or at once where waiting is no use.
    """
    deadline, said = time.monotonic() + SECONDS, False
    while True:
        try:
            return await asyncio.to_thread(read)
        except StartRefused as refused:
            if not isinstance(refused.__cause__, ServerAway) or time.monotonic() > deadline:
                raise
            if not said:
                _log.warning("service.database_awaited", seconds=SECONDS, reason=str(refused))
            said = True
        await asyncio.wait([told], timeout=BETWEEN)
        if told.done():
            return None
