"""Restores while the service runs: a call orders one, the server carries it out. Belongs to the gateway's event loop.

Rule of this file: what is restored lies in the data directory, so it takes an admin's key and a hand on the host.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actors.clients.errors import ShuttingDown

if TYPE_CHECKING:
    from actors.store.succession import Restored


class NoSuchBackup(Exception):
    """There is no file of this name where backups are handed over."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no file restore/{name} in the data directory of this service")


class RestoreUnderWay(Exception):
    """One at a time."""

    def __init__(self) -> None:
        super().__init__("A restore is under way: wait for its end")


class RestoreRefused(Exception):
    """It could not be done; the text says why, and what there is now."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants restored, and who waits for it."""

    file: Path
    done: asyncio.Future[Restored | Exception]


class Restores:
    """At most one order, from a call to the server. `directory` is where backups are handed over."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._order: Order | None = None
        self._ordered = asyncio.Event()
        self._ended = False

    async def restore(self, name: str) -> Restored:
        """Have the file of this name (no path) restored; returns when clients resume.

        Raises NoSuchBackup, RestoreUnderWay, RestoreRefused, ShuttingDown.
        """
        if self._ended:
            raise ShuttingDown
        if self._order is not None:
            raise RestoreUnderWay
        file = self._directory / name
        if file.is_symlink() or not file.is_file():
            raise NoSuchBackup(name)
        order = self._order = Order(file, asyncio.get_running_loop().create_future())
        self._ordered.set()
        # Shielded: what is begun goes on when its caller goes away.
        outcome = await asyncio.shield(order.done)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def ordered(self) -> Order:
        """Wait for an order."""
        await self._ordered.wait()
        assert self._order is not None
        return self._order

    def finish(self, order: Order, outcome: Restored | Exception) -> None:
        """Answer it, and take the next one."""
        self._order = None
        self._ordered.clear()
        order.done.set_result(outcome)

    def end(self) -> None:
        """Take no orders any more, and do none that is not begun."""
        self._ended = True
        if self._order is not None:
            self.finish(self._order, ShuttingDown())
