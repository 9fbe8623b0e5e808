"""The timers of one actor: keyed, replaced, cancelled, and never late in a queue.

Only the actor's own thread calls these methods (`earliest` may be read by any), so there is no lock. A timer waits here
and nowhere else until the moment it is delivered: a cancelled or replaced timer is gone, even if it was already due.
(Akka and Pekko, whose timers travel through the mailbox, need a generation for that: `TimerSchedulerImpl.scala`. Here
the entry's identity is the generation.)
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

__all__ = ["Timer", "Timers"]


@dataclass(frozen=True, slots=True)
class Timer:
    """A future message: `due` is in monotonic seconds of the actor's clock."""

    key: Hashable
    due: float
    message: object


class Timers:
    """A set of timers, at most one per key, with the earliest at hand."""

    __slots__ = ("_by_key", "earliest")

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Timer] = {}
        self.earliest: Timer | None = None
        """The next to fire; of several due at one time, the first started."""

    def __iter__(self) -> Iterator[Timer]:
        return iter(list(self._by_key.values()))

    def __len__(self) -> int:
        return len(self._by_key)

    def start(self, key: Hashable, seconds: float, now: float, message: object) -> None:
        """Set the timer of this key, replacing the previous one.

        Raises ValueError unless `seconds` is finite and not negative.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"a timer needs a finite number of seconds, not negative: {seconds!r}")
        self.cancel(key)
        timer = self._by_key[key] = Timer(key, now + seconds, message)
        if self.earliest is None or timer.due < self.earliest.due:
            self.earliest = timer

    def cancel(self, key: Hashable) -> None:
        """Cancel the timer of this key, if it exists."""
        timer = self._by_key.pop(key, None)
        if timer is not None and timer is self.earliest:
            # An actor has a handful of timers: looking through them costs less than keeping a heap free of stale ones.
            self.earliest = min(self._by_key.values(), key=_due, default=None)

    def clear(self) -> None:
        self._by_key.clear()
        self.earliest = None


def _due(timer: Timer) -> float:
    return timer.due
