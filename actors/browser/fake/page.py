"""One fake page. What it does follows from its browser's habits and from what a test has it do.

Rule of this file: everything happens under the browser's lock, so that the facts of a page come in one order, and
`BrowserGone` exactly once and last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from actors.browser.fake.habits import Fate, Outgoing
from actors.browser.fake.whatsapp import Delivery
from actors.browser.send_log import SendLog
from actors.clients import message_ids
from actors.clients.protocol import (
    BrowserGone,
    Happened,
    LoggedOut,
    LookedUp,
    PageFact,
    PairingCodeShown,
    Probed,
    QrShown,
    Ready,
    ScreenshotTaken,
    SendRefused,
    SendUnsettled,
    Sent,
)
from actors.clients.types import ClientId, Reason

if TYPE_CHECKING:
    import threading

    from actors.browser.fake.habits import Habits
    from actors.browser.fake.whatsapp import WhatsApp
    from actors.clients.ports import Tell

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63f80f0001010100b138f6140000000049454e44ae426082"
)
"""A PNG of one white pixel."""
PAIRING_CODE = "ABCD1234"

_codes = count(1)


@dataclass(frozen=True, slots=True)
class Order:
    """One call of the port: the method's name and its arguments by name."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]


class Owner(Protocol):
    """What a page needs of the browser it belongs to."""

    @property
    def lock(self) -> threading.RLock:
        """Held through everything that happens."""

    @property
    def habits(self) -> Habits:
        """What happens by itself, as it is now."""

    @property
    def whatsapp(self) -> WhatsApp:
        """The service's side."""

    def erase(self, client_id: ClientId) -> None:
        """The login is void: it leaves the profile."""

    def page_gone(self, page: FakePage) -> None:
        """The page has told that it is gone: its profile is free for the next."""


