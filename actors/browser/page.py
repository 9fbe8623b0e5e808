"""One WhatsApp Web page in a Chromium of its own: the Page port. Orders in from any thread, facts out on the loop.

launch       its processes, from the turn on the profile to the end of the last
page_events  its events, as facts
send_queue   its outgoing messages, in order
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from actors.browser.cdp import ScriptFailed, Wire, WireError, WireSilent, ask, ask_object
from actors.browser.chromium.process import usage_of
from actors.browser.interpreter import answer_of
from actors.browser.launch import BrowserContext, PageProcess
from actors.browser.orders import MessageFiles, PageOrders
from actors.browser.page_events import PageEvents
from actors.browser.send_queue import SendLog, SendQueue
from actors.browser.whatsapp_web import home_of, number, text
from actors.clients.operations import Effect, Operation
from actors.clients.operations.account import Screenshot, TakeScreenshot
from actors.clients.operations.messages import LookedUp, LookUp
from actors.clients.operations.received import FetchMedia
from actors.clients.protocol import (
    Answered,
    BrowserGone,
    OutcomeUnknown,
    PageLaunched,
    PageSettled,
    Probed,
    Refused,
    ServerAnswered,
    ServerSilent,
)
from actors.clients.types import ClientId, Reason, Seconds
from actors.media.folder import MediaFolder, media_dir

if TYPE_CHECKING:
    from actors.clients.ports import Tell

ANSWER: Seconds = 30.0
LOOK_UP: Seconds = 15.0
SCREENSHOT: Seconds = 15.0
PROBE: Seconds = 60.0
LOAD_AGAIN: Seconds = 10.0
RELOAD: Seconds = 10.0
"""The time limit for a reload's answer; the owner has shorter deadlines of his own."""
LOOK_AGAIN: Seconds = 20.0
LOOK_GROWTH = 6.0
LONGEST_PAUSE: Seconds = 6 * 3600.0
"""The pauses between looks at the page's reactions and votes: the first after a Ready, each longer, up to this."""
UNSURE = "UNSURE"
"""The scripts' code of an order that may have been carried out."""
PSS_EVERY: Seconds = 10.0
"""The least time between two measurements of memory: each reads the page tables of all its processes."""
DEAFNESS: Seconds = 3.0
"""The time for a Chromium to end whose connection has ended: it exits when it reads the end of its pipe, and one that
is ordered to exit closes the pipe first. One that was killed may take longer, but the kernel says that it is ending.
"""


