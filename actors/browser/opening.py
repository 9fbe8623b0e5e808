"""From nothing to WhatsApp Web on a profile: Chromium started, connected to, prepared, navigated. On the loop only.

Each step is tried again until the start's patience is over; what failed last then says why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_before_delay, wait_random_exponential

from actors.browser import contract, injection, room
from actors.browser.chromium import Chromium, ChromiumEnded
from actors.browser.connection import Wire, WireError, WireSilent, answered
from actors.browser.script import ScriptFailed, ask_object
from actors.clients.types import Reason, Seconds

T = TypeVar("T")
Listener = Callable[[Mapping[str, Any]], None]

CONNECT: Seconds = 10.0
"""How long one Chromium may take to open its debugging port, and to answer a call. It takes some 0.1 s."""
LOOK: Seconds = 5.0
"""How long a page that says nothing may take to say what it lacks."""
MODULES_SHARE = 0.5
"""Share of the patience after which a page without WhatsApp Web's modules is loaded once more."""


class StartFailed(Exception):
    """The page could not be opened. `reason` is one of those that BrowserGone tells."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason, self.text = reason, text


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be opened. `listeners` are called with the parameters of each CDP event, and cannot block."""

    command: list[str]
    directory: Path
    """What Chromium writes to."""
    script: str
    url: str
    patience: Seconds
    listeners: Mapping[str, Listener]
    identity: Mapping[str, Any] | None = None
    """What the page is to take Chromium for; None: what its command line says."""


class Opening:
    """One start. Whatever it has begun is in `chromium` and `wire`, to be ended by its owner."""

    def __init__(self, plan: Plan, started: Callable[[Chromium], Awaitable[None]]) -> None:
        self._plan, self._started = plan, started
        self._deadline = time.monotonic() + plan.patience
        self.chromium: Chromium | None = None
        self.wire: Wire | None = None
        self.navigating = False
        self.modules: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """To be set when the page's modules are there."""

    async def open(self) -> None:
        """Raises StartFailed. May be cancelled at any time."""
        await self._tried(self._start)
        await self._tried(self._navigate)

    async def _tried(self, attempt: Callable[[], Awaitable[None]]) -> None:
        told: StartFailed | None = None
        async for trial in AsyncRetrying(
            stop=stop_before_delay(max(0.0, self._left())),
            wait=wait_random_exponential(multiplier=0.2, max=3.0),
            retry=retry_if_exception(_may_pass),
            reraise=True,
        ):
            with trial:
                try:
                    await attempt()
                except StartFailed as failed:
                    if told is not None and self._left() <= 0:
                        # The deadline cut this attempt short: what it says is less than what the one before said.
                        raise told from failed
                    told = failed
                    raise

    def _left(self) -> Seconds:
        return self._deadline - time.monotonic()

    async def _start(self) -> None:
        lacking = room.lacking(self._plan.directory)
        if lacking is not None:
            raise StartFailed(Reason.DISK_FULL, lacking)
        try:
            self.chromium = Chromium(self._plan.command)
            await self._started(self.chromium)
            self.wire = Wire(await self.chromium.endpoint(max(0.1, min(CONNECT, self._left()))))
            await self.wire.open(CONNECT)
            await self._prepare(self.wire)
        except (OSError, ChromiumEnded, TimeoutError, WireError) as error:
            await self._give_up()
            reason = Reason.DISK_FULL if room.ran_out(error) else Reason.CHROMIUM_FAILED
            raise StartFailed(reason, f"Chromium did not start: {error}") from error

    async def _give_up(self) -> None:
        wire, self.wire = self.wire, None
        if wire is not None:
            await wire.close()
        chromium = self.chromium
        if chromium is not None:
            await chromium.end(0.0)
            self.chromium = None

    async def _prepare(self, wire: Wire) -> None:
        """Everything that must be there before the page's own scripts; one round trip, as Chromium keeps the order."""
        for event, listener in self._plan.listeners.items():
            wire.on(event, listener)
        identity = self._plan.identity
        calls: list[tuple[str, Mapping[str, Any]]] = [
            *([("Emulation.setUserAgentOverride", identity)] if identity else []),
            ("Page.enable", {}),
            ("Inspector.enable", {}),
            ("Runtime.enable", {}),
            ("Runtime.addBinding", {"name": injection.BINDING}),
            ("Page.addScriptToEvaluateOnNewDocument", {"source": self._plan.script}),
        ]
        for answer in [wire.post(method, params) for method, params in calls]:
            await answered(answer, CONNECT)

    async def _navigate(self) -> None:
        """Have the page show WhatsApp Web, for as long as there is a Chromium to show it."""
        assert self.chromium is not None
        ended = self.chromium.ended
        loading = asyncio.get_running_loop().create_task(self._load())
        try:
            either: set[asyncio.Future[Any]] = {loading, ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                text = f"Chromium died while it opened WhatsApp Web (exit code {ended.result()})"
                raise StartFailed(Reason.BROWSER_CRASHED, text)
            loading.result()
        finally:
            loading.cancel()
            await asyncio.wait({loading})

    async def _load(self) -> None:
        assert self.wire is not None
        self.navigating = True
        url, seconds = self._plan.url, max(0.1, self._left())
        try:
            told = await self.wire.call("Page.navigate", {"url": url}, seconds=seconds)
        except WireSilent as error:
            # Chromium answers this call once the site has begun to answer.
            text = f"WhatsApp Web could not be opened: {url} did not answer within {seconds:.1f} s"
            raise StartFailed(Reason.PAGE_UNREACHABLE, text) from error
        except WireError as error:
            raise StartFailed(Reason.PAGE_UNREACHABLE, f"WhatsApp Web could not be opened: {error}") from error
        if told.get("errorText"):
            raise StartFailed(Reason.PAGE_UNREACHABLE, f"WhatsApp Web could not be opened: {told['errorText']}")
        await asyncio.wait({self.modules}, timeout=max(0.1, min(self._plan.patience * MODULES_SHARE, self._left())))
        if not self.modules.done():
            raise await self._without_modules()

    async def _without_modules(self) -> StartFailed:
        """Why the page says nothing: its modules are not there, or lack what is listened to."""
        assert self.wire is not None
        try:
            told = await ask_object(self.wire, "contract", seconds=LOOK)
        except (ScriptFailed, WireError):
            told = {}
        if told.get("injected") is True and not contract.starts(told):
            return StartFailed(Reason.WA_JS_OUTDATED, contract.read(told).text)
        text = "The page was loaded, but WhatsApp Web's modules did not appear in it: wa-js has nothing to work with"
        return StartFailed(Reason.WA_JS_NOT_READY, text)


def _may_pass(error: BaseException) -> bool:
    """Whether the same step may succeed the next time. On a Chromium that died none will: its owner starts another."""
    return isinstance(error, StartFailed) and error.reason is not Reason.BROWSER_CRASHED
