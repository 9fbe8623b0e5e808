"""A restore in the running service, each step done before the next begins:

    backup checked, copy made ready ► no new work, clients closed ► copy in place of the database ► clients resume

Nothing is changed before the third step, which is whole or not at all: whatever ends the process leaves the one state
or the other. What fails before or in it is answered, and the clients resume from what there was. HTTP is served all the
while. Belongs to the gateway's event loop.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from actors.backups import prepared_restore
from config.refusal import StartRefused
from gateway.admission import exposure
from gateway.restores import RestoreRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from actors.backups import PreparedRestore
    from actors.store.succession import Restored
    from actors.system import System
    from config.settings import Settings
    from gateway.calls import Gateway
    from gateway.restores import Order

Found = TypeVar("Found")

_log = structlog.get_logger("service")


class Restoring:
    """Carries out orders. Once `ending` is set nothing is started.

    `pause` has the system pause in time, or ends the process; whether all of the system has ended.
    """

    def __init__(
        self,
        system: System,
        gateway: Gateway,
        settings: Settings,
        pause: Callable[[], Awaitable[bool]],
        ending: asyncio.Future[Any],
    ) -> None:
        self._system, self._gateway, self._settings = system, gateway, settings
        self._pause_system, self._ending = pause, ending

    async def carry_out(self, order: Order) -> None:
        """Do it, and answer. Raises StartRefused where the service cannot go on."""
        _log.info("restore.begun", file=order.file.name)
        outcome: Restored | Exception = RestoreRefused("The service could not start again: its log says why")
        try:
            outcome = await self._restored(order.file)
        except RestoreRefused as refused:
            outcome = refused
        finally:
            _log.info("restore.ended", outcome=str(outcome))
            self._gateway.restores.finish(order, outcome)

    async def _restored(self, file: Path) -> Restored:
        with ExitStack() as opened:
            ready = await _tried(self._prepare, opened, file)
            orderly = await self._pause()
            try:
                if not orderly:
                    raise RestoreRefused("Something of the service did not end in time. Nothing was changed.")
                return await _tried(ready.put_in_place)
            finally:
                await self._resume()

    def _prepare(self, opened: ExitStack, file: Path) -> PreparedRestore:
        """In a thread of its own."""
        ready = opened.enter_context(prepared_restore(self._settings, file))
        exposure.refuse_exposure(self._settings, ready.keys())
        return ready

    async def _pause(self) -> bool:
        """Whether all has ended."""
        self._gateway.bridge.draining = True
        self._gateway.streams.end()
        return await self._pause_system()

    async def _resume(self) -> None:
        if self._ending.done():
            return
        try:
            self._gateway.keyring.hold(await asyncio.to_thread(self._system.keys))
            await asyncio.to_thread(self._system.start)
        except StartRefused:
            await asyncio.to_thread(self._system.stop)  # nothing runs, but the data directory is still ours
            raise
        self._gateway.streams.begin_again()
        self._gateway.bridge.draining = False


async def _tried(work: Callable[..., Found], *arguments: object) -> Found:
    try:
        return await asyncio.to_thread(work, *arguments)
    except StartRefused as error:
        raise RestoreRefused(f"{error} Nothing was changed.") from error
    except Exception as error:  # whatever is wrong with it, the clients are to run on
        _log.exception("restore.failed")
        raise RestoreRefused("It failed, and nothing was changed: the service's log says why") from error
