"""The runtime's source of time.

A clock knows nothing of actors: it gives the time and lets a sleeper (a mailbox) sleep on it. The rest of the runtime
asks the actor's clock and never `time`, so that a test can run hours in milliseconds
(`actors.runtime.testing.ManualClock`).
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock", "Sleeper", "SystemClock"]


class Sleeper(Protocol):
    """A thread that sleeps on a clock: the mailbox of an idle actor."""

    signal: threading.Lock
    """Held while the sleeper sleeps; released once, to wake it."""

    def wake(self) -> None:
        """Wake the sleeper to look at its work again. Any thread."""

    def is_idle(self) -> bool:
        """Return True if the sleeper sleeps and nothing has woken it. Any thread."""

    def accepted(self) -> int:
        """Return the number of messages the sleeper has ever accepted. Any thread."""

    def next_due(self) -> float | None:
        """Return the due time of the sleeper's next timer, in the clock's monotonic seconds; None without timers.

        Any thread.
        """


class Clock(Protocol):
    """The time, and a way to sleep until some time has passed or something happens."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment; they never go back. Any thread."""

    def time(self) -> float:
        """Return the seconds since the Unix epoch, UTC. Any thread."""

    def join(self, sleeper: Sleeper) -> None:
        """Register the sleeper. Called once before its thread starts, in the starter's thread."""

    def wait(self, sleeper: Sleeper, seconds: float | None) -> None:
        """Block the calling thread until the sleeper is woken or `seconds` have passed (None: until woken).

        May return early: the sleeper looks again and comes back.
        """

    def leave(self, sleeper: Sleeper) -> None:
        """Unregister the sleeper. Called once, when it will never sleep again."""


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def join(self, sleeper: Sleeper) -> None:
        pass

    def wait(self, sleeper: Sleeper, seconds: float | None) -> None:
        # A lock spells "for ever" as -1; it refuses more than TIMEOUT_MAX.
        sleeper.signal.acquire(timeout=-1 if seconds is None else min(max(seconds, 0.0), threading.TIMEOUT_MAX))

    def leave(self, sleeper: Sleeper) -> None:
        pass


SYSTEM_CLOCK = SystemClock()
