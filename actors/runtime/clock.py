"""Where the runtime's time comes from.

Rule of this file: nothing here knows actors. A clock tells the time and lets a sleeper (a mailbox) sleep on it;
everything else in the runtime asks the actor's clock and never `time`, so that a test can run hours in milliseconds
(`actors.runtime.testing.ManualClock`).
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock", "Sleeper", "SystemClock"]


class Sleeper(Protocol):
    """What sleeps on a clock: a mailbox whose actor has nothing to do."""

    signal: threading.Lock
    """Held while the sleeper sleeps; released, once, by whoever wakes it."""

    def wake(self) -> None:
        """Make the sleeper look again at what it has to do. Any thread."""

    def is_idle(self) -> bool:
        """Whether the sleeper sleeps and nobody has woken it. Any thread."""

    def accepted(self) -> int:
        """How many messages the sleeper has ever taken in. Any thread."""

    def next_due(self) -> float | None:
        """When the sleeper's next timer is due, in the clock's monotonic seconds; None without timers. Any thread."""


class Clock(Protocol):
    """The time, and a way to sleep until it has passed or something happens."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. Any thread."""

    def time(self) -> float:
        """Seconds since the Unix epoch, UTC. Any thread."""

    def join(self, sleeper: Sleeper) -> None:
        """Called once before the sleeper's thread starts, in the starter's thread."""

    def wait(self, sleeper: Sleeper, seconds: float | None) -> None:
        """Block the calling thread until the sleeper is woken or `seconds` have passed (None: until woken).

        May return early: the sleeper looks again and comes back.
        """

    def leave(self, sleeper: Sleeper) -> None:
        """Called once when the sleeper will never sleep again."""


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def join(self, sleeper: Sleeper) -> None:
        pass

    def wait(self, sleeper: Sleeper, seconds: float | None) -> None:
        # -1 is how a lock spells "for ever"; more than TIMEOUT_MAX it refuses.
        sleeper.signal.acquire(timeout=-1 if seconds is None else min(max(seconds, 0.0), threading.TIMEOUT_MAX))

    def leave(self, sleeper: Sleeper) -> None:
        pass


SYSTEM_CLOCK = SystemClock()
