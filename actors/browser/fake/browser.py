"""The fake browser: pages one after the other on each profile, and the methods by which a test plays the phone."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from actors.browser.fake.habits import Habits
from actors.browser.fake.page import Answer, FakePage
from actors.browser.fake.profiles import FakeProfiles
from actors.browser.fake.whatsapp import WhatsApp
from actors.clients.events import AccountEvent, MessageAcknowledged, MessageArrived
from actors.clients.operations import Operation
from actors.clients.operations.messages import draw_message_id
from actors.clients.protocol import (
    LinkLost,
    LinkResumed,
    LoggedOut,
    PageLaunched,
    PageSettled,
    QrScanned,
    Ready,
    Restriction,
    RestrictionTold,
)
from actors.clients.types import ClientId, Reason

if TYPE_CHECKING:
    from actors.clients.ports import Dropped, Tell, Usage

_log = structlog.get_logger("browser")


class FakeBrowser:
    """A Browser without a thread of its own: facts are sent in the thread whose call causes them. Any thread may call.

    `directory` keeps logins in files, else they end with this object. `whatsapp` is the service's side, to be shared
    with a later browser. `died` is never called by itself: a test calls `browser.died(text)`.
    """

    def __init__(
        self,
        habits: Habits | None = None,
        *,
        directory: Path | None = None,
        whatsapp: WhatsApp | None = None,
        died: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.habits = habits or Habits()
        """May be replaced at any time; counts from the next order on."""
        self.answers: dict[type[Operation[Any]], Answer] = {}
        """The answers of pages to operations, in place of their examples: functions of page and order, set by a test.
        """
        self.whatsapp = whatsapp or WhatsApp()
        self.died = died
        self.opened: list[ClientId] = []
        """The clients of opened pages, in order, one entry per page."""
        self.undeletable: dict[ClientId, str] = {}
        """Profiles that a test keeps from being deleted, and why they cannot be."""
        self.lock = threading.RLock()
        self._profiles = FakeProfiles(directory)
        self._pages: dict[ClientId, FakePage] = {}
        self._queues: defaultdict[ClientId, deque[FakePage]] = defaultdict(deque)
        self._failures: defaultdict[ClientId, deque[tuple[Reason, str]]] = defaultdict(deque)
        self._stopped = False

    # --- life of the browser -----------------------------------------------------------------------------------------

    versions: Mapping[str, str] = {"wa_js": "fake", "chromium": "fake"}
    lag = 0.0
    """The response time of a real browser's loop; a test may set it."""

    def usages(self) -> Mapping[ClientId, Usage]:
        """Return nothing: the fake has no processes."""
        return {}

    def logins(self) -> frozenset[ClientId]:
        """Return the clients for which `has_login` is true."""
        with self.lock:
            return self._profiles.kept()

    def check(self) -> None:
        """Do nothing: nothing is needed."""

    def start(self) -> None:
        """Do nothing: nothing is needed."""
        self._stopped = False

    def sweep(self, known: Collection[ClientId]) -> None:
        """Do nothing: the fake has no directories of clients."""

    def stop(self, seconds: float) -> bool:
        """Kill everything left; return True if all of it has ended."""
        with self.lock:
            self._stopped = True
            for page in self.running():
                page.end(None, "The browser was stopped")
        return not self.running()

    # --- the port ----------------------------------------------------------------------------------------------------

    def open(self, client_id: ClientId, tell: Tell) -> FakePage:
        """Return a page at once; its display follows once the previous page on this profile is gone."""
        with self.lock:
            page = self._pages[client_id] = FakePage(self, client_id, tell)
            self.opened.append(client_id)
            queue = self._queues[client_id]
            queue.append(page)
            if queue[0] is page:
                self._begin(page)
            return page

    def has_login(self, client_id: ClientId) -> bool:
        """Return True if `keep_login` was called, and `drop_login` not since."""
        with self.lock:
            return self._profiles.is_kept(client_id)

    def keep_login(self, client_id: ClientId) -> None:
        """Record the login of the profile."""
        with self.lock:
            self._profiles.keep(client_id)

    def has_profile(self, client_id: ClientId) -> bool:
        """Return True if a page was opened for this client, or a login kept, and `drop_login` not called since."""
        with self.lock:
            return self._profiles.exists(client_id)

    def drop_login(self, client_id: ClientId, then: Dropped = lambda _: None) -> None:
        """Forget it now, and erase the profile once its page is gone."""
        with self.lock:
            failure = self.undeletable.get(client_id)
            if failure is None:
                self._profiles.drop(client_id)
                if not self._queues[client_id]:
                    self._profiles.prune(client_id)
        then(failure)

    # --- for a test to read -------------------------------------------------------------------------------------------

    def page(self, client_id: ClientId) -> FakePage:
        """Return the page opened last for this client. Raises KeyError if there never was one."""
        return self._pages[client_id]

    def running(self) -> list[FakePage]:
        """Return the pages that are not gone and have their profile: real ones would be Chromiums."""
        with self.lock:
            return [queue[0] for queue in self._queues.values() if queue]

    # --- for a test to call -------------------------------------------------------------------------------------------

    def scan(self, client_id: ClientId, phone: str | None = None) -> None:
        """Scan the code with the phone: QrScanned, Ready, and the login is in the profile.

        If banned, logged out again.
        """
        number = phone or str(5491100000000 + client_id)
        with self.lock:
            page = self.page(client_id)
            self.whatsapp.void.discard(client_id)
            self._profiles.log_in(client_id, number)
            page.tell(QrScanned())
            page.log_in(number)
            if client_id in self.whatsapp.banned:
                self.remove(client_id)

    def remove(self, client_id: ClientId) -> None:
        """Remove the device on the phone: the page is notified now, or when it resumes."""
        with self.lock:
            self.whatsapp.void.add(client_id)
            page = self._pages.get(client_id)
            if page is not None and page.ready:
                page.void(LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "Removed from the phone"))

    def ban(self, client_id: ClientId) -> None:
        """Ban the number: the page sees a removal from the phone, now and after every pairing."""
        with self.lock:
            self.whatsapp.banned.add(client_id)
            self.remove(client_id)

    def crash(self, client_id: ClientId) -> None:
        """Crash the Chromium."""
        self.page(client_id).end(Reason.BROWSER_CRASHED, "Chromium died")

    def fail_next(self, client_id: ClientId, reason: Reason, text: str = "It was to fail") -> None:
        """Let the next page of this client end at once, with this reason."""
        self._failures[client_id].append((reason, text))

    def cut(self, client_id: ClientId) -> None:
        """Cut the network: the page reports it, and its messages wait."""
        with self.lock:
            page = self.page(client_id)
            page.linked = False
            page.tell(LinkLost(Reason.NETWORK_LOST, "The network is gone"))

    def mend(self, client_id: ClientId) -> None:
        """Mend the network: waiting messages are sent."""
        with self.lock:
            page = self.page(client_id)
            page.linked = True
            page.tell(LinkResumed())
            if page.ready:
                page.tell(Ready(self._profiles.phone(client_id), self.habits.lid, self.habits.push_name))
            page.flush()

    def restrict(self, client_id: ClientId, restriction: Restriction | None) -> None:
        """Refuse first messages to strangers, or (None) allow them again; the page reports it."""
        with self.lock:
            if restriction is None:
                self.whatsapp.restrictions.pop(client_id, None)
            else:
                self.whatsapp.restrictions[client_id] = restriction
            page = self._pages.get(client_id)
            if page is not None and page.ready and page.linked:
                page.tell(RestrictionTold(restriction))

    def receive(
        self, client_id: ClientId, phone: str, text: str, message_id: str | None = None, **content: object
    ) -> str:
        """Receive a message from a phone: reported now, or when a page is Ready. Returns the full message id.

        `content` are fields of the event `message`; without any it is a text.
        """
        chat, bare = f"{phone}@c.us", message_id or draw_message_id()
        told = _of_message(f"false_{chat}_{bare}", chat, phone)
        self.whatsapp.known.add((client_id, chat))
        said = {"from_me": False, "source": "app", "type": "chat", "mentions": [], "forwarded": False, "body": text}
        self._happen(client_id, MessageArrived(dict.fromkeys(MessageArrived.fields) | told | said | content))
        return f"false_{chat}_{bare}"

    def acknowledge(self, client_id: ClientId, message_id: str, phone: str, ack: int) -> None:
        """Acknowledge a full message id by the recipient's phone: 2 device, 3 read."""
        told = _of_message(message_id, f"{phone}@c.us", phone)
        self._happen(client_id, MessageAcknowledged({**told, "from_me": True, "ack": ack}))

    # --- for pages ---------------------------------------------------------------------------------------------------

    def erase(self, client_id: ClientId) -> None:
        """Erase the login, as the page did."""
        self._profiles.log_out(client_id)

    def page_gone(self, page: FakePage) -> None:
        """Free the profile for the next page."""
        queue = self._queues[page.client_id]
        owned = bool(queue) and queue[0] is page
        if page in queue:
            queue.remove(page)
        if owned:
            self._profiles.prune(page.client_id)
            if queue:
                self._begin(queue[0])

    def reloaded(self, page: FakePage) -> None:
        """Reload an open page; see `_begin`."""
        if self.habits.opens:
            self._show(page)

    # --- implementation -----------------------------------------------------------------------------------------------

    def _begin(self, page: FakePage) -> None:
        """Begin: the page has its profile now."""
        self._profiles.prune(page.client_id)
        self._profiles.make(page.client_id)
        failures = self._failures[page.client_id]
        if self._stopped:
            page.end(Reason.CHROMIUM_FAILED, "The browser is stopped")
        elif failures:
            page.end(*failures.popleft())
        elif self.habits.opens:
            _log.info("page.opened", client=page.client_id)
            page.tell(PageLaunched())
            page.tell(PageSettled())
            self._show(page)

    def _show(self, page: FakePage) -> None:
        phone = self._profiles.phone(page.client_id)
        if phone is None:
            page.show_code()
        elif page.client_id in self.whatsapp.void:
            page.void(LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "Removed from the phone"))
        else:
            page.log_in(phone)

    def _happen(self, client_id: ClientId, event: AccountEvent) -> None:
        with self.lock:
            page = self._pages.get(client_id)
            if page is not None and page.ready and page.linked:
                page.tell(event)
            else:
                self.whatsapp.keep(client_id, event)


def _of_message(full_id: str, chat: str, phone: str) -> dict[str, Any]:
    """Return the fields that the real page reports of every message."""
    bare = full_id.split("_")[2] if full_id.count("_") >= 2 else full_id
    told = {"id": full_id, "bare_id": bare, "chat": chat, "phone": phone, "lid": None, "author": chat}
    return {**told, "t": int(time.time()), "live": True}
