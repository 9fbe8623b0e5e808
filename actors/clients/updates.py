"""The planned reloads of a page for an update of WhatsApp Web, timed so that they cost a healthy client nothing.

WhatsApp Web asks for a soft update with a banner and goes on working: 3 days after a page was loaded, or when its
server orders it (seen in its release 2.3000.1044822804). Such a page is reloaded within a time that the operator sets.
The first half of it staggers the clients, which all ask at once if they were started together: each has a moment of its
own, derived from its number. From then on the first quiet moment is used: nothing is being sent, and no message or call
was reported for a while. Once the time is over, any moment in which nothing is being sent.

For a hard update the page reloads itself, with further steps of its own. So it is left to the page, and ordered only if
it has not begun `ITSELF` seconds later. A hard update right after another is not repeated: WhatsApp does not accept the
page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.clients.types import ClientId, Seconds

if TYPE_CHECKING:
    from actors.runtime import Actor

STAGGER = 0.5
"""The share of the time over which clients are spread."""
LOOKS: Seconds = 60.0
"""The time between two checks for a quiet moment; at most a tenth of the given time."""
HURRIED: Seconds = 1.0
"""The same once the time is over."""
ITSELF: Seconds = 5.0
HARD_REST: Seconds = 600.0
"""A hard update this soon after another has not helped."""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class UpdateDue:
    """Timer: check for the moment of a soft update."""


@dataclass(frozen=True, slots=True)
class UpdateLate:
    """Timer: the page has not reloaded itself for a hard update."""


def stagger(client_id: ClientId) -> float:
    """Return a client's place in the spread, in [0, 1): neighbouring numbers are far apart, and the place never
    changes.
    """
    return client_id * _GOLDEN % 1.0


class Updates:
    """The planned updates of one client's page. Runs in the client's thread."""

    def __init__(self, actor: Actor, client_id: ClientId, within: Seconds, quiet: Seconds) -> None:
        self._actor, self._within, self._quiet = actor, within, quiet
        self._first = stagger(client_id) * within * STAGGER
        self._until: Seconds | None = None
        """The end of the time for a soft update, in the actor's time; None while no update is wanted."""
        self._hard_at: Seconds | None = None
        self._soft_at: Seconds | None = None
        self._heard_at: Seconds | None = None

    def traffic(self) -> None:
        """Record that a message or a call was sent or received."""
        self._heard_at = self._actor.now()

    def wanted(self) -> None:
        """Record that the page asks for a soft update.

        If an update did not end the asking, the next waits its time too.
        """
        if self._until is not None:
            return
        now = self._actor.now()
        rest = 0.0 if self._soft_at is None else max(0.0, self._soft_at + self._within - now)
        self._until = now + rest + self._within
        self._actor.start_timer("update", rest + self._first, UpdateDue())

    def is_moment(self, *, free: bool) -> bool:
        """Return True if the page is to be reloaded now; else it checks again. `free`: nothing is being sent."""
        if self._until is None:
            return False
        now = self._actor.now()
        over = now >= self._until
        silent = self._heard_at is None or now - self._heard_at >= self._quiet
        if free and (silent or over):
            self._soft_at = now
            return True
        again = min(LOOKS, self._within / 10)
        self._actor.start_timer("update", HURRIED if over else min(again, self._until - now), UpdateDue())
        return False

    def insisted(self) -> bool:
        """Record that the page is about to reload itself for a hard update.

        False: so soon after the last, it is useless.
        """
        now = self._actor.now()
        again = self._hard_at is not None and now - self._hard_at < HARD_REST
        self._hard_at = now
        self.rest()
        if not again:
            self._actor.start_timer("update-itself", ITSELF, UpdateLate())
        return not again

    def rest(self) -> None:
        """Forget the wishes of the previous page."""
        self._until = None
        self._actor.cancel_timer("update")
        self._actor.cancel_timer("update-itself")
