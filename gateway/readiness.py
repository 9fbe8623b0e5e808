"""The readiness of the service: the obstacles to its work. Belongs to the gateway's event loop.

A result is kept for `KEPT` seconds, and callers during a check share it, so it may be called as often as anyone likes.
"""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from pykka import ActorDeadError, Timeout

from actors.clients.errors import Starting
from actors.clients.types import Seconds
from actors.runtime import Refusal
from actors.store.events import GetEventRange

if TYPE_CHECKING:
    from actors.store.store import Store
    from actors.system import System
    from gateway.service.bridge import Bridge

KEPT: Seconds = 1.0
STORE_SECONDS: Seconds = 2.0
"""The time limit for the store's answer to the simplest question."""
LAG: Seconds = 2.0
"""The longest time that a working browser loop may take for one turn. Its own work takes milliseconds."""


class Obstacle(StrEnum):
    """An obstacle to the service's work."""

    STARTING = "starting"
    DRAINING = "draining"
    STORE = "store"
    BROWSER = "browser"


class ReadinessCheck:
    """Checks the service, one check at a time; callers share it."""

    def __init__(self, system: System, bridge: Bridge) -> None:
        self._system, self._bridge = system, bridge
        self._look: asyncio.Task[tuple[Obstacle, ...]] | None = None
        self._looked_at = 0.0

    async def obstacles(self) -> tuple[Obstacle, ...]:
        """Return the present obstacles; the service is ready if there are none."""
        if self._bridge.draining:
            return (Obstacle.DRAINING,)
        try:
            store = self._system.store
        except Starting:
            return (Obstacle.STARTING,)
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._looked_at > KEPT):
            self._looked_at = time.monotonic()
            look = self._look = asyncio.ensure_future(self._looking(store))
        # Shielded: a caller that goes away must not take the look from the others.
        return await asyncio.shield(look)

    async def _looking(self, store: Store) -> tuple[Obstacle, ...]:
        found = [] if await _is_well(store) else [Obstacle.STORE]
        if self._system.lag > LAG:
            found.append(Obstacle.BROWSER)
        return tuple(found)


async def _is_well(store: Store) -> bool:
    """Return True if both of its actors answer, and neither reports an outage."""
    try:
        outage, _ = await asyncio.gather(
            store.outage().wait(STORE_SECONDS), store.ask(GetEventRange()).wait(STORE_SECONDS)
        )
    except (Refusal, ActorDeadError, Timeout):
        return False
    return outage is None
