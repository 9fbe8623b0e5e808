"""One WhatsApp Web page in a Chromium of its own: the Page port. Orders in from any thread, facts out on the loop.

Rule of this file: `BrowserGone` is told exactly once, last, when no process is left, however the page ends; nothing the
page sends, and nothing its owner does with a fact, can raise here.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import structlog

from actors.browser import interpret, measuring
from actors.browser.chromium import Build, Chromium, command
from actors.browser.connection import Wire, WireError
from actors.browser.injection import BINDING
from actors.browser.loop import BrowserLoop
from actors.browser.opening import Opening, Plan, StartFailed
from actors.browser.options import BrowserOptions
from actors.browser.profiles import Profile, ProfileInUse, Profiles
from actors.browser.script import ScriptFailed, ask, ask_object
from actors.browser.sending import Message, Sending
from actors.clients.protocol import (
    BrowserGone,
    Happened,
    LookedUp,
    PageFact,
    PageFailed,
    PairingCodeRefused,
    PairingCodeShown,
    Probed,
    Ready,
    ScreenshotTaken,
)
from actors.clients.types import ClientId, Reason, Seconds

if TYPE_CHECKING:
    from actors.clients.ports import Tell

MAX_EVENT = 2**20
"""Characters of one event of the page; a longer one is dropped."""
REMEMBERED = 10_000
"""Happenings remembered so that none is told twice."""
PAIRING_CODE: Seconds = 30.0
LOOK_UP: Seconds = 15.0
SCREENSHOT: Seconds = 15.0
PROBE: Seconds = 60.0
"""How long an answer is waited for; the owner has shorter deadlines of his own."""
PSS_EVERY: Seconds = 10.0
"""Least time between two measurements of memory: each reads the page tables of all its processes."""
STORED_SLACK: Seconds = 60.0
"""How far WhatsApp's clock may be behind ours where it is decided what came before the account was linked."""


@dataclass(frozen=True, slots=True)
class House:
    """What all pages of one browser share."""

    options: BrowserOptions
    build: Build
    scripts: tuple[str, str]
    profiles: Profiles
    loop: BrowserLoop
    files: Executor
    """Threads for what blocks: files and measurements."""


