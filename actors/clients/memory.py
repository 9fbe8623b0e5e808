"""When a client's processes have grown too big. Pure: bytes of PSS over the whole process tree, monotonic seconds.

A page that is opened afresh gives its memory back. Over the limit that is done once, when nothing is on its way; at
one and a half times the limit, at once. A client that needs more than the limit by nature is not restarted all the
time: when quiet, no oftener than `REST`; at once, the delays of reconnection grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from actors.clients.types import Seconds

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
