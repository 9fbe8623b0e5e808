"""The readiness of the service: what is in the way of its work. Belongs to the gateway's event loop.

Anyone may ask, as often as they like: what was found holds for `KEPT` seconds, and whoever asks meanwhile waits for the
same look.
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
    from gateway.service import Bridge

KEPT: Seconds = 1.0
STORE_SECONDS: Seconds = 2.0
"""A store that takes longer than this to answer the simplest question is not well."""
LAG: Seconds = 2.0
"""A browser loop that has not turned for this long is not well. Its own work takes milliseconds."""


class Obstacle(StrEnum):
    """An obstacle to the service's work."""

    STARTING = "starting"
    DRAINING = "draining"
    STORE = "store"
    BROWSER = "browser"


class ReadinessCheck:
    """One look at a time, shared by all who ask."""

    def __init__(self, system: System, bridge: Bridge) -> None:
        self._system, self._bridge = system, bridge
        self._look: asyncio.Task[tuple[Obstacle, ...]] | None = None
        self._looked_at = 0.0

    async def obstacles(self) -> tuple[Obstacle, ...]:
        """Return what is in the way now; nothing, and the service is ready."""
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
    """Return whether both of its actors answer, and neither knows of an outage."""
    try:
        outage, _ = await asyncio.gather(
            store.outage().wait(STORE_SECONDS), store.ask(GetEventRange()).wait(STORE_SECONDS)
        )
    except (Refusal, ActorDeadError, Timeout):
        return False
    return outage is None