class ChromiumPage:
    """The methods of the port may be called by any thread; all others run on the loop."""

    def __init__(
        self, context: BrowserContext, client_id: ClientId, tell: Tell, gone: Callable[[ChromiumPage], None]
    ) -> None:
        options, files = context.options, context.media.of(client_id)
        self._context, self._client_id, self._gone = context, client_id, gone
        self._log = structlog.get_logger("browser").bind(client=client_id)
        self._events = PageEvents(client_id, tell, home_of(options.whatsapp_url), time.time, context.since(client_id))
        self._events.conflict_after = options.conflict_after
        self._events.injection.patience = options.injection_patience
        self._orders = PageOrders(media_dir(options.data_dir), files)
        self._received = MessageFiles(MediaFolder(options.data_dir), options.largest_received, files)
        log, tell_end = SendLog(client_id), self._events.tell
        self._sending = SendQueue(tell_end, log, self._orders, options.send_patience, options.send_stall)
        self._process: PageProcess | None = None
        self._measured: tuple[float, int | None] = (-PSS_EVERY, None)
        self._work: set[asyncio.Task[None]] = set()
        self._ending = self._left_early = False
        self._looks = object()
        """The last Ready's looks at what the page has in its memory."""

    @property
    def client_id(self) -> ClientId:
        """The client of the page."""
        return self._client_id

    @property
    def pid(self) -> int | None:
        """The first process of its Chromium, while it exists. Any thread."""
        chromium = self._process.chromium if self._process is not None else None
        return None if chromium is None else chromium.pid

    # --- the port ----------------------------------------------------------------------------------------------------

    def call(self, order: str, operation: Operation[Any]) -> None:
        """See the port."""
        if operation.effect is Effect.SEND:
            self._context.loop.call(self._sending.put, order, operation)
        else:
            self._do(self._perform, order, operation)

    def probe(self, token: int) -> None:
        """See the port."""
        self._do(self._probe, token)

    def ask_server(self, token: int) -> None:
        """See the port."""
        self._do(self._ask_server, token)

    def reload(self) -> None:
        """See the port."""
        self._do(self._reload)

    def close(self) -> None:
        """See the port."""
        self._context.loop.call(self._leave, False)

    def kill(self) -> None:
        """See the port."""
        self._context.loop.call(self._leave, True)

    # --- processes ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the page, once. On the loop, before any other call."""
        events = self._events
        process = self._process = PageProcess(
            self._context,
            self._client_id,
            events.listeners,
            lambda: events.tell(PageLaunched()),
            lambda: events.tell(PageSettled()),
            self._opened,
            self._stop_work,
        )
        events.on_view = process.modules_are_there
        events.on_ready = lambda: self._start(self._tell_stored())
        events.injection.reload = lambda: self._start(self._load_again())
        events.on_unproven = lambda: self._start(self._prove())
        events.answer_dialog = self._answer_dialog
        if self._left_early:
            process.leave(kill=True)
        self._context.loop.run(self._live(process), f"page-{self._client_id}")

    async def _live(self, process: PageProcess) -> None:
        try:
            goodbye = await process.live()
        except asyncio.CancelledError:  # the loop is being stopped with pages on it; the kernel kills the rest
            goodbye = BrowserGone(Reason.CHROMIUM_FAILED, "The browser's thread is ending")
        self._stop_work()
        self._log.info("page.gone", reason=goodbye.reason, text=goodbye.text)
        self._events.end(goodbye)
        self._gone(self)

    def _leave(self, kill: bool) -> None:
        if self._process is None:  # stopped between its opening and its start
            self._left_early = True
        else:
            self._process.leave(kill=kill)

    def _opened(self, wire: Wire) -> None:
        self._events.opened()
        wire.deaf.add_done_callback(lambda _: asyncio.get_running_loop().call_later(DEAFNESS, self._deaf))
        self._start(self._sending.run(wire))

    def _deaf(self) -> None:
        process = self._process
        if process is not None and process.chromium and not process.chromium.exiting and not process.leaving.done():
            self._events.fail(Reason.BROWSER_DEAF, "The connection to Chromium has ended, and Chromium has not")

    def _stop_work(self) -> None:
        self._ending = True
        self._events.rest()
        for task in self._work:
            task.cancel()
        self._sending.give_up("The page went away before WhatsApp confirmed the message")

    # --- orders ------------------------------------------------------------------------------------------------------

    @property
    def _wire(self) -> Wire:
        wire = self._process.wire if self._process is not None else None
        if wire is None:
            raise WireError("The page is not open")
        return wire

    def _do(self, work: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        self._context.loop.call(lambda: None if self._ending else self._start(work(*args)))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._context.loop.run(work, f"page-{self._client_id}-order")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _tell_stored(self) -> None:
        """Report what happened while nobody listened, now, and again and again what wa-js does not report."""
        self._looks = looks = object()
        pause = LOOK_AGAIN
        try:
            await self._events.tell_stored(self._wire)
            if self._events.fresh:
                self._events.fresh = False
                await self._events.tell_taken_back(self._wire, await self._context.standing(self._client_id))
            while True:
                await asyncio.sleep(pause)
                if self._looks is not looks:  # there was another Ready
                    return
                await self._events.tell_marks(self._wire)
                pause = min(pause * LOOK_GROWTH, LONGEST_PAUSE)
        except WireError as error:
            self._log.warning("page.messages_not_read", error=str(error)[:200])

    async def _perform(self, order: str, operation: Operation[Any]) -> None:
        """Run an operation that does not send, and report its end.

        The page's refusal is passed on; without an answer, a READ is merely unanswered.
        """
        perform: _Perform = _OWN.get(type(operation), ChromiumPage._ask)
        fact: Answered | Refused | OutcomeUnknown
        try:
            fact = Answered(order, answer_of(operation, await perform(self, operation)))
        except ScriptFailed as error:
            refused = error.code != UNSURE
            fact = Refused(order, str(error), error.code) if refused else OutcomeUnknown(order, str(error))
        except (WireError, ValueError) as error:
            fact = OutcomeUnknown(order, f"The page did not say what became of it ({str(error)[:200]})")
        if not isinstance(fact, Answered):
            self._log.warning("page.order_failed", order=operation.operation_name, error=fact.why[:200])
        self._events.tell(fact)

    async def _ask(self, operation: Operation[Any]) -> object:
        return await self._orders.give(self._wire, operation, seconds=ANSWER)

    async def _look_up(self, operation: LookUp) -> object:
        held = self._sending.holds(operation.message_id)  # perhaps in the queue, which the page does not know
        try:
            found = await ask_object(self._wire, operation.operation_name, operation.arguments, seconds=LOOK_UP)
        except (ScriptFailed, WireError):
            found = {}
        ack = number(found.get("ack"))
        return LookedUp(None if ack is None else int(ack), complete=found.get("complete") is True and not held)

    async def _fetch_media(self, operation: FetchMedia) -> object:
        return await self._received.fetch(self._wire, operation, seconds=ANSWER)

    async def _take_screenshot(self, _: TakeScreenshot) -> object:
        answer = await self._wire.call("Page.captureScreenshot", {"format": "png"}, seconds=SCREENSHOT)
        try:
            return Screenshot(base64.b64decode(answer["data"]))
        except (KeyError, TypeError, ValueError) as error:
            raise WireError(f"Chromium took no picture: {error}") from error

    async def _probe(self, token: int) -> None:
        """Probe through the page: a renderer that does not turn does not answer."""
        try:
            await ask(self._wire, "probe", seconds=PROBE)
        except ScriptFailed:
            pass  # between two documents; but it turns
        except WireError:
            return
        self._events.tell(Probed(token, await self._measure()))

    async def _load_again(self) -> None:
        """Reload with the browser's cached data: that makes the difference."""
        self._log.warning("page.wa_js_not_ready", text="wa-js is not ready on a page that is: it is loaded again")
        try:
            await self._wire.call("Page.reload", {}, seconds=LOAD_AGAIN)
        except WireError as error:
            self._log.warning("page.reload_failed", error=str(error)[:200])

    async def _ask_server(self, token: int) -> None:
        why = await self._unanswered_by_server()
        if why is not None:
            self._events.tell(ServerSilent(token, why) if why else ServerAnswered(token))

    async def _prove(self) -> None:
        """Query the server; the page itself reports an answer. Without an answer nothing changes."""
        await self._unanswered_by_server()
        self._events.look_for_proof()

    async def _unanswered_by_server(self) -> str | None:
        """Query WhatsApp's server: "" if it answers, else the reason why not; None if no query was possible."""
        seconds = self._context.options.server_patience
        try:
            answer = await ask_object(self._wire, "askServer", seconds=seconds)
        except WireSilent:
            return f"WhatsApp's server did not answer within {seconds:g} s"
        except (ScriptFailed, WireError):
            return None
        if answer.get("answered") is True:
            return ""
        error = answer.get("error")
        words = text(error.get("message")) if isinstance(error, dict) else None
        if answer.get("asked") is True:
            return f"WhatsApp Web could not ask its server ({words})"
        self._log.warning("page.server_not_asked", text=words)
        return None

    async def _reload(self) -> None:
        try:
            await self._wire.call("Page.reload", {"ignoreCache": True}, seconds=RELOAD)
        except WireError as error:
            self._log.warning("page.reload_failed", error=str(error)[:200])

    async def _measure(self) -> int | None:
        at, pss = self._measured
        chromium = self._process.chromium if self._process is not None else None
        if chromium is not None and time.monotonic() - at >= PSS_EVERY:
            loop, files = asyncio.get_running_loop(), self._context.files.of(self._client_id)
            usages = await loop.run_in_executor(files, usage_of, (chromium.pid,))
            pss = usages[chromium.pid].pss if usages else None
            self._measured = (time.monotonic(), pss)
        return pss

    def _answer_dialog(self) -> None:
        """Accept a dialog: it stops the page until somebody answers."""
        self._wire.post("Page.handleJavaScriptDialog", {"accept": True})


_Perform = Callable[[ChromiumPage, Any], Coroutine[Any, Any, object]]
_OWN: dict[type[Operation[Any]], _Perform] = {
    FetchMedia: ChromiumPage._fetch_media,
    LookUp: ChromiumPage._look_up,
    TakeScreenshot: ChromiumPage._take_screenshot,
}
"""The operations that are not merely passed to the page's scripts."""
