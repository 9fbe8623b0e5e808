"""The pages of a client: the one it listens to, those it has let go of, and how far its end has come.

A page that was let go is not heard any more, but remembered until it says that no process of it is left: a client is
never gone before its processes are. What an old page still says is told apart by its `Generation`.

    not ordered ──Close──► LOG_OUT ──► CLOSE ──► KILL ──► given up
                      └────────────────►            (the actor stops as soon as no page is left)

Each step of an end has a deadline. A page that does not close is killed; one that is still there after as long again is
given up, loudly: the browser ends its processes when the service stops. A service that stops leaves all of it only so
much time, of which `SHARES` tells how much may have passed at the end of each step.
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
        """Open a new page, and listen to it from now on."""
        self._generation = Generation(self._generation + 1)
        self.present = self._browser.open(self._client_id, _listener(self._owner, self._generation))

    def hears(self, envelope: FromPage) -> bool:
        """Whether this is to be listened to: only the present page is. Of an older one only its end matters."""
        present = self.present is not None and envelope.generation == self._generation
        if isinstance(envelope.fact, BrowserGone):
            self._leaving.pop(envelope.generation, None)
            if present:
                self.present = None
        return present

    def leave(self, *, graceless: bool = False) -> None:
        """Let go of the present page: have it close, or killed where it would not hear a polite request."""
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
        """How many pages may still have processes."""
        return len(self._leaving) + (self.present is not None)


def _listener(owner: ActorRef[Any], generation: Generation) -> Tell:
    def listen(fact: PageFact) -> None:
        with suppress(ActorDeadError):  # the page of an actor that crashed still says that it is gone
            owner.tell(FromPage(generation, fact))

    return listen


class EndStep(Enum):
    """What an ending client waits for."""

    LOG_OUT = auto()
    """WhatsApp Web confirms the logout; the client ends without it if need be."""
    CLOSE = auto()
    """The pages close by themselves."""
    KILL = auto()
    """The pages were killed, and say that they are gone."""


SHARES: dict[EndStep, float] = {EndStep.LOG_OUT: 1 / 3, EndStep.CLOSE: 2 / 3, EndStep.KILL: 0.9}


@dataclass(frozen=True, slots=True)
class Overdue:
    """Timer: this step has taken as long as it may."""

    step: EndStep


class Ending:
    """Whether and how far one client ends. Runs in the client's thread."""

    def __init__(self, actor: Actor, pages: Pages, times: Times) -> None:
        self._actor, self._pages = actor, pages
        self._seconds = {EndStep.LOG_OUT: times.log_out, EndStep.CLOSE: times.close, EndStep.KILL: times.close}
        self._latest = dict.fromkeys(EndStep, inf)
        """When each step is over at the latest; and when the present one is, in the actor's time."""
        self._until = inf
        self._step: EndStep | None = None
        self.order: Close | None = None
        """What was ordered; None while the client is to live."""

    @property
    def logging_out(self) -> bool:
        """Whether the client waits for the logout that is part of its end."""
        return self._step is EndStep.LOG_OUT

    def take(self, order: Close) -> bool:
        """Whether this is the order that begins the end; a later one can only add to it."""
        if order.within is not None:
            self._hurry(order.within)
        first, before = self.order is None, self.order or order
        self.order = Close(forget=before.forget or order.forget)
        return first

    def log_out(self) -> None:
        """Have the present page log out first; `logging_out` until it did, or went, or took too long."""
        if self._pages.present is not None:
            self._begin(EndStep.LOG_OUT)
            self._actor.log.info("client.logging_out")
            self._pages.present.call("end", LogOut())

    def leave(self) -> None:
        """The pages have been told to close: wait for them."""
        self._begin(EndStep.CLOSE)

    def overdue(self) -> None:
        """The pages took too long."""
        if self._step is EndStep.CLOSE:
            self._actor.log.warning("page.not_closed", pages=self._pages.left)
            self._pages.kill()
            self._begin(EndStep.KILL)
        else:
            self._actor.log.error("page.never_gone", pages=self._pages.left)
            self._actor.stop()

    def stop_if_alone(self) -> None:
        """End the actor, if it is to end and no page is left."""
        if self.order is not None and not self.logging_out and not self._pages.left:
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
