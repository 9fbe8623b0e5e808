"""The whole story of one client on WhatsApp's own page, against a mock of WhatsApp's server: for `doctor --live`.

The page is driven as the service drives it. Whoever runs the mock hands in its phones.
"""

from __future__ import annotations

import contextlib
import queue
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from actors.browser.browser import ChromiumBrowser
from actors.browser.options import BrowserOptions
from actors.clients.events import MessageAcknowledged, MessageArrived
from actors.clients.operations.account import LogOut
from actors.clients.operations.messages import SendText, draw_message_id
from actors.clients.page_contract import PageContract
from actors.clients.ports import Page
from actors.clients.protocol import (
    Answered,
    BrowserGone,
    ContractRead,
    LinkLost,
    LoggedOut,
    OutcomeUnknown,
    PageFact,
    PageFailed,
    PairingHindered,
    QrScanned,
    QrShown,
    Ready,
    Refused,
)
from actors.clients.types import ClientId, Reason, Seconds

F = TypeVar("F")

WHATSAPP_WEB = "https://web.whatsapp.com/"
ME, FRIEND = "5491100000099", "5491122334455"
"""Numbers of nobody; the mock alone knows them."""
_NAME = "Shop"
_HELLO, _ANSWER, _MEANWHILE = "Hello from the doctor", "Good morning", "While you were away"
_CLIENT = ClientId(1)
_STOPPING: Seconds = 5.0
_UNAVAILABLE = "503"
"""WhatsApp's reason of a login that it takes later."""
_PATHS_OUT = ("--proxy-", "--no-proxy-server", "--host-resolver-rules", "--host-rules")
"""Flags of an operator that could lead the page to WhatsApp's real server."""


class Phones(Protocol):
    """The phones of the mock. Each method raises PhonesFailed."""

    def scan(self, code: str, number: str, name: str) -> None:
        """Scan the code of a page with the phone of this number."""

    def write(self, sender: str, to: str, text: str) -> None:
        """Send a text from a phone to the account of a page."""

    def read(self, number: str, count: int, seconds: Seconds) -> list[str]:
        """Return the texts that a phone has read, as soon as there are `count`, or after `seconds`."""

    def refuse(self, reason: str | None) -> None:
        """Refuse every login for this reason from now on; None: refuse none."""

    def has_refused(self, seconds: Seconds) -> bool:
        """Return whether a login was refused since `refuse`, as soon as one was, or after `seconds`."""

    def cut(self) -> None:
        """Close the connection of the page without a word."""

    def log_out(self, number: str) -> None:
        """Remove the linked device of an account, from its phone."""

    def is_linked(self, number: str, linked: bool, seconds: Seconds) -> bool:
        """Return whether the account has a linked device, as soon as that is `linked`, or after `seconds`."""


class PhonesFailed(Exception):
    """The mock did not do what a phone was to do; the text says why."""


