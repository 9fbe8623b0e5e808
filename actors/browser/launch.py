"""The launch and the processes of one page, from the turn on its profile to the end of the last. On the loop only.

`Launch` starts Chromium, connects to it, prepares it and loads WhatsApp Web. It tries each step again until the
patience for a start is over; the last failure is then the reason. `PageProcess.live` returns the page's end in any
case, once no process is left and the profile is free again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_before_delay, wait_random_exponential

from actors.browser import contract, documents, process_record, wa_js
from actors.browser.cdp import Listener, ScriptFailed, Wire, WireError, WireSilent, answered, ask_object
from actors.browser.chromium import disk_space
from actors.browser.chromium.addresses import Addresses
from actors.browser.chromium.command_line import Build, command, identity
from actors.browser.chromium.process import Chromium, ChromiumEnded
from actors.browser.documents import Obstruction
from actors.browser.loop import BrowserLoop
from actors.browser.options import BrowserOptions
from actors.browser.page_events import Standing, nothing_stands
from actors.browser.profiles import Profile, ProfileInUse, Profiles
from actors.browser.profiles.file_threads import FileThreads
from actors.browser.request_gate import RequestGate
from actors.clients.protocol import BrowserGone
from actors.clients.registry.config import Proxy
from actors.clients.types import ClientId, Reason, Seconds


@dataclass(frozen=True, slots=True)
class BrowserContext:
    """The shared context of all pages of one browser.

    `files`: threads for blocking work on profiles, by client: locks, deletions, measurements. `media`: those for the
    files of messages, which may lie on another disk.
    """

    options: BrowserOptions
    build: Build
    script: str
    profiles: Profiles
    loop: BrowserLoop
    files: FileThreads
    media: FileThreads
    proxy: Callable[[ClientId], Proxy | None] = lambda _: None
    """The proxy of a client's page."""
    since: Callable[[ClientId], Seconds] = lambda _: 0.0
    """When the client's account was linked (epoch seconds); 0 where that is not known."""
    standing: Standing = nothing_stands
    """The reactions that were told, and stand."""


CONNECT: Seconds = 10.0
"""The time limit for one Chromium to start, and to answer a call. It takes some 0.1 s."""
LAST_WORDS: Seconds = 2.0
"""The time limit for a Chromium to end that has closed its pipe."""
LOOK: Seconds = 5.0
"""The time limit for a silent page to report its lacks."""
UNANSWERED: Seconds = 0.5
"""The time after which a page that its site does not answer has settled."""
IDLE: Seconds = 0.5
IDLE_SHARE = 0.1
"""A page that was answered has settled once it takes less than this share of a core for that long."""
LOADING: Seconds = 5.0
"""The time after which it has settled in any case."""
MODULES_SHARE = 0.5
"""The share of the patience after which a page without WhatsApp Web's modules is loaded once more."""


class LaunchFailed(Exception):
    """The page could not be opened. `reason` is one of BrowserGone's; what `passes` is worth another try at once."""

    def __init__(self, reason: Reason, text: str, *, passes: bool = True) -> None:
        super().__init__(text)
        self.reason, self.text, self.passes = reason, text, passes


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """The plan of a launch. `listeners` are called with the parameters of each CDP event, and cannot block."""

    command: list[str]
    directory: Path
    """The directory that Chromium writes to."""
    files: Executor
    """The threads that look at it."""
    script: str
    url: str
    patience: Seconds
    listeners: Mapping[str, Listener]
    addresses: Addresses
    identity: Mapping[str, Any] | None = None
    """The identity that Chromium shows the page; None: that of its command line."""
    proxy: Proxy | None = None


