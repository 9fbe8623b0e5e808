"""The events of one page, as facts for its owner. On the loop only.

Nothing the page sends, and nothing its owner does with a fact, can raise here. `interpreter` gives an event its
meaning; `InjectionWatch` reloads a page that wa-js has missed.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import structlog
from structlog.contextvars import unbind_contextvars

from actors.browser.cdp import ScriptFailed, ask
from actors.browser.interpreter import Interpreter
from actors.browser.wa_js import BINDING
from actors.browser.whatsapp_web import happened, left
from actors.clients.events import AccountEvent, MessageReaction, people_in
from actors.clients.protocol import (
    Answered,
    OutcomeUnknown,
    PageFact,
    PageFailed,
    Ready,
    Refused,
)
from actors.clients.types import ClientId, Reason, Seconds
from actors.texts.readable import from_page

if TYPE_CHECKING:
    from actors.browser.cdp import Listener, Wire
    from actors.clients.ports import Tell


MAX_EVENT = 2**20
"""The characters of one event of the page; a longer event is dropped."""
REMEMBERED = 10_000
"""The account events remembered so that none is reported twice."""
SLACK: Seconds = 60.0
"""The time WhatsApp's clock may be behind ours when deciding which messages came before the link."""
STORED: Seconds = 30.0
"""The time limit for one part of the page's memory."""
PART = 500
"""The messages in one part."""
MOST_LOOKED_AT = 1000
"""The messages, the newest, whose reactions are looked at again after one start."""
MOST_STORED = 100_000
"""The messages read from a page's memory after one start: a page's data has no limit."""

Standing = Callable[[ClientId], Awaitable[Sequence[Mapping[str, Any]]]]
"""Returns the payloads of the reactions to messages that were told of a client and stand, as far as that is known."""


async def nothing_stands(_client_id: ClientId) -> Sequence[Mapping[str, Any]]:
    """Return no reactions: the `Standing` of a browser whose events nobody keeps."""
    return ()


MOST_UNRESOLVED = 1000
"""The names not found by wa-js that are remembered of one page. wa-js 4.6.0 knows 510."""
PROOF_FIRST: Seconds = 0.1
PROOF_CAP: Seconds = 10.0
"""The delay before the server is queried for a missed sign of the accepted login: at first, and, doubling, at last."""

Params = Mapping[str, Any]

_NOT_FOUND = re.compile(r"Module (\S{1,100}) was not found with|Property .{1,200}? was not found for (\S{1,100}) in")
"""The report's form in wa-js 4.5.0 to 4.6.1."""

_NOT_LOGGED = (AccountEvent, Answered, Refused, OutcomeUnknown)
"""Too many, and private; and those of `send_queue`."""


