"""A fake page. It follows its browser's habits and a test's orders.

Everything happens under the browser's lock, so that the facts of a page come in one order, and `BrowserGone` exactly
once and last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from actors.browser.fake.habits import Fate
from actors.browser.fake.whatsapp import Outgoing
from actors.browser.send_queue import SendLog
from actors.clients.errors import OperationRefused
from actors.clients.events import AccountEvent
from actors.clients.operations import Effect, Operation
from actors.clients.operations.account import LogOut, PairingCode, RefreshQr, RequestPairingCode
from actors.clients.operations.messages import LookedUp, LookUp, Sent
from actors.clients.protocol import (
    Answered,
    BrowserGone,
    ContractRead,
    LoggedOut,
    OutcomeUnknown,
    PageFact,
    PageReloaded,
    Probed,
    QrShown,
    QrVoid,
    Ready,
    Refused,
    RestrictionTold,
    ServerAnswered,
    ServerSilent,
)
from actors.clients.types import ClientId, Reason

if TYPE_CHECKING:
    import threading

    from actors.browser.fake.habits import Habits
    from actors.browser.fake.whatsapp import WhatsApp
    from actors.clients.ports import Tell

_codes = count(1)


@dataclass(frozen=True, slots=True)
class Order:
    """A call of the port: the method's name, or the class's of an operation, and its arguments by name."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]


Answer = Callable[["FakePage", Any], object]
"""Gives a page's answer to an operation; an OperationRefused becomes the page's refusal."""


class Owner(Protocol):
    """The page's view of its browser."""

    @property
    def lock(self) -> threading.RLock:
        """Held during every change."""

    @property
    def habits(self) -> Habits:
        """The present habits."""

    @property
    def answers(self) -> Mapping[type[Operation[Any]], Answer]:
        """A test's answers in place of the usual answers."""

    @property
    def whatsapp(self) -> WhatsApp:
        """The service's side."""

    def erase(self, client_id: ClientId) -> None:
        """Erase a void login from the profile."""

    def reloaded(self, page: FakePage) -> None:
        """Reload the page: it shows the same as at its opening."""

    def page_gone(self, page: FakePage) -> None:
        """Free the profile of a page that is gone."""