class StepOutcome(StrEnum):
    """The end of a step."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """One step and what was seen."""

    name: str
    verdict: StepOutcome
    text: str
    seconds: Seconds


class _StepBroken(Exception):
    """A step did not come to its end; the text says what was seen instead."""


def confined(options: BrowserOptions, port: int, key_hash: str) -> BrowserOptions:
    """Return options for a Chromium in which every name is that port of this host, and its certificate is valid.

    Sources: Chromium's net/dns/mapped_host_resolver.h and services/network/public/cpp/network_switches.cc.
    """
    own = tuple(flag for flag in options.chromium_args if not flag.startswith(_PATHS_OUT))
    flags = (f"--host-resolver-rules=MAP * 127.0.0.1:{port}", f"--ignore-certificate-errors-spki-list={key_hash}")
    return replace(
        options, whatsapp_url=WHATSAPP_WEB, chromium_args=(*own, *flags), hosts=(), proxy_from_environment=False
    )


def check(options: BrowserOptions, phones: Phones, seconds: Seconds) -> Iterator[CheckedStep]:
    """Play the story in a directory of its own, and yield each step as it ends. Blocks.

    `seconds` is the time limit of each step. Raises BrowserUnavailable.
    """
    with tempfile.TemporaryDirectory(prefix="session-manager-live-") as directory:
        browser = ChromiumBrowser(replace(options, data_dir=Path(directory), start_patience=seconds))
        browser.start()
        story = LiveStory(browser, phones, seconds)
        try:
            yield from story.play()
        finally:
            story.end()
            browser.stop(_STOPPING)


class LiveStory:
    """The story, step by step. `play` may be called once."""

    def __init__(self, browser: ChromiumBrowser, phones: Phones, seconds: Seconds) -> None:
        self._browser, self._phones, self._patience = browser, phones, seconds
        self._facts: queue.Queue[PageFact] = queue.Queue()
        self._unread: list[PageFact] = []
        self._page: Page | None = None
        self._code = ""
        self.contract: PageContract | None = None

    def play(self) -> Iterator[CheckedStep]:
        """Yield the steps; one that needs a broken one is not checked."""
        broken: dict[str, str] = {}  # step -> the one that broke first
        for name, needs, step in STEPS:
            if missing := [broken[one] for one in needs if one in broken]:
                broken[name] = missing[0]
                yield CheckedStep(name, StepOutcome.NOT_CHECKED, f"it needs {missing[0]}", 0.0)
                continue
            began = time.monotonic()
            try:
                text, verdict = step(self), StepOutcome.HOLDS
            except (_StepBroken, PhonesFailed) as error:
                text, verdict = str(error), StepOutcome.BROKEN
                broken[name] = name
            yield CheckedStep(name, verdict, text, time.monotonic() - began)

    def end(self) -> None:
        """Close the page, if there is one, and wait for the end of its Chromium."""
        if self._page is not None:
            self._page.close()
            with contextlib.suppress(_StepBroken):  # it is gone already, or is killed next
                self._until(BrowserGone, seconds=_STOPPING)

    # --- the steps

    def code(self) -> str:
        """The page shows a code."""
        if self._page is None:
            self._open()
        shown = self._until(QrShown)
        self._code = shown.code
        return f"good for {shown.lifetime:.0f} s"

    def names(self) -> str:
        """The page has every name that this program needs."""
        contract = self._contract()
        if not contract.whole:
            raise _StepBroken(contract.text)
        return contract.text

    def link(self) -> str:
        """A phone scans the newest code, and the page accepts the link."""
        later = [fact.code for fact in self._waiting() if isinstance(fact, QrShown)]
        self._phones.scan(later[-1] if later else self._code, ME, _NAME)
        self._until(QrScanned)
        return f"+{ME}"

    def ready(self) -> str:
        """The page has logged in and synchronised."""
        ready = self._until(Ready)
        if ready.phone != ME:
            raise _StepBroken(f"the account is {ready.phone}, not {ME}")
        return f"as {ready.phone}, {ready.lid}"

    def send(self) -> str:
        """A text leaves the page, and the phone of the other side decrypts it."""
        assert self._page is not None
        order = draw_message_id()
        self._page.call(order, SendText(f"{FRIEND}@c.us", _HELLO))
        self._until(Answered, lambda fact: fact.order == order)
        read = self._phones.read(FRIEND, 1, self._patience)
        if read != [_HELLO]:
            raise _StepBroken(f"the phone has read {read}")
        return "the other phone has read it"

    def acknowledge(self) -> str:
        """The page reports the ticks."""
        for ack in (2, 3):
            # mypy cannot tell the type of a lambda with a default, which binds this turn's value
            self._until(MessageAcknowledged, lambda event, ack=ack: event.payload["ack"] == ack)  # type: ignore[misc]
        return "delivered and read"

    def receive(self) -> str:
        """A phone writes, and the page reports the text."""
        self._phones.write(FRIEND, ME, _ANSWER)
        return self._text(_ANSWER)

    def restart(self) -> str:
        """Chromium is closed and started again, and the page resumes its login without a code."""
        assert self._page is not None
        self._page.close()
        self._until(BrowserGone)
        self._unread.clear()
        self._phones.write(FRIEND, ME, _MEANWHILE)
        self._open()
        self._until(Ready)
        if any(isinstance(fact, QrShown) for fact in self._unread):
            raise _StepBroken("it showed a code before")
        return "without a code"

    def catch_up(self) -> str:
        """The text that was written meanwhile arrives."""
        return self._text(_MEANWHILE)

    def network(self) -> str:
        """The connection is cut and the next login refused: the page is not READY until a login is accepted."""
        self._unread.clear()
        self._phones.refuse(_UNAVAILABLE)
        began = time.monotonic()
        try:
            self._phones.cut()
            lost = self._until(LinkLost)
            if not self._phones.has_refused(self._patience):
                raise _StepBroken("the page has not tried to log in again")
            if any(isinstance(fact, Ready) for fact in self._waiting()):
                raise _StepBroken("it was told READY though its login was refused")
        finally:
            self._phones.refuse(None)
        self._until(Ready)
        return f"{lost.reason}, and back after {time.monotonic() - began:.1f} s"

    def log_out(self) -> str:
        """The page logs out, and its device is off the phone's list."""
        assert self._page is not None
        self._page.call("logout", LogOut())
        self._until(LoggedOut)
        if self._phones.is_linked(ME, False, self._patience):
            raise _StepBroken("the page has logged out, but its device is linked still")
        return "the device is off the list"

    def link_again(self) -> str:
        """The page shows a code again, a phone scans it, and the page is READY."""
        self.code()
        self.link()
        return self.ready()

    def unlink(self) -> str:
        """The phone removes the device, and the page reports it."""
        self._phones.log_out(ME)
        gone = self._until(LoggedOut)
        if gone.reason is not Reason.LOGGED_OUT_BY_PHONE:
            raise _StepBroken(f"{gone.reason}: {gone.text}")
        return gone.text

    # --- facts

    def _open(self) -> None:
        self._page = self._browser.open(_CLIENT, self._facts.put)

    def _text(self, text: str) -> str:
        arrived = self._until(MessageArrived, lambda event: event.payload.get("body") == text)
        return f"from {arrived.payload.get('phone') or arrived.payload.get('chat')}"

    def _contract(self) -> PageContract:
        self.contract = self._until(ContractRead).contract
        return self.contract

    def _waiting(self) -> list[PageFact]:
        """Return the facts that nobody has read yet."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._unread.append(self._facts.get_nowait())
        return self._unread

    def _until(self, kind: type[F], holds: Callable[[F], bool] = lambda _: True, seconds: Seconds | None = None) -> F:
        """Return the first fact of this type that holds and was not returned before. Raises _StepBroken."""
        patience = self._patience if seconds is None else seconds
        deadline = time.monotonic() + patience
        for fact in self._unread:
            if isinstance(fact, kind) and holds(fact):
                self._unread.remove(fact)
                return fact
        last = ""
        while (left := deadline - time.monotonic()) > 0:
            try:
                fact = self._facts.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(fact, kind) and holds(fact):
                return fact
            if isinstance(fact, BrowserGone | PageFailed | LoggedOut):
                raise _StepBroken(f"{type(fact).__name__}: {fact.text}")
            if isinstance(fact, Refused | OutcomeUnknown):
                raise _StepBroken(f"{type(fact).__name__}: {fact.why}")
            if isinstance(fact, PairingHindered):
                last = f": {fact.text}"
            self._unread.append(fact)
        raise _StepBroken(f"no {kind.__name__} within {patience:g} s{last}")


STEPS: tuple[tuple[str, tuple[str, ...], Callable[[LiveStory], str]], ...] = (
    ("code", (), LiveStory.code),
    ("names", ("code",), LiveStory.names),
    ("link", ("code",), LiveStory.link),
    ("ready", ("link",), LiveStory.ready),
    ("send", ("ready",), LiveStory.send),
    ("acknowledge", ("send",), LiveStory.acknowledge),
    ("receive", ("ready",), LiveStory.receive),
    ("restart", ("ready",), LiveStory.restart),
    ("catch up", ("restart",), LiveStory.catch_up),
    ("network", ("restart",), LiveStory.network),
    ("log out", ("restart",), LiveStory.log_out),
    ("link again", ("log out",), LiveStory.link_again),
    ("unlink", ("link again",), LiveStory.unlink),
)
"""Name, the steps without which it cannot be, and what is done."""
