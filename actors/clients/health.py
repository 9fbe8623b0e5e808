"""The checks of a client: its page answers, its connection carries, and its processes are small enough.

A probe is sent each interval; two in a row without an answer in time mean that the page hangs. This is detected at the
latest `2 × interval + timeout` after the page stopped: a probe answered just before, then two that fail. A page is
probed from its first fact on: until then it is being started, and the start's own patience covers it.

A page that answers may have lost WhatsApp without knowing. While the client is READY, the page regularly queries
WhatsApp's server; a query without an answer makes the client unhealthy, until a query is answered. No action follows:
the page's own handling of a dead connection is visible as such.

A reopened page gives its memory back. Over the limit this is done once, when nothing is being sent; at one and a half
times the limit, at once. A client that needs more than the limit by nature is not restarted all the time: when quiet,
not more often than `REST`; at once, the delays of reconnection grow.
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
"""The unanswered probes in a row that mean a hang."""


@dataclass(frozen=True, slots=True)
class ProbeDue:
    """Timer: send the next probe."""


@dataclass(frozen=True, slots=True)
class ProbeLate:
    """Timer: the probe `token` was not answered in time."""

    token: int


@dataclass(frozen=True, slots=True)
class ServerDue:
    """Timer: query WhatsApp's server."""


class Health:
    """The probes of one client's present page. Runs in the client's thread."""

    def __init__(self, actor: Actor, interval: Seconds, timeout: Seconds, server_interval: Seconds = 0.0) -> None:
        self._actor = actor
        # A probe's deadline comes before the next probe, else no deadline would ever come.
        self._interval, self._timeout = interval, min(timeout, interval)
        self._watching = False
        self._token = 0
        self._misses = 0
        self._server_interval = server_interval
        self._asking = False
        self._asked = 0
        self.silent_since: Seconds | None = None
        """The time since when WhatsApp's server has answered no query, in epoch seconds; None while it answers."""

    @property
    def healthy(self) -> bool:
        """True if page and server answered the last probe and query, or had none yet."""
        return self._misses == 0 and self.silent_since is None

    def connected(self, *, ready: bool) -> None:
        """Query the server while the client is READY, and forget its silence otherwise."""
        if ready and not self._asking and self._server_interval:
            self._asking = True
            self._actor.start_timer("server", self._server_interval, ServerDue())
        elif not ready:
            self._asking, self.silent_since = False, None
            self._actor.cancel_timer("server")

    def ask_server(self, page: Page) -> None:
        """Send a query to the server, and the next after the interval."""
        self._asked += 1
        self._actor.start_timer("server", self._server_interval, ServerDue())
        page.ask_server(self._asked)

    def server_answered(self) -> None:
        """Take an answer of the server: to whichever query, the connection carries."""
        self.silent_since = None

    def server_silent(self, token: int, at: Seconds) -> None:
        """Take the server's silence on the latest query."""
        if token == self._asked and self._asking:
            self.silent_since = self.silent_since or at

    def watch(self) -> None:
        """Probe the page from now on, because it has reported a fact; nothing if already probing."""
        if not self._watching:
            self._watching = True
            self._actor.start_timer("probe", self._interval, ProbeDue())

    def rest(self) -> None:
        """Stop probing: there is no page."""
        self._watching = False
        self._misses = 0
        self._token += 1
        self._actor.cancel_timer("probe")
        self._actor.cancel_timer("probe-late")

    def probe(self, page: Page) -> None:
        """Send a probe and wait for its answer."""
        self._token += 1
        self._actor.start_timer("probe-late", self._timeout, ProbeLate(self._token))
        self._actor.start_timer("probe", self._interval, ProbeDue())
        page.probe(self._token)

    def answered(self, token: int) -> bool:
        """Take an answer; return False for a late one to an older probe, which proves nothing about the present one."""
        if token != self._token:
            return False
        self._actor.cancel_timer("probe-late")
        self._misses = 0
        return True

    def missed(self) -> bool:
        """Count an unanswered probe; return True if the page hangs."""
        self._misses += 1
        return self._misses >= MISSES


URGENT = 1.5
"""The multiple of the limit that is too much to wait for a quiet moment."""
REST: Seconds = 3600.0
"""The least time between planned restarts of one client for its memory."""


class Verdict(Enum):
    """The action for a tree of a given size."""

    NOTHING = auto()
    RESTART = auto()


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """The memory limit: `limit` in bytes, 0 for none; `planned_at` is when a restart was last planned."""

    limit: int = 0
    planned_at: Seconds | None = None

    def judge(self, pss: int | None, now: Seconds, *, quiet: bool) -> Verdict:
        """Return the action for a tree of this size."""
        if not self.limit or pss is None or pss <= self.limit:
            return Verdict.NOTHING
        if pss >= URGENT * self.limit:
            return Verdict.RESTART
        rested = self.planned_at is None or now - self.planned_at >= REST
        return Verdict.RESTART if quiet and rested else Verdict.NOTHING

    def restarted(self, now: Seconds) -> MemoryLimit:
        """Record that a restart was ordered now."""
        return MemoryLimit(self.limit, now)

    def text(self, pss: int) -> str:
        """Return the sentence of the reason."""
        return f"The browser's processes hold {pss / 2**20:.0f} MiB; SM_CLIENT_MEMORY is {self.limit / 2**20:.0f} MiB"
