"""One rate: so many in so long, exactly, for each of whoever it is counted by; and what is told of it beyond.

Header names and their meaning: draft-ietf-httpapi-ratelimit-headers-06.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.strategies import MovingWindowRateLimiter

from actors.clients.types import Seconds
from gateway.admission.windows import KEPT, Windows


class RateLimited(Exception):
    """Too often; `standing` says when again."""

    def __init__(self, what: str, standing: Standing) -> None:
        super().__init__(f"Too many {what}: at most {standing.limit} in {standing.window} s")
        self.standing = standing


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one caller stands with one rate. `window` and `reset` are whole seconds."""

    limit: int
    window: int
    remaining: int
    reset: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The standing as response headers."""
        return {
            "RateLimit-Policy": f"{self.limit};w={self.window}",
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class Rate:
    """One rate, as a setting gives it ("5/minute"; "0" for none), kept for each of whoever it is counted by.

    Of more than `kept` of these, the ones longest unused are forgotten.
    """

    def __init__(
        self, what: str, rate: str, clock: Callable[[], Seconds] = time.monotonic, *, kept: int = KEPT
    ) -> None:
        self._what = what
        self._item: RateLimitItem | None = None if rate == "0" else parse(rate)
        self._windows = Windows(clock, kept)
        self._limiter = MovingWindowRateLimiter(self._windows)

    def __bool__(self) -> bool:
        """Whether there is a limit at all."""
        return self._item is not None

    def hit(self, who: str) -> None:
        """Count one, or raise RateLimited."""
        if self._item is not None and not self._limiter.hit(self._item, who):
            raise self.refusal(who)

    def count(self, who: str) -> None:
        """Count one that has happened already."""
        if self._item is not None:
            self._limiter.hit(self._item, who)

    def left(self, who: str) -> float:
        """How many more there may be now."""
        if self._item is None:
            return math.inf
        return int(self._limiter.get_window_stats(self._item, who).remaining)

    def refusal(self, who: str) -> RateLimited:
        """What to raise where nothing is left."""
        assert self._item is not None
        stats = self._limiter.get_window_stats(self._item, who)
        reset = max(1, math.ceil(stats.reset_time - self._windows.now()))
        return RateLimited(self._what, Standing(self._item.amount, self._item.get_expiry(), stats.remaining, reset))
