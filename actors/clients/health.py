"""Is the page alive, does its connection carry, and are its processes small enough?

One probe each interval; two that are not answered in time, in a row, mean that the page hangs. Noticed at the latest
`2 × interval + timeout` after the page stopped: a probe answered just before, then two that fail. A page is probed from
its first fact on: until then it is being started, and the start's own patience covers it.

A page that turns may have lost WhatsApp and not know. While the client is READY, WhatsApp's server is asked from time
to time, through the page; a question it does not answer makes the client unhealthy, until it answers one. Nothing is
done about it: what the page itself does about a dead connection is seen as such.

A page that is opened afresh gives its memory back. Over the limit that is done once, when nothing is on its way; at
one and a half times the limit, at once. A client that needs more than the limit by nature is not restarted all the
time: when quiet, no oftener than `REST`; at once, the delays of reconnection grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from actors.clients.types import Seconds

if TYPE_CHECKING:
    from actors.clients.ports import Page
    from actors.runtime import Actor


MISSES = 2
"""Unanswered probes in a row that mean a hang."""


@dataclass(frozen=True, slots=True)
class ProbeDue:
    """Timer: send the next probe."""


@dataclass(frozen=True, slots=True)
class ProbeLate:
    """Timer: the probe `token` was not answered in time."""

    token: int


@dataclass(frozen=True, slots=True)
class ServerDue:
    """Timer: ask WhatsApp's server."""


class Health:
    """The probes of one client's present page. Runs in the client's thread."""

    def __init__(self, actor: Actor, interval: Seconds, timeout: Seconds, server_interval: Seconds = 0.0) -> None:
        self._actor = actor
        # A probe is late before the next one is due, else none would ever be.
        self._interval, self._timeout = interval, min(timeout, interval)
        self._watching = False
        self._token = 0
        self._misses = 0
        self._server_interval = server_interval
        self._asking = False
        self._asked = 0
        self.silent_since: Seconds | None = None
        """Since when WhatsApp's server has answered no question, in epoch seconds; None while it answers."""

    @property
    def healthy(self) -> bool:
        """Whether page and server have answered what they were asked last, or were asked nothing yet."""
        return self._misses == 0 and self.silent_since is None

    def connected(self, *, ready: bool) -> None:
        """Ask the server while the client is READY, and forget its silence else."""
        if ready and not self._asking and self._server_interval:
            self._asking = True
            self._actor.start_timer("server", self._server_interval, ServerDue())
        elif not ready:
            self._asking, self.silent_since = False, None
            self._actor.cancel_timer("server")

    def ask_server(self, page: Page) -> None:
        """Put one question to the server, and the next one after the interval."""
        self._asked += 1
        self._actor.start_timer("server", self._server_interval, ServerDue())
        page.ask_server(self._asked)

    def server_answered(self) -> None:
        """It has answered: whichever question it was, the connection carries."""
        self.silent_since = None

    def server_silent(self, token: int, at: Seconds) -> None:
        """It has not answered the latest question in time."""
        if token == self._asked and self._asking:
            self.silent_since = self.silent_since or at

    def watch(self) -> None:
        """The page has spoken: probe it from now on, unless that is being done."""
        if not self._watching:
            self._watching = True
            self._actor.start_timer("probe", self._interval, ProbeDue())

    def rest(self) -> None:
        """There is no page to probe."""
        self._watching = False
        self._misses = 0
        self._token += 1
        self._actor.cancel_timer("probe")
        self._actor.cancel_timer("probe-late")

    def probe(self, page: Page) -> None:
        """Send one probe and wait for its answer."""
        self._token += 1
        self._actor.start_timer("probe-late", self._timeout, ProbeLate(self._token))
        self._actor.start_timer("probe", self._interval, ProbeDue())
        page.probe(self._token)

    def answered(self, token: int) -> None:
        """The page has answered; a late answer to an older probe proves nothing about the present one."""
        if token == self._token:
            self._actor.cancel_timer("probe-late")
            self._misses = 0

    def missed(self) -> bool:
        """Count one unanswered probe. Answers whether that makes it a hang."""
        self._misses += 1
        return self._misses >= MISSES


URGENT = 1.5
"""As many times the limit is too much to wait for a quiet moment."""
REST: Seconds = 3600.0
"""Planned restarts of one client for its memory are this far apart."""


class Verdict(Enum):
    """What is to be done."""

    NOTHING = auto()
    RESTART = auto()


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """`limit` in bytes, 0 for none; `planned_at` is when a restart was last planned."""

    limit: int = 0
    planned_at: Seconds | None = None

    def judge(self, pss: int | None, now: Seconds, *, quiet: bool) -> Verdict:
        """What to do about a tree of this size."""
        if not self.limit or pss is None or pss <= self.limit:
            return Verdict.NOTHING
        if pss >= URGENT * self.limit:
            return Verdict.RESTART
        rested = self.planned_at is None or now - self.planned_at >= REST
        return Verdict.RESTART if quiet and rested else Verdict.NOTHING

    def restarted(self, now: Seconds) -> MemoryLimit:
        """A restart was ordered now."""
        return MemoryLimit(self.limit, now)

    def text(self, pss: int) -> str:
        """The sentence that says why."""
        return f"The browser's processes hold {pss / 2**20:.0f} MiB; SM_CLIENT_MEMORY is {self.limit / 2**20:.0f} MiB"
