"""The pages of a client: the present page, those it has left, and the progress of its end.

A page that was left is ignored, but remembered until it reports that no process of it remains: a client is never gone
before its processes are. Late facts of an old page are told apart by their `Generation`.

    not ordered ──Close──► LOOK ──► CONNECT ──► LOG_OUT ──► CLOSE ──► KILL ──► given up

Each of the first three may be left out, and may be the last before CLOSE; the actor stops as soon as no page is left.

Each step of an end has a deadline. A page that does not close is killed; if it still exists after the same time again,
it is given up with an error in the log: the browser ends its processes when the service stops. A stopping service
limits the whole end; `SHARES` are the shares of that time after each step.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from actors.clients.operations.account import LogOut
from actors.clients.protocol import BrowserGone, Close, FromPage, PageFact
from actors.clients.types import ClientId, Generation

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.policy import Times
    from actors.clients.ports import Browser, Page, Tell
    from actors.clients.types import Seconds
    from actors.runtime import Actor


class Pages:
    """The pages of one client. Runs in the client's thread."""

    def __init__(self, browser: Browser, client_id: ClientId, owner: ActorRef[Any]) -> None:
        self._browser, self._client_id, self._owner = browser, client_id, owner
        self._generation = Generation(0)
        self._leaving: dict[Generation, Page] = {}
        self.present: Page | None = None

    def open(self) -> None:
        """Open a new page, whose facts count from now on."""
        self._generation = Generation(self._generation + 1)
        self.present = self._browser.open(self._client_id, _listener(self._owner, self._generation))

    def hears(self, envelope: FromPage) -> bool:
        """Return True if this fact counts: only those of the present page do. Of an older page only its end matters."""
        present = self.present is not None and envelope.generation == self._generation
        if isinstance(envelope.fact, BrowserGone):
            self._leaving.pop(envelope.generation, None)
            if present:
                self.present = None
        return present

    def leave(self, *, graceless: bool = False) -> None:
        """Leave the present page: close it, or kill it if it could not take a request."""
        page, self.present = self.present, None
        if page is not None:
            self._leaving[self._generation] = page
            page.kill() if graceless else page.close()

    def kill(self) -> None:
        """End every process of every page now."""
        for page in (*self._leaving.values(), *([self.present] if self.present else [])):
            page.kill()

    @property
    def left(self) -> int:
        """The number of pages that may still have processes."""
        return len(self._leaving) + (self.present is not None)


def _listener(owner: ActorRef[Any], generation: Generation) -> Tell:
    def listen(fact: PageFact) -> None:
        with suppress(ActorDeadError):  # The page of an actor that crashed still reports its end.
            owner.tell(FromPage(generation, fact))

    return listen


class EndStep(Enum):
    """A step in the end of a client."""

    LOOK = auto()
    """The page, which shows a code, answers once more: what it knows of a scan is reported before."""
    CONNECT = auto()
    """The client becomes READY, to log out; if it does not, it ends all the same."""
    LOG_OUT = auto()
    """WhatsApp Web confirms the logout; if it does not, the client ends all the same."""
    CLOSE = auto()
    """The pages close by themselves."""
    KILL = auto()
    """The pages were killed, and report their end."""


SHARES: dict[EndStep, float] = {
    EndStep.LOOK: 0.0,
    EndStep.CONNECT: 0.0,
    EndStep.LOG_OUT: 1 / 3,
    EndStep.CLOSE: 2 / 3,
    EndStep.KILL: 0.9,
}


@dataclass(frozen=True, slots=True)
class Overdue:
    """Timer: the time of this step is over."""

    step: EndStep


class Ending:
    """The end of one client, and its progress. Runs in the client's thread."""

    def __init__(self, actor: Actor, pages: Pages, times: Times) -> None:
        self._actor, self._pages = actor, pages
        self._seconds = {
            EndStep.LOOK: times.probe_timeout,
            EndStep.CONNECT: times.connect,
            EndStep.LOG_OUT: times.log_out,
            EndStep.CLOSE: times.close,
            EndStep.KILL: times.close,
        }
        self._latest = dict.fromkeys(EndStep, inf)
        """The latest end of each step, and of the present step, in the actor's time."""
        self._until = inf
        self._step: EndStep | None = None
        self.order: Close | None = None
        """The order; None while the client is to live."""

    @property
    def logging_out(self) -> bool:
        """True while the client waits for the logout that is part of its end."""
        return self._step is EndStep.LOG_OUT

    @property
    def looking(self) -> bool:
        """True while the page is to say whether its code was scanned."""
        return self._step is EndStep.LOOK

    @property
    def connecting(self) -> bool:
        """True while the client becomes READY for its logout."""
        return self._step is EndStep.CONNECT

    def take(self, order: Close) -> bool:
        """Take an order; return True if it begins the end. A later order can only add to it."""
        if order.within is not None:
            self._hurry(order.within)
        first, before = self.order is None, self.order or order
        self.order = Close(forget=before.forget or order.forget, log_out=before.log_out)
        return first

    def look(self) -> None:
        """Wait until the page has answered."""
        self._begin(EndStep.LOOK)

    def connect(self) -> None:
        """Wait until the client is READY."""
        self._begin(EndStep.CONNECT)

    def log_out(self) -> None:
        """Log out the present page first; `logging_out` until that is done, the page is gone, or time is up."""
        if self._pages.present is not None:
            self._begin(EndStep.LOG_OUT)
            self._actor.log.info("client.logging_out")
            self._pages.present.call("end", LogOut())

    def leave(self) -> None:
        """Wait for the pages, which were ordered to close."""
        self._begin(EndStep.CLOSE)

    def overdue(self) -> None:
        """Go to the next step, because the pages took too long."""
        if self._step is EndStep.CLOSE:
            self._actor.log.warning("page.not_closed", pages=self._pages.left)
            self._pages.kill()
            self._begin(EndStep.KILL)
        else:
            self._actor.log.error("page.end_not_reported", pages=self._pages.left)
            self._actor.stop()

    def stop_if_alone(self) -> None:
        """End the actor, if it is to end and no page is left."""
        waiting = self.looking or self.connecting or self.logging_out
        if self.order is not None and not waiting and not self._pages.left:
            self._actor.stop()

    def _begin(self, step: EndStep) -> None:
        self._step, self._until = step, self._actor.now() + self._seconds[step]
        self._set_timer(step)

    def _hurry(self, seconds: Seconds) -> None:
        now = self._actor.now()
        self._latest = {step: min(self._latest[step], now + seconds * share) for step, share in SHARES.items()}
        if self._step is not None:
            self._set_timer(self._step)

    def _set_timer(self, step: EndStep) -> None:
        until = min(self._until, self._latest[step])
        self._actor.start_timer("end", max(0.0, until - self._actor.now()), Overdue(step))
