"""The end of a client, once it is ordered: log out where that is wanted and possible, close, and be gone last.

    not ordered ──Close──► LOG_OUT ──► CLOSE ──► KILL ──► given up
                      └────────────────►            (the actor stops as soon as no page is left)

Each step has a deadline. A page that does not close is killed; one that is still there after as long again is given up,
loudly: the browser ends its processes when the service stops. A service that stops leaves all of it only so much time,
of which `SHARES` tells how much may have passed at the end of each step.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING

from actors.clients.protocol import Close

if TYPE_CHECKING:
    from actors.clients.pages import Pages
    from actors.clients.times import Times
    from actors.clients.types import Seconds
    from actors.runtime import Actor


class Step(Enum):
    """What an ending client waits for."""

    LOG_OUT = auto()
    """WhatsApp Web confirms the logout; the client ends without it if need be."""
    CLOSE = auto()
    """The pages close by themselves."""
    KILL = auto()
    """The pages were killed, and say that they are gone."""


SHARES: dict[Step, float] = {Step.LOG_OUT: 1 / 3, Step.CLOSE: 2 / 3, Step.KILL: 0.9}


@dataclass(frozen=True, slots=True)
class Overdue:
    """Timer: this step has taken as long as it may."""

    step: Step


class Ending:
    """Whether and how far one client ends. Runs in the client's thread."""

    def __init__(self, actor: Actor, pages: Pages, times: Times) -> None:
        self._actor, self._pages = actor, pages
        self._seconds = {Step.LOG_OUT: times.log_out, Step.CLOSE: times.close, Step.KILL: times.close}
        self._latest = dict.fromkeys(Step, inf)
        """When each step is over at the latest; and when the present one is, in the actor's time."""
        self._until = inf
        self._step: Step | None = None
        self.order: Close | None = None
        """What was ordered; None while the client is to live."""

    @property
    def logging_out(self) -> bool:
        """Whether the client waits for the logout that is part of its end."""
        return self._step is Step.LOG_OUT

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
            self._begin(Step.LOG_OUT)
            self._actor.log.info("client.logging_out")
            self._pages.present.log_out()

    def leave(self) -> None:
        """The pages have been told to close: wait for them."""
        self._begin(Step.CLOSE)

    def overdue(self) -> None:
        """The pages took too long."""
        if self._step is Step.CLOSE:
            self._actor.log.warning("page.not_closed", pages=self._pages.left)
            self._pages.kill()
            self._begin(Step.KILL)
        else:
            self._actor.log.error("page.never_gone", pages=self._pages.left)
            self._actor.stop()

    def stop_if_alone(self) -> None:
        """End the actor, if it is to end and no page is left."""
        if self.order is not None and not self.logging_out and not self._pages.left:
            self._actor.stop()

    def _begin(self, step: Step) -> None:
        self._step, self._until = step, self._actor.now() + self._seconds[step]
        self._set_timer(step)

    def _hurry(self, seconds: Seconds) -> None:
        now = self._actor.now()
        self._latest = {step: min(self._latest[step], now + seconds * share) for step, share in SHARES.items()}
        if self._step is not None:
            self._set_timer(self._step)

    def _set_timer(self, step: Step) -> None:
        until = min(self._until, self._latest[step])
        self._actor.start_timer("end", max(0.0, until - self._actor.now()), Overdue(step))
