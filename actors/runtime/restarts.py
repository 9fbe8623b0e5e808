"""Budgets of attempts, and the delays between attempts.

Pure arithmetic: times and random numbers are arguments, so that tests run hours in microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

__all__ = ["Backoff", "Budget", "BudgetExhausted"]


class BudgetExhausted(Exception):
    """The budget's attempts are all spent."""

    def __init__(self, budget: Budget) -> None:
        within = "in a row" if budget.window is None else f"within {budget.window:g} s"
        super().__init__(f"No attempt is left: the budget is {budget.limit} {within}")
        self.budget = budget


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing delays: `first` seconds, then `factor` times more for each attempt, never above `cap` seconds.

    `jitter` is the share of a delay that chance may take away, so that processes that failed together do not try again
    together. While `factor * (1 - jitter) >= 1`, delays always grow.
    """

    first: float = 1.0
    cap: float = 60.0
    factor: float = 2.0
    jitter: float = 0.25

    def __post_init__(self) -> None:
        if not (0 < self.first <= self.cap < math.inf and 1 <= self.factor < math.inf and 0 <= self.jitter <= 1):
            raise ValueError(
                f"impossible backoff: {self}: 0 < first <= cap, factor >= 1 and 0 <= jitter <= 1 are needed"
            )

    def delay(self, attempt: int, random: Callable[[], float]) -> float:
        """Return the delay before attempt number `attempt` (the first is 1), in seconds. `random` gives numbers from 0
        up to 1.

        Raises ValueError for an attempt below 1.
        """
        if attempt < 1:
            raise ValueError(f"attempts are counted from 1, not {attempt}")
        return self._whole(attempt) * (1 - self.jitter * random())

    def _whole(self, attempt: int) -> float:
        try:
            return min(self.cap, self.first * self.factor ** (attempt - 1))
        except OverflowError:
            return self.cap


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit` attempts: in a row (until `reset`) with `window` None, else within any `window` seconds.

    A value: spending and resetting return a new budget.
    """

    limit: int
    window: float | None = None
    spent_at: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.limit < 0 or (self.window is not None and not self.window > 0):
            raise ValueError(f"impossible budget: {self}: limit >= 0 and window > 0 (or None) are needed")

    def spend(self, now: float) -> Budget:
        """Return the budget after one more attempt at `now` (seconds of any clock, always the same).

        Raises BudgetExhausted if none is left.
        """
        still = self._counting(now)
        if len(still) >= self.limit:
            raise BudgetExhausted(self)
        return replace(self, spent_at=(*still, now))

    def left(self, now: float) -> int:
        """Return the number of attempts left at `now`."""
        return self.limit - len(self._counting(now))

    def spent(self, now: float) -> int:
        """Return the number of attempts that count against the limit at `now`."""
        return len(self._counting(now))

    def _counting(self, now: float) -> tuple[float, ...]:
        if self.window is None:
            return self.spent_at
        return tuple(at for at in self.spent_at if now - at < self.window)