class ChromiumPage:
    """The methods of the port may be called by any thread; all others run on the loop."""

    def __init__(self, house: House, client_id: ClientId, tell: Tell, gone: Callable[[ChromiumPage], None]) -> None:
        self._house, self._client_id, self._owner, self._told_gone = house, client_id, tell, gone
        self._log = structlog.get_logger("browser").bind(client=client_id)
        self._interpreter = interpret.Interpreter(time.time)
        self._sending = Sending(self._tell, house.options.send_patience, house.options.send_stall)
        self._opening: Opening | None = None
        self._opened = False
        self._failed = self._over = False
        self._grace: Seconds | None = None
        self._leaving: asyncio.Future[None] | None = None
        self._hurry: asyncio.Future[None] | None = None
        self._happened: OrderedDict[object, None] = OrderedDict()
        self._conflict: asyncio.TimerHandle | None = None
        self._pss: tuple[float, int | None] = (-PSS_EVERY, None)
        self._work: set[asyncio.Task[None]] = set()

    # --- the port ----------------------------------------------------------------------------------------------------

    def send_text(self, order: str, chat: str, text: str, message_id: str | None = None) -> None:
        """See the port."""
        self._house.loop.call(self._sending.put, Message(order, chat, text, message_id))

    def look_up(self, order: str, chat: str, message_id: str) -> None:
        """See the port."""
        self._do(self._look_up, order, chat, message_id)

    def log_out(self) -> None:
        """See the port."""
        self._do(self._order, "logOut")

    def refresh_qr(self) -> None:
        """See the port."""
        self._do(self._order, "refreshQr")

    def request_pairing_code(self, phone: str) -> None:
        """See the port."""
        self._do(self._request_pairing_code, phone)

    def take_screenshot(self) -> None:
        """See the port."""
        self._do(self._take_screenshot)

    def probe(self, token: int) -> None:
        """See the port."""
        self._do(self._probe, token)

    def close(self) -> None:
        """See the port."""
        self._house.loop.call(self._leave, self._house.options.close_grace)

    def kill(self) -> None:
        """See the port."""
        self._house.loop.call(self._leave, 0.0)

    # --- life --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start living, once. On the loop."""
        self._leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._grace is not None:
            self._leaving.set_result(None)
        self._house.loop.run(self._live(), f"page-{self._client_id}")

    async def _live(self) -> None:
        goodbye = BrowserGone(Reason.CHROMIUM_FAILED, "The browser's thread has ended")
        try:
            goodbye = await self._own_profile()
        except ProfileInUse as error:
            goodbye = BrowserGone(Reason.PROFILE_IN_USE, str(error))
        except OSError as error:
            goodbye = BrowserGone(Reason.CHROMIUM_FAILED, f"The profile cannot be used: {error}")
        except Exception as error:  # a bug of ours; the owner must hear of the end all the same
            self._log.exception("page.broken")
            goodbye = BrowserGone(Reason.CHROMIUM_FAILED, f"The page's own code failed: {error!r}"[:300])
        finally:
            self._tell_gone(goodbye)

    async def _own_profile(self) -> BrowserGone:
        """Wait for the turn on the profile, unless told to leave before, and live on it."""
        house = self._house
        owning = house.profiles.owned(self._client_id, house.files)
        entering = asyncio.get_running_loop().create_task(owning.__aenter__())
        await asyncio.wait({entering, self._leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not entering.done():
            entering.cancel()
            await asyncio.wait({entering})
        if entering.cancelled():
            return BrowserGone(None, "Closed before it was opened")
        profile = entering.result()
        try:
            return await self._live_on(profile)
        finally:
            await owning.__aexit__(None, None, None)

    async def _live_on(self, profile: Profile) -> BrowserGone:
        options = self._house.options
        began = time.monotonic()

        async def started(chromium: Chromium) -> None:
            self._log.info("chromium.started", pid=chromium.pid)
            await asyncio.get_running_loop().run_in_executor(self._house.files, _recorded, profile, chromium.pid)

        self._opening = opening = Opening(
            Plan(
                command(self._house.build, profile.user_data, options),
                self._house.scripts,
                options.whatsapp_url,
                options.start_patience,
                self._listeners(),
            ),
            started,
        )
        opening_task = asyncio.get_running_loop().create_task(opening.open())
        try:
            await asyncio.wait({opening_task, self._leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not opening_task.done():
                opening_task.cancel()
                await asyncio.wait({opening_task})
            elif not self._leaving.done():
                opening_task.result()
                self._log.info("page.opened", seconds=round(time.monotonic() - began, 2))
                return await self._be_open(opening)
            return BrowserGone(None, "Closed")
        except StartFailed as error:
            return BrowserGone(None, "Closed") if self._leaving.done() else BrowserGone(error.reason, error.text)
        finally:
            opening_task.cancel()
            await self._end(opening)

    async def _be_open(self, opening: Opening) -> BrowserGone:
        """Until Chromium ends, or is to be ended."""
        assert opening.chromium is not None
        assert opening.wire is not None
        chromium, wire = opening.chromium, opening.wire
        self._opened = True
        wire.deaf.add_done_callback(self._deaf)
        self._start_work(self._sending.run(wire))
        await asyncio.wait({chromium.ended, self._leaving}, return_when=asyncio.FIRST_COMPLETED)
        if self._leaving.done():
            return BrowserGone(None, "Closed")
        return BrowserGone(Reason.BROWSER_CRASHED, f"Chromium died (exit code {chromium.ended.result()})")

    async def _end(self, opening: Opening) -> None:
        """Chromium ends first, so that it hears no farewell on a connection that may be deaf."""
        began = time.monotonic()
        self._stop_work()
        if opening.chromium is not None:
            orderly = await self._end_chromium(opening.chromium)
            self._log.info("chromium.ended", orderly=orderly, seconds=round(time.monotonic() - began, 2))
        if opening.wire is not None:
            await opening.wire.close()

    async def _end_chromium(self, chromium: Chromium) -> bool:
        """With the grace of whoever closes; `kill` after `close` cuts it short."""
        ending = asyncio.get_running_loop().create_task(chromium.end(self._grace or 0.0))
        while not ending.done():
            if self._grace == 0.0:
                chromium.kill()
            self._hurry: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await asyncio.wait({ending, self._hurry}, return_when=asyncio.FIRST_COMPLETED)
        return ending.result()

    def _leave(self, grace: Seconds) -> None:
        """Be gone, within `grace` seconds. The shortest grace ever asked for counts."""
        self._grace = grace if self._grace is None else min(grace, self._grace)
        leaving = getattr(self, "_leaving", None)
        if leaving is not None and not leaving.done():
            leaving.set_result(None)
        hurry = getattr(self, "_hurry", None)
        if grace == 0.0 and hurry is not None and not hurry.done():
            hurry.set_result(None)

    def _stop_work(self) -> None:
        if self._conflict is not None:
            self._conflict.cancel()
        for task in self._work:
            task.cancel()
        self._sending.give_up("The page went away before WhatsApp confirmed the message")

    def _tell_gone(self, goodbye: BrowserGone) -> None:
        self._log.info("page.gone", reason=goodbye.reason, text=goodbye.text)
        self._tell(goodbye)
        self._over = True
        self._told_gone(self)

    # --- what the page says ------------------------------------------------------------------------------------------

    def _listeners(self) -> Mapping[str, Callable[[Mapping[str, Any]], None]]:
        return {
            "Runtime.bindingCalled": self._binding_called,
            "Page.frameNavigated": self._navigated,
            "Page.javascriptDialogOpening": self._dialog,
            "Inspector.targetCrashed": lambda _: self._fail(
                PageFailed(Reason.PAGE_CRASHED, "The page's renderer crashed")
            ),
        }

    def _binding_called(self, params: Mapping[str, Any]) -> None:
        if params.get("name") != BINDING or self._failed or self._over:
            return
        payload = str(params.get("payload", ""))
        if len(payload) > MAX_EVENT:
            self._log.warning("page.event_too_long", characters=len(payload))
            return
        try:
            event = json.loads(payload)
        except ValueError:
            event = None
        if isinstance(event, dict):
            self._hear(event)

    def _hear(self, event: Mapping[str, Any]) -> None:
        if event.get("e") == "trouble":
            self._log.warning("page.script_trouble", text=str(event.get("text"))[:500])
        if event.get("e") == "view" and self._opening is not None and not self._opening.modules.done():
            self._opening.modules.set_result(None)
        for fact in self._interpreter.hear(event):
            self._tell(fact)
            if isinstance(fact, Ready):
                self._start_work(self._tell_stored())
        self._suspect_conflict()

    def _suspect_conflict(self) -> None:
        """Arm or disarm the only sign that current pages give of having been opened elsewhere: that it lasts."""
        if self._interpreter.may_be_replaced:
            if self._conflict is None:
                loop = asyncio.get_running_loop()
                self._conflict = loop.call_later(self._house.options.conflict_after, self._replaced)
        elif self._conflict is not None:
            self._conflict.cancel()
            self._conflict = None

    def _replaced(self) -> None:
        self._conflict = None
        if not self._over:
            for fact in self._interpreter.replaced():
                self._tell(fact)

    async def _tell_stored(self) -> None:
        """What came in while nobody listened is in the page's memory, and was told as an event to nobody."""
        since = max(0.0, self._interpreter.began_at - STORED_SLACK)
        try:
            stored = await ask(self._wire, "stored", {"since": since}, seconds=30.0)
        except (ScriptFailed, WireError) as error:
            self._log.warning("page.stored_unread", error=str(error)[:200])
            return
        for message in stored if isinstance(stored, list) else []:
            if isinstance(message, dict):
                self._tell(interpret.happened({**message, "e": "message"}, live=False))

    def _navigated(self, params: Mapping[str, Any]) -> None:
        frame = params.get("frame", {})
        if "parentId" in frame or not self._opened:
            return
        home = interpret.home_of(self._house.options.whatsapp_url)
        failure = interpret.left(str(frame.get("url", "")), bool(frame.get("unreachableUrl")), home)
        if failure is not None:
            self._fail(failure)

    def _dialog(self, _: Mapping[str, Any]) -> None:
        """A dialog stops the page until somebody answers; nobody is there to."""
        self._wire.post("Page.handleJavaScriptDialog", {"accept": True})

    def _deaf(self, _: object) -> None:
        """Chromium's own end is told as such: it is seen through its process, a moment later at most."""
        asyncio.get_running_loop().call_later(0.1, self._still_deaf)

    def _still_deaf(self) -> None:
        chromium = self._opening and self._opening.chromium
        if chromium and not chromium.ended.done() and not self._leaving.done():
            self._fail(PageFailed(Reason.BROWSER_DEAF, "The debugging connection to Chromium has ended"))

    def _fail(self, failure: PageFailed) -> None:
        """The page is of no use any more; told once. It is for the owner to close it."""
        if self._failed or self._over:
            return
        self._failed = True
        self._log.warning("page.failed", reason=failure.reason, text=failure.text)
        self._tell(failure)

    def _tell(self, fact: PageFact) -> None:
        if self._over or (isinstance(fact, Happened) and self._was_told(fact)):
            return
        try:
            self._owner(fact)
        except Exception:  # the owner's fault; this thread belongs to every page
            self._log.exception("page.owner_raised", fact=type(fact).__name__)

    def _was_told(self, fact: Happened) -> bool:
        identity = interpret.identity(fact)
        if identity in self._happened:
            return True
        self._happened[identity] = None
        if len(self._happened) > REMEMBERED:
            self._happened.popitem(last=False)
        return False

    # --- orders ------------------------------------------------------------------------------------------------------

    @property
    def _wire(self) -> Wire:
        wire = self._opening.wire if self._opening is not None else None
        if wire is None:
            raise WireError("The page is not open")
        return wire

    def _do(self, work: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        self._house.loop.call(lambda: self._start_work(work(*args)) if not self._over else None)

    def _start_work(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._house.loop.run(work, f"page-{self._client_id}-order")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _order(self, name: str) -> None:
        try:
            await ask(self._wire, name)
        except (ScriptFailed, WireError) as error:
            self._log.warning("page.order_failed", order=name, error=str(error)[:200])

    async def _look_up(self, order: str, chat: str, message_id: str) -> None:
        try:
            found = await ask_object(self._wire, "lookUp", {"chat": chat, "id": message_id}, seconds=LOOK_UP)
        except (ScriptFailed, WireError):
            found = {}
        ack = found.get("ack")
        known = int(ack) if isinstance(ack, int | float) else None
        self._tell(LookedUp(order, message_id, known, complete=found.get("ready") is True))

    async def _request_pairing_code(self, phone: str) -> None:
        try:
            answer = await ask_object(self._wire, "requestPairingCode", {"phone": phone}, seconds=PAIRING_CODE)
        except (ScriptFailed, WireError) as error:
            self._tell(PairingCodeRefused(str(error)))
            return
        code, error_told = answer.get("code"), answer.get("error") or {}
        if isinstance(code, str) and code:
            self._tell(PairingCodeShown(code.replace("-", "")))
        else:
            self._tell(PairingCodeRefused(str(error_told.get("message", "WhatsApp Web gave no code"))[:300]))

    async def _take_screenshot(self) -> None:
        try:
            answer = await self._wire.call("Page.captureScreenshot", {"format": "png"}, seconds=SCREENSHOT)
            self._tell(ScreenshotTaken(base64.b64decode(answer["data"])))
        except (WireError, KeyError, TypeError, ValueError) as error:
            self._tell(ScreenshotTaken(None, str(error)))

    async def _probe(self, token: int) -> None:
        """Answered through the page: a renderer that does not turn says nothing."""
        try:
            await ask(self._wire, "probe", seconds=PROBE)
        except ScriptFailed:
            pass  # between two documents; but it turns
        except WireError:
            return
        self._tell(Probed(token, await self._measure()))

    async def _measure(self) -> int | None:
        at, pss = self._pss
        chromium = self._opening.chromium if self._opening is not None else None
        if chromium is not None and time.monotonic() - at >= PSS_EVERY:
            loop = asyncio.get_running_loop()
            pss = await loop.run_in_executor(self._house.files, measuring.pss, chromium.pid)
            self._pss = (time.monotonic(), pss)
        return pss


def _recorded(profile: Profile, pid: int) -> None:
    """A Chromium that died at once is not there to be recorded; its end is seen elsewhere."""
    with contextlib.suppress(psutil.NoSuchProcess):
        profile.record(pid)
