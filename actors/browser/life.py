"""The life of one page's processes: a turn on the profile, Chromium opened on it, its end. On the loop only.

Rule of this file: `live` returns when no process is left and the profile is free again, whatever happened; how it ended
is what it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import structlog

from actors.browser import records, room
from actors.browser.chromium import Chromium
from actors.browser.command_line import command, identity
from actors.browser.connection import Wire
from actors.browser.house import House
from actors.browser.opening import Listener, Opening, Plan, StartFailed
from actors.browser.profiles import Profile, ProfileInUse
from actors.clients.protocol import BrowserGone
from actors.clients.types import ClientId, Reason, Seconds

CLOSED = BrowserGone(None, "Closed")
PATIENCE_SHARE = 0.9
"""Share of the start's patience after which a start is given up: whoever waits for it as long is to hear why first."""


class Life:
    """One start, one end. `opened` is called once WhatsApp Web's modules are there, `ending` before Chromium ends."""

    def __init__(
        self,
        house: House,
        client_id: ClientId,
        listeners: Mapping[str, Listener],
        opened: Callable[[Wire], None],
        ending: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._house, self._client_id, self._listeners = house, client_id, listeners
        self._opened, self._ending = opened, ending
        self._log = structlog.get_logger("browser").bind(client=client_id)
        self._opening: Opening | None = None
        self._grace: Seconds = house.options.close_grace
        self.leaving: asyncio.Future[None] = loop.create_future()
        """Done once the end has been asked for."""
        self._killing: asyncio.Future[None] = loop.create_future()

    @property
    def chromium(self) -> Chromium | None:
        """The process, while there is one."""
        return self._opening.chromium if self._opening is not None else None

    @property
    def wire(self) -> Wire | None:
        """The connection, while there is one."""
        return self._opening.wire if self._opening is not None else None

    def modules_are_there(self) -> None:
        """The page has said so."""
        if self._opening is not None and not self._opening.modules.done():
            self._opening.modules.set_result(None)

    def leave(self, *, kill: bool) -> None:
        """Have it end: gracefully, or now. `kill` after a graceful request cuts its grace short."""
        if kill:
            _set(self._killing)
        _set(self.leaving)

    async def live(self) -> BrowserGone:
        """All of it. Never raises."""
        try:
            return await self._own_profile()
        except ProfileInUse as error:
            return BrowserGone(Reason.PROFILE_IN_USE, str(error))
        except OSError as error:
            reason = Reason.DISK_FULL if room.ran_out(error) else Reason.CHROMIUM_FAILED
            return BrowserGone(reason, f"The profile cannot be used: {error}")
        except Exception as error:  # noqa: BLE001  # a bug of ours; the owner must hear of the end all the same
            self._log.error("page.broken", exc_info=True)
            return BrowserGone(Reason.CHROMIUM_FAILED, f"The page's own code failed: {error!r}"[:300])

    async def _own_profile(self) -> BrowserGone:
        """Wait for the turn on the profile, unless told to leave before, and live on it."""
        owning = self._house.profiles.owned(self._client_id, self._house.files)
        entering = asyncio.get_running_loop().create_task(_enter(owning))
        await _first(entering, self.leaving)
        if not entering.done():
            entering.cancel()
            await asyncio.wait({entering})
        if entering.cancelled():
            return CLOSED
        profile = entering.result()
        try:
            return await self._live_on(profile)
        finally:
            await owning.__aexit__(None, None, None)

    async def _live_on(self, profile: Profile) -> BrowserGone:
        self._opening = opening = Opening(self._plan(profile), lambda chromium: self._started(profile, chromium))
        task = asyncio.get_running_loop().create_task(opening.open())
        try:
            await _first(task, self.leaving)
            if self.leaving.done():
                return CLOSED
            task.result()
            return await self._be_open(opening, profile)
        except StartFailed as error:
            return BrowserGone(error.reason, error.text)
        finally:
            task.cancel()
            await asyncio.wait({task})
            await self._end(opening)

    def _plan(self, profile: Profile) -> Plan:
        options = self._house.options
        return Plan(
            command(self._house.build, profile.user_data, options),
            profile.user_data,
            self._house.script,
            options.whatsapp_url,
            options.start_patience * PATIENCE_SHARE,
            self._listeners,
            identity(self._house.build.version) if options.user_agent is None else None,
        )

    async def _started(self, profile: Profile, chromium: Chromium) -> None:
        self._log.info("chromium.started", pid=chromium.pid)
        await self._record(profile, chromium)

    async def _record(self, profile: Profile, chromium: Chromium) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(psutil.NoSuchProcess):  # it died at once, which is seen elsewhere
            await loop.run_in_executor(self._house.files, records.record, profile.directory, chromium.pid)

    async def _record_page(self, profile: Profile, chromium: Chromium) -> None:
        """Once more: now the page's own process is there."""
        try:
            await self._record(profile, chromium)
        except OSError as error:  # it works without; what a killed service leaves may then not be proved ours
            self._log.warning("page.unrecorded", error=str(error))

    async def _be_open(self, opening: Opening, profile: Profile) -> BrowserGone:
        """Until Chromium ends, or is to be ended, or its disk is full."""
        assert opening.chromium is not None
        assert opening.wire is not None
        chromium = opening.chromium
        self._log.info("page.opened", pid=chromium.pid)
        self._opened(opening.wire)
        recording = asyncio.get_running_loop().create_task(self._record_page(profile, chromium))
        full = asyncio.get_running_loop().create_task(room.until_lacking(profile.user_data, self._house.files))
        await _first(chromium.ended, self.leaving, full)
        full.cancel()
        await recording
        if self.leaving.done():
            return CLOSED
        if not chromium.ended.done():
            return BrowserGone(Reason.DISK_FULL, full.result())
        return BrowserGone(Reason.BROWSER_CRASHED, f"Chromium died (exit code {chromium.ended.result()})")

    async def _end(self, opening: Opening) -> None:
        """Chromium ends first: it needs no farewell on a connection that may be deaf."""
        began = time.monotonic()
        self._ending()
        if opening.chromium is not None:
            orderly = await self._end_chromium(opening.chromium)
            self._log.info("chromium.ended", orderly=orderly, seconds=round(time.monotonic() - began, 2))
        if opening.wire is not None:
            await opening.wire.close()

    async def _end_chromium(self, chromium: Chromium) -> bool:
        grace = 0.0 if self._killing.done() else self._grace
        ending = asyncio.get_running_loop().create_task(chromium.end(grace))
        await _first(ending, self._killing)
        if not ending.done():
            chromium.kill()
        return await ending


async def _enter(owning: contextlib.AbstractAsyncContextManager[Profile]) -> Profile:
    return await owning.__aenter__()


async def _first(*futures: asyncio.Future[Any]) -> None:
    """Wait for whichever is done first; the others are left alone."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