class Launch:
    """A start. Its `chromium` and `wire` are to be ended by its owner."""

    def __init__(self, plan: LaunchPlan, started: Callable[[Chromium], Awaitable[None]]) -> None:
        self._plan, self._started = plan, started
        self._deadline = time.monotonic() + plan.patience
        self.chromium: Chromium | None = None
        self.wire: Wire | None = None
        self._gate: RequestGate | None = None
        self.modules: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """To be set when the page's modules have loaded."""
        self.launched: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the next Chromium may be launched: this one runs, or its launch has failed at first."""
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the page costs next to nothing: it has loaded, which costs seconds of a core, or waits for its
        site, or has failed at first.
        """

    async def open(self) -> None:
        """Open the page. Raises LaunchFailed. May be cancelled at any time."""
        await self._tried(self._start)
        _set(self.launched)
        await self._tried(self._navigate)
        _set(self.settled)

    async def _tried(self, attempt: Callable[[], Awaitable[None]]) -> None:
        told: LaunchFailed | None = None
        async for trial in AsyncRetrying(
            stop=stop_before_delay(max(0.0, self._left())),
            wait=wait_random_exponential(multiplier=0.2, max=3.0),
            retry=retry_if_exception(_may_pass),
            reraise=True,
        ):
            with trial:
                try:
                    await attempt()
                except LaunchFailed as failed:
                    _set(self.launched)
                    _set(self.settled)
                    if told is not None and self._left() <= 0:
                        # The deadline cut this attempt short: its error explains less than the previous one.
                        raise told from failed
                    told = failed
                    raise

    def _left(self) -> Seconds:
        return self._deadline - time.monotonic()

    async def _start(self) -> None:
        looking = asyncio.get_running_loop().run_in_executor(self._plan.files, disk_space.lacking, self._plan.directory)
        lacking = await looking
        if lacking is not None:
            raise LaunchFailed(Reason.DISK_FULL, lacking)
        try:
            self.chromium = Chromium(self._plan.command)
            await self._started(self.chromium)
            self.wire = Wire()
            await self._connect(self.chromium, self.wire)
            await self._prepare(self.wire)
        except (OSError, ChromiumEnded, WireError) as error:
            await self._give_up()
            reason = Reason.DISK_FULL if disk_space.ran_out(error) else Reason.CHROMIUM_FAILED
            raise LaunchFailed(reason, f"Chromium did not start: {error}") from error

    async def _connect(self, chromium: Chromium, wire: Wire) -> None:
        """Connect. Raises ChromiumEnded where its end is what went wrong; else WireError."""
        try:
            await wire.open(chromium.take_pipe(), max(0.1, min(CONNECT, self._left())))
        except WireError as error:
            ended = await chromium.why_ended(LAST_WORDS) if wire.deaf.done() else None
            raise ended or error from error

    async def _give_up(self) -> None:
        wire, self.wire = self.wire, None
        if wire is not None:
            await wire.close()
        chromium = self.chromium
        if chromium is not None:
            await chromium.end(0.0)
            self.chromium = None

    async def _prepare(self, wire: Wire) -> None:
        """Install everything that must precede the page's own scripts; one round trip, as Chromium keeps the order."""
        for event, listener in self._plan.listeners.items():
            wire.on(event, listener)
        identity = self._plan.identity
        self._gate = RequestGate(wire, self._plan.addresses, self._plan.proxy)
        gate = self._gate.begin()
        calls: list[tuple[str, Mapping[str, Any]]] = [
            *([("Emulation.setUserAgentOverride", identity)] if identity else []),
            ("Page.enable", {}),
            ("Inspector.enable", {}),
            ("Runtime.enable", {}),
            ("Runtime.addBinding", {"name": wa_js.BINDING}),
            ("Page.addScriptToEvaluateOnNewDocument", {"source": self._plan.script}),
            ("Browser.setDownloadBehavior", {"behavior": "deny", "eventsEnabled": True}),
        ]
        for answer in [gate, *(wire.post(method, params) for method, params in calls)]:
            await answered(answer, CONNECT)

    async def _navigate(self) -> None:
        """Show WhatsApp Web in the page, as long as its Chromium lives."""
        assert self.chromium is not None
        ended = self.chromium.ended
        loading = asyncio.get_running_loop().create_task(self._load())
        try:
            either: set[asyncio.Future[Any]] = {loading, ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                text = f"Chromium died while it opened WhatsApp Web (exit code {ended.result()})"
                raise LaunchFailed(Reason.BROWSER_CRASHED, text)
            loading.result()
        finally:
            loading.cancel()
            await asyncio.wait({loading})

    async def _load(self) -> None:
        assert self.wire is not None
        url, seconds = self._plan.url, max(0.1, self._left())
        unanswered = asyncio.get_running_loop().call_later(UNANSWERED, _set, self.settled)
        try:
            told = await self.wire.call("Page.navigate", {"url": url}, seconds=seconds)
        except WireSilent as error:
            # Chromium answers this call once the site has begun to answer.
            text = f"WhatsApp Web could not be opened: {url} did not answer within {seconds:.1f} s"
            raise LaunchFailed(Reason.PAGE_UNREACHABLE, text) from error
        except WireError as error:
            raise LaunchFailed(Reason.PAGE_UNREACHABLE, f"WhatsApp Web could not be opened: {error}") from error
        finally:
            unanswered.cancel()
        self._raise_obstruction(self._obstruction(told))
        assert self._gate is not None
        refused = self._gate.login_refused
        either: set[asyncio.Future[Any]] = {self.modules, refused}
        settling = asyncio.get_running_loop().create_task(self._settle())
        try:
            await self._until_modules(either)
        finally:
            settling.cancel()
            await asyncio.wait({settling})
        if refused.done():
            raise LaunchFailed(Reason.PROXY_LOGIN_REFUSED, refused.result(), passes=False)
        if not self.modules.done():
            raise await self._without_modules()

    async def _until_modules(self, either: set[asyncio.Future[Any]]) -> None:
        """Wait until one of these is done, or the time for that is over. Raises LaunchFailed for another document."""
        until = time.monotonic() + max(0.1, min(self._plan.patience * MODULES_SHARE, self._left()))
        while (left := until - time.monotonic()) > 0:
            await asyncio.wait(either, timeout=min(LOADING, left), return_when=asyncio.FIRST_COMPLETED)
            if any(one.done() for one in either):
                break
            self._raise_obstruction(documents.of_document(await self._document()))

    async def _settle(self) -> None:
        """Record when the page that was answered is idle, or has loaded for long enough."""
        assert self.chromium is not None
        until, before = time.monotonic() + LOADING, await self._cpu(self.chromium)
        while not self.settled.done() and time.monotonic() < until:
            await asyncio.sleep(IDLE)
            now = await self._cpu(self.chromium)
            if now - before < IDLE * IDLE_SHARE:
                break
            before = now
        _set(self.settled)

    async def _cpu(self, chromium: Chromium) -> Seconds:
        return await asyncio.get_running_loop().run_in_executor(self._plan.files, chromium.cpu)

    def _obstruction(self, told: Mapping[str, Any]) -> Obstruction | None:
        """Return what kept the document from being WhatsApp Web, as far as its request shows that."""
        assert self._gate is not None
        answer, address = self._gate.answer(told.get("frameId")), self._gate.refused
        if self._gate.login_refused.done():
            return Obstruction(Reason.PROXY_LOGIN_REFUSED, self._gate.login_refused.result())
        if answer is not None and (found := documents.of_answer(answer, self._plan.url)) is not None:
            return found
        if not told.get("errorText"):
            return None
        return documents.of_net_error(told["errorText"]) if address is None else documents.of_address(address)

    def _raise_obstruction(self, found: Obstruction | None) -> None:
        if found is not None:
            raise LaunchFailed(found.reason, found.text, passes=found.passes)

    async def _document(self) -> Mapping[str, Any]:
        """Read the document that has no modules; empty if it does not let itself be read."""
        assert self.wire is not None
        look = {"expression": documents.LOOK_AT_DOCUMENT, "returnByValue": True}
        try:
            answer = await self.wire.call("Runtime.evaluate", look, seconds=LOOK)
        except WireError:
            return {}
        told = answer.get("result", {}).get("value")
        return told if isinstance(told, dict) else {}

    async def _without_modules(self) -> LaunchFailed:
        """Return the reason of a silent page: its modules are missing, or lack the names we listen to."""
        assert self.wire is not None
        try:
            told = await ask_object(self.wire, "contract", seconds=LOOK)
        except (ScriptFailed, WireError):
            told = {}
        if told.get("injected") is True and not contract.starts(told):
            return LaunchFailed(Reason.WA_JS_OUTDATED, contract.read(told).text)
        title = str((await self._document()).get("title") or "")
        text = (
            f"The page was loaded ({title!r}), but WhatsApp Web's modules did not appear in it: wa-js has nothing to "
            "work with"
        )
        return LaunchFailed(Reason.WA_JS_NOT_READY, text)


def _may_pass(error: BaseException) -> bool:
    """Return True if the same step may succeed the next time.

    On a Chromium that died it cannot: its owner starts another.
    """
    return isinstance(error, LaunchFailed) and error.passes and error.reason is not Reason.BROWSER_CRASHED


CLOSED = BrowserGone(None, "Closed")
PATIENCE_SHARE = 0.9
"""The share of the start's patience after which a start is given up, so that a caller who waits that long gets the
reason first.
"""


class PageProcess:
    """One start, one end.

    `launched` is called once the next Chromium may be launched, `settled` once the page needs no core, `opened` once
    WhatsApp Web's modules have loaded, `ending` before Chromium ends.
    """

    def __init__(
        self,
        context: BrowserContext,
        client_id: ClientId,
        listeners: Mapping[str, Listener],
        launched: Callable[[], None],
        settled: Callable[[], None],
        opened: Callable[[Wire], None],
        ending: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._context, self._client_id, self._listeners = context, client_id, listeners
        self._launched, self._settled, self._opened, self._ending = launched, settled, opened, ending
        self._files = context.files.of(client_id)
        self._log = structlog.get_logger("browser").bind(client=client_id)
        self._launch: Launch | None = None
        self._grace: Seconds = context.options.close_grace
        self.leaving: asyncio.Future[None] = loop.create_future()
        """Done once the end was requested."""
        self._killing: asyncio.Future[None] = loop.create_future()

    @property
    def chromium(self) -> Chromium | None:
        """The process, while it exists."""
        return self._launch.chromium if self._launch is not None else None

    @property
    def wire(self) -> Wire | None:
        """The connection, while it exists."""
        return self._launch.wire if self._launch is not None else None

    def modules_are_there(self) -> None:
        """Record that the page has reported its modules."""
        if self._launch is not None and not self._launch.modules.done():
            self._launch.modules.set_result(None)

    def leave(self, *, kill: bool) -> None:
        """End the page: gracefully, or now. `kill` after a graceful request cuts its grace short."""
        if kill:
            _set(self._killing)
        _set(self.leaving)

    async def live(self) -> BrowserGone:
        """Run the page from start to end. Never raises."""
        try:
            return await self._own_profile()
        except ProfileInUse as error:
            return BrowserGone(Reason.PROFILE_IN_USE, str(error))
        except OSError as error:
            reason = Reason.DISK_FULL if disk_space.ran_out(error) else Reason.PROFILE_UNUSABLE
            directory = self._context.profiles.of(self._client_id).directory
            return BrowserGone(reason, f"The profile {directory} cannot be used: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001  # a bug of ours; the owner must hear of the end all the same
            self._log.error("page.broken", exc_info=True)
            return BrowserGone(Reason.CHROMIUM_FAILED, f"The page's own code failed: {error!r}"[:300])

    async def _own_profile(self) -> BrowserGone:
        """Wait for the turn on the profile, unless the end was requested before, and run on it."""
        owning = self._context.profiles.owned(self._client_id)
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
        self._launch = launch = Launch(self._launch_plan(profile), lambda chromium: self._started(profile, chromium))
        launch.launched.add_done_callback(lambda _: self._launched())
        launch.settled.add_done_callback(lambda _: self._settled())
        task = asyncio.get_running_loop().create_task(launch.open())
        try:
            await _first(task, self.leaving)
            if self.leaving.done():
                return CLOSED
            task.result()
            return await self._be_open(launch, profile)
        except LaunchFailed as error:
            return BrowserGone(error.reason, error.text)
        finally:
            task.cancel()
            await asyncio.wait({task})
            await self._end(launch)

    def _launch_plan(self, profile: Profile) -> LaunchPlan:
        options, proxy = self._context.options, self._context.proxy(self._client_id)
        return LaunchPlan(
            command(self._context.build, profile.user_data, options, proxy),
            profile.user_data,
            self._files,
            self._context.script,
            options.whatsapp_url,
            options.start_patience * PATIENCE_SHARE,
            self._listeners,
            Addresses.of(options.whatsapp_url, options.hosts),
            identity(self._context.build.version) if options.user_agent is None else None,
            proxy,
        )

    async def _started(self, profile: Profile, chromium: Chromium) -> None:
        self._log.info("chromium.started", pid=chromium.pid)
        await self._record(profile, chromium)

    async def _record(self, profile: Profile, chromium: Chromium) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(psutil.NoSuchProcess):  # it died at once, which is detected elsewhere
            await loop.run_in_executor(self._files, process_record.record, profile.directory, chromium.pid)

    async def _record_page(self, profile: Profile, chromium: Chromium) -> None:
        """Record the page again: now its own process exists."""
        try:
            await self._record(profile, chromium)
        except OSError as error:  # it works without; Chromiums left by a killed service may then not be provably ours
            self._log.warning("page.process_not_recorded", error=str(error))

    async def _be_open(self, launch: Launch, profile: Profile) -> BrowserGone:
        """Run until Chromium ends, is to be ended, or its disk is full."""
        assert launch.chromium is not None
        assert launch.wire is not None
        chromium = launch.chromium
        self._log.info("page.opened", pid=chromium.pid)
        self._opened(launch.wire)
        recording = asyncio.get_running_loop().create_task(self._record_page(profile, chromium))
        full = asyncio.get_running_loop().create_task(disk_space.until_lacking(profile.user_data, self._files))
        await _first(chromium.ended, self.leaving, full)
        full.cancel()
        await recording
        if self.leaving.done():
            return CLOSED
        if not chromium.ended.done():
            return BrowserGone(Reason.DISK_FULL, full.result())
        return BrowserGone(Reason.BROWSER_CRASHED, f"Chromium died (exit code {chromium.ended.result()})")

    async def _end(self, launch: Launch) -> None:
        """End Chromium first: it needs no farewell on a connection that may be deaf."""
        began = time.monotonic()
        self._ending()
        if launch.chromium is not None:
            orderly = await self._end_chromium(launch.chromium)
            self._log.info("chromium.ended", orderly=orderly, seconds=round(time.monotonic() - began, 2))
        if launch.wire is not None:
            await launch.wire.close()

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
    """Wait for the first to be done; the others are left alone."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