class PageEvents:
    """The facts of one page, each reported once, none after `end`. `since` is when its account was linked."""

    def __init__(
        self, client_id: ClientId, owner: Tell, home: str, now: Callable[[], Seconds], since: Seconds = 0.0
    ) -> None:
        self._owner, self._home, self._now = owner, home, now
        self._log = structlog.get_logger("browser").bind(client=client_id)
        self._interpreter = Interpreter(now)
        self._interpreter.began_at = since
        self._happened: OrderedDict[str, None] = OrderedDict()
        self._conflict: asyncio.TimerHandle | None = None
        self._proof: asyncio.TimerHandle | None = None
        self._proof_delay = PROOF_FIRST
        self._opened = self._failed = self._over = False
        self.fresh = True
        """True until the reactions that were told have been looked at in the present document: what is taken back while
        it only has no network, it tells by itself."""
        self.injection = InjectionWatch(self.fail)
        self.conflict_after: Seconds = 30.0
        self.on_view: Callable[[], None] = lambda: None
        """Called at each view: the page's modules are there."""
        self.on_ready: Callable[[], None] = lambda: None
        """Called after each Ready."""
        self.on_unproven: Callable[[], None] = lambda: None
        """Called if all looks well without a sign that the login was accepted; then call `look_for_proof`."""
        self.answer_dialog: Callable[[], None] = lambda: None
        """Called when a dialog stops the page."""

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """CDP event -> its handler."""
        return {
            "Runtime.bindingCalled": self._binding_called,
            "Page.frameNavigated": self._navigated,
            "Runtime.consoleAPICalled": self._console,
            "Page.javascriptDialogOpening": lambda _: self.answer_dialog(),
            "Inspector.targetCrashed": lambda _: self.fail(Reason.PAGE_CRASHED, "The page's renderer has crashed"),
        }

    def opened(self) -> None:
        """Count the page as opened: at another address it has left from now on."""
        self._opened = True

    def fail(self, reason: Reason, text: str) -> None:
        """The page is of no use any more; told once, and what it says from now on is not listened to."""
        if not self._failed:
            self.tell(PageFailed(reason, text))
            self._failed = True

    def end(self, goodbye: PageFact) -> None:
        """The last fact."""
        self.rest()
        self.injection.rest()
        self.tell(goodbye)
        self._over = True

    def rest(self) -> None:
        """The page is being closed."""
        self._calm()
        if self._proof is not None:
            self._proof.cancel()
            self._proof = None

    def _calm(self) -> None:
        if self._conflict is not None:
            self._conflict.cancel()
            self._conflict = None

    def tell(self, fact: PageFact) -> None:
        """Hand one fact to the owner, unless it was told already."""
        if self._over or (isinstance(fact, AccountEvent) and self._was_told(fact)):
            return
        if not isinstance(fact, _NOT_LOGGED):
            self._log.debug("page.fact", fact=type(fact).__name__, reason=getattr(fact, "reason", None))
        try:
            self._owner(fact)
        except Exception:  # noqa: BLE001  # the owner's fault; this thread belongs to every page
            self._log.error("page.fact_not_handled", fact=type(fact).__name__, exc_info=True)

    async def tell_taken_back(self, wire: Wire, told: Sequence[Mapping[str, Any]]) -> None:
        """Report those of the told reactions that do not stand any more: of these the page itself tells nothing."""
        by_message: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for payload in told:
            by_message[str(payload.get("chat")), str(payload.get("id"))].append(payload)
        messages = [*by_message][-MOST_LOOKED_AT:]
        for begin in range(0, len(messages), PART):
            part = messages[begin : begin + PART]
            asked = {"messages": [{"chat": chat, "id": id} for chat, id in part]}
            try:
                found = await ask(wire, "reactors", asked, seconds=STORED)
            except ScriptFailed as error:
                self._log.warning("page.reactions_not_read", error=str(error)[:200])
                return
            for message, people in zip(part, found if isinstance(found, list) else (), strict=False):
                if isinstance(people, list):
                    self._tell_missing(by_message[message], people)

    def _tell_missing(self, told: Sequence[Mapping[str, Any]], people: Sequence[object]) -> None:
        standing = [people_in(one) for one in people if isinstance(one, dict)]
        for payload in told:
            if not any(people_in(payload) & one for one in standing):
                again = {**payload, "e": MessageReaction.page_name, "reaction": "", "t": int(self._now())}
                fact = happened(again, live=False)
                if fact is not None:
                    self.tell(fact)

    async def tell_stored(self, wire: Wire) -> None:
        """Report what happened while nobody listened, from the page's memory: each message with what became of it."""
        since, told = max(0.0, self._interpreter.began_at - SLACK), 0
        while told < MOST_STORED:
            try:
                stored = await ask(wire, "stored", {"since": since, "told": told, "most": PART}, seconds=STORED)
            except ScriptFailed as error:
                self._log.warning("page.messages_not_read", error=str(error)[:200])
                return
            if not isinstance(stored, list) or not stored:
                return
            self._tell_found(stored)
            told += len(stored)

    async def tell_marks(self, wire: Wire) -> None:
        """Report the reactions and votes that the page has and has not told: of those that are older than its own start
        wa-js tells nothing, whenever they come.
        """
        since = max(0.0, self._interpreter.began_at - SLACK)
        try:
            found = await ask(wire, "marks", {"since": since, "most": MOST_LOOKED_AT}, seconds=STORED)
        except ScriptFailed as error:
            self._log.warning("page.reactions_not_read", error=str(error)[:200])
            return
        self._tell_found(found if isinstance(found, list) else ())

    def _tell_found(self, found: Sequence[object]) -> None:
        """Report the events that were found in the page's memory, given as a list for each message."""
        for event in chain.from_iterable(part for part in found if isinstance(part, list)):
            fact = happened(event, live=False) if isinstance(event, dict) else None
            if fact is not None:
                self.tell(fact)

    def _binding_called(self, params: Params) -> None:
        payload = str(params.get("payload", ""))
        if params.get("name") != BINDING or self._failed or self._over:
            return
        if len(payload) > MAX_EVENT:
            self._log.warning("page.event_too_long", characters=len(payload))
            return
        try:
            event = from_page(payload)
        except (ValueError, RecursionError):
            return
        if isinstance(event, dict):
            self._hear(event)

    def _console(self, params: Params) -> None:
        """wa-js says there what it did not find in WhatsApp Web; once a name, and only once somebody asks for it."""
        said = params.get("args") or [{}]
        found = _NOT_FOUND.match(str(said[0].get("value", ""))) if params.get("type") == "error" else None
        unresolved = self._interpreter.unresolved
        if found is not None and len(unresolved) < MOST_UNRESOLVED:
            unresolved[found[1] or found[2]] = None
            self._log.debug("page.unresolved", name=found[1] or found[2])

    def _hear(self, event: Mapping[str, Any]) -> None:
        match event.get("e"):
            case "trouble":
                self._log.warning("page.script_trouble", text=str(event.get("text"))[:500])
            case "loaded":
                self.fresh = True
                self.injection.rest()
            case "view":
                self.on_view()
                self.injection.see(event)
        for fact in self._interpreter.hear(event):
            self.tell(fact)
            if isinstance(fact, Ready):
                self.on_ready()
                # The start is over: what is heard from here on is not due to the call that ordered it.
                unbind_contextvars("request", "trace")
        self._suspect_conflict()
        if not self._interpreter.unproven:
            self._proof_delay = PROOF_FIRST
            if self._proof is not None:
                self._proof.cancel()
                self._proof = None
        elif self._proof_delay == PROOF_FIRST:
            self.look_for_proof()

    def look_for_proof(self) -> None:
        """Have the server asked in a while, if there is still no sign that it has accepted the login."""
        if self._proof is None and self._interpreter.unproven and not self._over:
            self._proof = asyncio.get_running_loop().call_later(self._proof_delay, self._unproven)
            self._proof_delay = min(2 * self._proof_delay, PROOF_CAP)

    def _unproven(self) -> None:
        self._proof = None
        self.on_unproven()

    def _suspect_conflict(self) -> None:
        """Arm or disarm the only sign that current pages give of having been opened elsewhere: that it lasts."""
        if not self._interpreter.may_be_replaced:
            self._calm()
        elif self._conflict is None:
            loop = asyncio.get_running_loop()
            self._conflict = loop.call_later(self.conflict_after, self._replaced)

    def _replaced(self) -> None:
        self._conflict = None
        for fact in self._interpreter.replaced():
            self.tell(fact)

    def _navigated(self, params: Params) -> None:
        frame = params.get("frame", {})
        if "parentId" in frame or not self._opened:
            return
        failure = left(str(frame.get("url", "")), bool(frame.get("unreachableUrl")), self._home)
        if failure is not None:
            self.fail(failure.reason, failure.text)

    def _was_told(self, fact: AccountEvent) -> bool:
        if fact.key is None:
            return False
        if fact.key in self._happened:
            return True
        self._happened[fact.key] = None
        if len(self._happened) > REMEMBERED:
            self._happened.popitem(last=False)
        return False


RELOADS = 2
"""How often in a row one page is loaded again for this; then it is lost."""


class InjectionWatch:
    """Has one page loaded again that is in MAIN without wa-js; calls `fail` once the budget for that is spent."""

    def __init__(self, fail: Callable[[Reason, str], None]) -> None:
        self._fail = fail
        self._timer: asyncio.TimerHandle | None = None
        self._reloads = 0
        self.patience: Seconds = 15.0
        """How long that may last."""
        self.reload: Callable[[], None] = lambda: None
        """Called to have the page loaded again."""

    def see(self, view: Mapping[str, Any]) -> None:
        """One view of the page."""
        if view.get("full_ready") is True:
            self._reloads = 0
        if view.get("mode") != "MAIN" or view.get("full_ready") is True:
            self.rest()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.patience, self._missed)

    def rest(self) -> None:
        """Nothing is waited for: another document, or none."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _missed(self) -> None:
        self._timer = None
        if self._reloads < RELOADS:
            self._reloads += 1
            self.reload()
        else:
            text = f"wa-js was not ready {self.patience:g} s after WhatsApp Web was, nor after {RELOADS} reloads"
            self._fail(Reason.WA_JS_NOT_READY, text)
