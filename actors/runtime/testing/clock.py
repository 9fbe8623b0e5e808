"""A clock that moves only when a test moves it.

`advance` stops at every moment at which a timer is due, in order, and there waits until every actor on this clock has
finished its work. So the state after `advance` does not depend on scheduling.
"""

from __future__ import annotations

import threading
import time

from actors.runtime.clock import Sleeper

__all__ = ["ManualClock", "NotSettled"]


class NotSettled(AssertionError):
    """Actors on the clock were still busy after the (real) seconds granted."""


class ManualClock:
    """A Clock for tests: `MyActor.start(…, clock=ManualClock())`. It starts at 0.0, when `time()` is `epoch`."""

    def __init__(self, epoch: float = 1_767_225_600.0) -> None:  # 2026-01-01T00:00:00Z
        self._epoch = epoch
        self._now = 0.0
        self._sleepers: list[Sleeper] = []
        self._changed = threading.Condition()

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self._epoch + self._now

    def advance(self, seconds: float, *, timeout: float = 10.0) -> None:
        """Let `seconds` pass: timers fire in order, each handled with its consequences before time moves on.

        Call it from the test's thread. Raises NotSettled if actors stay busy for `timeout` real seconds, and ValueError
        for negative seconds.
        """
        if not seconds >= 0:
            raise ValueError(f"time does not go back: {seconds!r}")
        deadline = time.monotonic() + timeout
        end = self._now + seconds
        self._settle(deadline)
        while (due := self._next_due()) is not None and due <= end:
            self._move_to(max(due, self._now))
            self._settle(deadline)
        self._move_to(end)
        self._settle(deadline)

    def set_by(self, seconds: float) -> None:
        """Set the host's clock forward or back: `time()` changes, `monotonic()` and the timers do not."""
        self._epoch += seconds

    def settle(self, *, timeout: float = 10.0) -> None:
        """Wait until every actor on this clock sleeps with an empty mailbox.

        Threads that are not actors are not waited for. Raises NotSettled after `timeout` real seconds.
        """
        self._settle(time.monotonic() + timeout)

    # For mailboxes (clock.Clock).

    def join(self, sleeper: Sleeper) -> None:
        with self._changed:
            self._sleepers.append(sleeper)

    def leave(self, sleeper: Sleeper) -> None:
        with self._changed:
            self._sleepers.remove(sleeper)
            self._changed.notify_all()

    def wait(self, sleeper: Sleeper, seconds: float | None) -> None:
        if seconds is not None and seconds <= 0:
            return
        with self._changed:
            self._changed.notify_all()
        sleeper.signal.acquire()

    # Implementation.

    def _move_to(self, now: float) -> None:
        with self._changed:
            self._now = now
            sleepers = list(self._sleepers)
        for sleeper in sleepers:
            sleeper.wake()

    def _next_due(self) -> float | None:
        with self._changed:
            dues = [due for sleeper in self._sleepers if (due := sleeper.next_due()) is not None]
        return min(dues, default=None)

    def _settle(self, deadline: float) -> None:
        with self._changed:
            while not self._is_settled():
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise NotSettled(f"still busy: {[str(s) for s in self._sleepers if not s.is_idle()]}")
                self._changed.wait(remaining)

    def _is_settled(self) -> bool:
        # All idle, looked at in turn, does not mean all idle at once: an actor seen idle may have received a message
        # from an actor looked at later. If no mailbox accepted anything meanwhile, all are idle.
        before = [sleeper.accepted() for sleeper in self._sleepers]
        if not all(sleeper.is_idle() for sleeper in self._sleepers):
            return False
        return before == [sleeper.accepted() for sleeper in self._sleepers]