class FakePage:
    """A Page. Any thread may call; answers are sent before the call returns, or never."""

    def __init__(self, browser: Owner, client_id: ClientId, tell: Tell) -> None:
        self.client_id = client_id
        self.orders: list[Order] = []
        """Everything ordered from this page, in order."""
        self.gone = False
        """True once BrowserGone was sent."""
        self.hung = False
        """Set it, and the page does nothing any more, except die."""
        self.ready = False
        """True while the page is logged in."""
        self.linked = True
        """True while the page is connected to WhatsApp; otherwise messages wait."""
        self.code: str | None = None
        """The QR code it shows."""
        self.facts: list[PageFact] = []
        """Its last facts."""
        self._browser, self._tell = browser, tell
        self._pending: list[tuple[str, Outgoing]] = []
        self._sends = SendLog(client_id)

    # --- the port ----------------------------------------------------------------------------------------------------

    def call(self, order: str, operation: Operation[Any]) -> None:
        """Answer by the table below, by `FakeBrowser.answers`, or with the example."""
        with self._browser.lock:
            self._note(type(operation).__name__, order=order, **operation.arguments)
            if operation.effect is Effect.SEND:
                self._sends.ordered(order)
                if self._awake():
                    outgoing = Outgoing(self.client_id, order, operation)
                    self._sends.sending(order, outgoing.chat)
                    self._send(order, outgoing)
            elif self._answers():
                self._perform(order, operation)

    def probe(self, token: int) -> None:
        """Answer unless the page hangs."""
        with self._browser.lock:
            self._note("probe", token=token)
            if self._answers():
                self.tell(Probed(token, self._browser.habits.pss))

    def ask_server(self, token: int) -> None:
        """Answer while the page is connected to WhatsApp; a silence is reported at once."""
        with self._browser.lock:
            self._note("ask_server", token=token)
            if self._answers():
                heard = self.linked and self._browser.habits.server_answers
                self.tell(ServerAnswered(token) if heard else ServerSilent(token, "WhatsApp's server did not answer"))

    def reload(self) -> None:
        """Reload at once, as it opens."""
        with self._browser.lock:
            self._note("reload")
            if self._answers():
                self.tell(PageReloaded())
                self.ready = False
                self._browser.reloaded(self)

    def close(self) -> None:
        """Close at once, unless it hangs."""
        with self._browser.lock:
            self._note("close")
            if self._browser.habits.closes and not self.hung:
                self.end()

    def kill(self) -> None:
        """Die at once."""
        with self._browser.lock:
            self._note("kill")
            if self._browser.habits.closes:
                self.end()

    # --- for a test to call ------------------------------------------------------------------------------------------

    def tell(self, fact: PageFact) -> None:
        """Send its owner a fact, unless BrowserGone was sent."""
        with self._browser.lock:
            if isinstance(fact, BrowserGone):
                self.end(fact.reason, fact.text)
            elif not self.gone:
                self._pass_on(fact)

    def ordered(self, name: str) -> list[Order]:
        """Return the orders of one kind, such as `SendText`."""
        return [order for order in self.orders if order.name == name]

    def show_code(self) -> None:
        """Show a new code; the previous code is void."""
        self.code = f"2@fake-{self.client_id}-{next(_codes)},bm9pc2U=,aWRlbnRpdHk=,c2VjcmV0"
        self.tell(QrShown(self.code, self._browser.habits.code_lifetime))

    def log_in(self, phone: str) -> None:
        """Become Ready, and receive the messages that came in meanwhile."""
        self.ready, self.code = True, None
        if self._browser.habits.contract is not None:
            self.tell(ContractRead(self._browser.habits.contract))
        if (restriction := self._browser.whatsapp.restrictions.get(self.client_id)) is not None:
            self.tell(RestrictionTold(restriction))
        self.tell(Ready(phone, self._browser.habits.lid, self._browser.habits.push_name))
        for event in self._browser.whatsapp.collect(self.client_id):
            self.tell(event)

    def void(self, fact: PageFact) -> None:
        """Erase the login, and report it with this fact."""
        self.ready = False
        self._browser.erase(self.client_id)
        self.tell(fact)

    def flush(self) -> None:
        """Send waiting messages; each is delivered now, and reported."""
        with self._browser.lock:
            pending, self._pending = self._pending, []
            for order, outgoing in pending:
                self._sent(order, outgoing)

    def end(self, reason: Reason | None = None, text: str = "Closed") -> None:
        """End: send the last fact, and free the profile."""
        with self._browser.lock:
            if self.gone:
                return
            self._pass_on(BrowserGone(reason, text))
            self.gone, self.ready, self.code = True, False, None
            self._pending.clear()
            self._sends.forget()
            self._browser.page_gone(self)

    # --- operations ---------------------------------------------------------------------------------------------------

    def _perform(self, order: str, operation: Operation[Any]) -> None:
        answer = self._browser.answers.get(type(operation)) or _OWN.get(type(operation), FakePage._example)
        value = answer(self, operation)
        if isinstance(value, OperationRefused):
            self.tell(Refused(order, str(value), value.code))
        else:
            self.tell(Answered(order, value))

    def _example(self, operation: Operation[Any]) -> object:
        return operation.example

    def _look_up(self, operation: LookUp) -> LookedUp:
        """Return the fate from WhatsApp's deliveries and the messages that wait here."""
        arrived = self._browser.whatsapp.arrivals(self.client_id, operation.message_id)
        ack = 1 if arrived else self._pending_ack(operation.message_id)
        return LookedUp(ack, complete=self.ready and self.linked)

    def _log_out(self, _: LogOut) -> None:
        """Void the login."""
        if self.ready:
            self.void(LoggedOut(Reason.LOGGED_OUT_BY_API, "Logged out on request"))

    def _request_pairing_code(self, operation: RequestPairingCode) -> PairingCode:
        """Show a pairing code, always the same; no QR can be scanned from then on."""
        if self.code is not None:
            self.code = None
            self.tell(QrVoid())
        return operation.example

    def _refresh_qr(self, _: RefreshQr) -> None:
        """Show the next code."""
        self.show_code()

    # --- implementation -----------------------------------------------------------------------------------------------

    def _note(self, name: str, /, **arguments: Any) -> None:
        self.orders.append(Order(name, arguments))

    def _pass_on(self, fact: PageFact) -> None:
        if isinstance(fact, Answered | Refused | OutcomeUnknown) and self._sends.holds(fact.order):
            self._sends.settled(fact)
        self.facts = [*self.facts[-19:], fact] if not isinstance(fact, Answered | AccountEvent) else self.facts
        self._tell(fact)

    def _awake(self) -> bool:
        return not (self.gone or self.hung)

    def _answers(self) -> bool:
        return self._awake() and self._browser.habits.answers

    def _send(self, order: str, outgoing: Outgoing) -> None:
        fate = Fate.PENDING if not self.linked else self._browser.habits.sends(outgoing)
        if outgoing.chat in self._browser.whatsapp.absent and self.linked:
            self.tell(Refused(order, f"There is no such chat on WhatsApp ({outgoing.chat})"))
            return
        if self.linked and self._browser.whatsapp.holds_back(self.client_id, outgoing.chat):
            self.tell(Refused(order, "WhatsApp lets this account write to no stranger now", "RESTRICTED"))
            return
        match fate:
            case Fate.SENT:
                self._sent(order, outgoing)
            case Fate.REFUSED:
                self.tell(Refused(order, "WhatsApp refused the message"))
            case Fate.RATE_LIMITED:
                self.tell(Refused(order, "WhatsApp refused the message (error 429: too many messages)", "429"))
            case Fate.UPLOAD_FAILED:
                self.tell(Refused(order, "WhatsApp refused the message (ERROR_UPLOAD)", "ERROR_UPLOAD"))
            case Fate.TIMELOCKED:
                self.tell(Refused(order, "WhatsApp refused the message (error 463)", "463"))
            case Fate.PENDING:
                self._pending.append((order, outgoing))
            case Fate.ACK_LOST:
                self._browser.whatsapp.deliver(outgoing)
            case Fate.UNSETTLED:
                self._browser.whatsapp.deliver(outgoing)
                self.tell(OutcomeUnknown(order, "The page cannot tell"))
            case Fate.CRASH_BEFORE:
                self.end(Reason.BROWSER_CRASHED, "Chromium died")
            case Fate.CRASH_AFTER:
                self._browser.whatsapp.deliver(outgoing)
                self.end(Reason.BROWSER_CRASHED, "Chromium died")

    def _sent(self, order: str, outgoing: Outgoing) -> None:
        self._browser.whatsapp.deliver(outgoing)
        chat = self._browser.whatsapp.names.get(outgoing.chat, outgoing.chat)
        self.tell(Answered(order, Sent(f"true_{chat}_{outgoing.message_id}", chat)))

    def _pending_ack(self, message_id: str) -> int | None:
        return 0 if any(outgoing.message_id == message_id for _, outgoing in self._pending) else None


_OWN: dict[type[Operation[Any]], Answer] = {
    LookUp: FakePage._look_up,
    LogOut: FakePage._log_out,
    RefreshQr: FakePage._refresh_qr,
    RequestPairingCode: FakePage._request_pairing_code,
}
"""The operations with an answer other than their example."""
