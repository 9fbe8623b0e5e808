"""The end of a client, once it is ordered: log out where that is wanted and possible, close, and be gone last.

    not ordered ──Close──► logging out ──► leaving ──► (no page is left) ──► the actor stops
                      └──────────────────►

Each step has a deadline. A page that does not close is killed; one that is still there after as long again is given up,
loudly: the browser ends its processes when the service stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.clients.protocol import Close

if TYPE_CHECKING:
    from actors.clients.pages import Pages
    from actors.clients.types import Seconds
    from actors.runtime import Actor


@dataclass(frozen=True, slots=True)
class CloseLate:
    """Timer: a page that was told to close is still there. First it is killed, then given up."""

    killed: bool


@dataclass(frozen=True, slots=True)
class LogOutLate:
    """Timer: WhatsApp Web has not confirmed the logout of a client that ends; it ends without."""


class Ending:
    """Whether and how far one client ends. Runs in the client's thread."""

    def __init__(self, actor: Actor, pages: Pages, *, log_out: Seconds, close: Seconds) -> None:
        self._actor, self._pages = actor, pages
        self._log_out, self._close = log_out, close
        self.order: Close | None = None
        """What was ordered; None while the client is to live."""
        self.logging_out = False

    def log_out(self) -> None:
        """Have the present page log out first; `logging_out` until it did, or went, or took too long."""
        if self._pages.present is not None:
            self.logging_out = True
            self._actor.start_timer("last-log-out", self._log_out, LogOutLate())
            self._pages.present.log_out()

    def leave(self) -> None:
        """The pages have been told to close: wait for them."""
        self.logging_out = False
        self._actor.cancel_timer("last-log-out")
        self._actor.start_timer("close", self._close, CloseLate(killed=False))

    def late(self, late: CloseLate) -> None:
        """The pages took too long."""
        if late.killed:
            self._actor.log.error("page.never_gone", pages=self._pages.left)
            self._actor.stop()
        else:
            self._pages.kill()
            self._actor.start_timer("close", self._close, CloseLate(killed=True))

    def stop_if_alone(self) -> None:
        """End the actor, if it is to end and no page is left."""
        if self.order is not None and not self.logging_out and not self._pages.left:
            self._actor.stop()