class FakePage:
    """A Page. Any thread may call; the answers are told before the call returns, or never."""

    def __init__(self, browser: Owner, client_id: ClientId, tell: Tell) -> None:
        self.client_id = client_id
        self.orders: list[Order] = []
        """Everything ordered from this page, in order."""
        self.gone = False
        """Whether BrowserGone was told."""
        self.hung = False
        """Set it, and the page does nothing any more, except be killed."""
        self.ready = False
        """Whether the page is logged in."""
        self.linked = True
        """Whether the page has WhatsApp; without, what is sent waits."""
        self.code: str | None = None
        """The QR code it shows."""
        self.facts: list[PageFact] = []
        """The last facts it told."""
        self._browser, self._tell = browser, tell
        self._pending: list[tuple[str, Outgoing]] = []
        self._sends = SendLog(client_id)

    # --- the port ----------------------------------------------------------------------------------------------------

    def send_text(self, order: str, chat: str, text: str, message_id: str | None = None) -> None:
        """Have it sent; what becomes of it is decided by `Habits.sends`."""
        with self._browser.lock:
            self._note("send_text", order=order, chat=chat, text=text, message_id=message_id)
            outgoing = Outgoing(self.client_id, chat, message_id or message_ids.draw(), text)
            self._sends.ordered(order)
            if self._awake():
                self._sends.sending(order, chat)
                self._send(order, outgoing)

    def look_up(self, order: str, chat: str, message_id: str) -> None:
        """Answered from what WhatsApp has delivered and what waits here."""
        with self._browser.lock:
            self._note("look_up", order=order, chat=chat, message_id=message_id)
            if self._answers():
                ack = (
                    1 if self._browser.whatsapp.arrivals(self.client_id, message_id) else self._pending_ack(message_id)
                )
                self.tell(LookedUp(order, message_id, ack, complete=self.ready and self.linked))

    def log_out(self) -> None:
        """Void the login."""
        with self._browser.lock:
            self._note("log_out")
            if self._answers() and self.ready:
                self.void(LoggedOut(Reason.LOGGED_OUT_BY_API, "Logged out on request"))

    def refresh_qr(self) -> None:
        """Show the next code."""
        with self._browser.lock:
            self._note("refresh_qr")
            if self._answers():
                self.show_code()

    def request_pairing_code(self, phone: str) -> None:
        """Show a pairing code, always the same."""
        with self._browser.lock:
            self._note("request_pairing_code", phone=phone)
            if self._answers():
                self.tell(PairingCodeShown(PAIRING_CODE))

    def take_screenshot(self) -> None:
        """A picture of one pixel."""
        with self._browser.lock:
            self._note("take_screenshot")
            if self._answers():
                self.tell(ScreenshotTaken(PICTURE))

    def probe(self, token: int) -> None:
        """Answered unless the page hangs."""
        with self._browser.lock:
            self._note("probe", token=token)
            if self._answers():
                self.tell(Probed(token, self._browser.habits.pss))

    def close(self) -> None:
        """Gone at once, unless it hangs."""
        with self._browser.lock:
            self._note("close")
            if self._browser.habits.closes and not self.hung:
                self.end()

    def kill(self) -> None:
        """Gone at once."""
        with self._browser.lock:
            self._note("kill")
            if self._browser.habits.closes:
                self.end()

    # --- what a test has it do ---------------------------------------------------------------------------------------

    def tell(self, fact: PageFact) -> None:
        """Tell its owner a fact, unless BrowserGone was told."""
        with self._browser.lock:
            if isinstance(fact, BrowserGone):
                self.end(fact.reason, fact.text)
            elif not self.gone:
                self._pass_on(fact)

    def ordered(self, name: str) -> list[Order]:
        """The orders of one kind, such as `send_text`."""
        return [order for order in self.orders if order.name == name]

    def show_code(self) -> None:
        """Show a new code; the one before is void."""
        self.code = f"2@fake-{self.client_id}-{next(_codes)},bm9pc2U=,aWRlbnRpdHk=,c2VjcmV0"
        self.tell(QrShown(self.code, self._browser.habits.code_lifetime))

    def log_in(self, phone: str) -> None:
        """Be Ready, and receive what has come in meanwhile."""
        self.ready, self.code = True, None
        self.tell(Ready(phone))
        for event in self._browser.whatsapp.collect(self.client_id):
            self.tell(event)

    def void(self, fact: PageFact) -> None:
        """Erase the login, and say so with this fact."""
        self.ready = False
        self._browser.erase(self.client_id)
        self.tell(fact)

    def flush(self) -> None:
        """Send what waits; each is delivered now, and the page says so."""
        with self._browser.lock:
            pending, self._pending = self._pending, []
            for order, outgoing in pending:
                self._sent(order, outgoing)

    def end(self, reason: Reason | None = None, text: str = "Closed") -> None:
        """Be gone: the last fact is told, and whoever waits for the profile gets it."""
        with self._browser.lock:
            if self.gone:
                return
            self._pass_on(BrowserGone(reason, text))
            self.gone, self.ready, self.code = True, False, None
            self._pending.clear()
            self._sends.forget()
            self._browser.page_gone(self)

    # --- how it works ------------------------------------------------------------------------------------------------

    def _note(self, name: str, **arguments: Any) -> None:
        self.orders.append(Order(name, arguments))

    def _pass_on(self, fact: PageFact) -> None:
        if isinstance(fact, Sent | SendRefused | SendUnsettled):
            self._sends.settled(fact)
        self.facts = [*self.facts[-19:], fact] if not isinstance(fact, Sent | Happened) else self.facts
        self._tell(fact)

    def _awake(self) -> bool:
        return not (self.gone or self.hung)

    def _answers(self) -> bool:
        return self._awake() and self._browser.habits.answers

    def _send(self, order: str, outgoing: Outgoing) -> None:
        fate = Fate.PENDING if not self.linked else self._browser.habits.sends(outgoing)
        if outgoing.chat in self._browser.whatsapp.absent and self.linked:
            self.tell(SendRefused(order, f"There is no such chat on WhatsApp ({outgoing.chat})"))
            return
        match fate:
            case Fate.SENT:
                self._sent(order, outgoing)
            case Fate.REFUSED:
                self.tell(SendRefused(order, "WhatsApp refused the message"))
            case Fate.PENDING:
                self._pending.append((order, outgoing))
            case Fate.ACK_LOST:
                self._deliver(outgoing)
            case Fate.UNSETTLED:
                self._deliver(outgoing)
                self.tell(SendUnsettled(order, "The page cannot tell"))
            case Fate.CRASH_BEFORE:
                self.end(Reason.BROWSER_CRASHED, "Chromium died")
            case Fate.CRASH_AFTER:
                self._deliver(outgoing)
                self.end(Reason.BROWSER_CRASHED, "Chromium died")

    def _sent(self, order: str, outgoing: Outgoing) -> None:
        self._deliver(outgoing)
        self.tell(Sent(order, f"true_{outgoing.chat}_{outgoing.message_id}", outgoing.chat))

    def _deliver(self, outgoing: Outgoing) -> None:
        delivery = Delivery(outgoing.client_id, outgoing.chat, outgoing.message_id, outgoing.text)
        self._browser.whatsapp.deliver(delivery)

    def _pending_ack(self, message_id: str) -> int | None:
        return 0 if any(outgoing.message_id == message_id for _, outgoing in self._pending) else None
