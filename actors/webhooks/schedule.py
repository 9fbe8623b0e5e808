"""The step after an attempt: delivered, tried again after a delay, or given up as a dead letter.

Pure; times and random numbers are arguments. Every event has a budget of attempts. So that the events behind a dead
target drain, a target that has only failed for `give_up_after` has one attempt for each event, and no second, until one
succeeds.

Of the statuses, 4xx except 408, 425 and 429 mean that repeating the same request is no use. A redirect is not followed,
and may be a maintenance page: it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import isfinite

from tenacity import RetryCallState, Retrying, wait_exponential, wait_fixed, wait_incrementing
from tenacity.wait import wait_base

__all__ = ["DeadLetter", "Delivered", "Growth", "HttpAnswer", "Outcome", "Retry", "RetryPolicy", "Unanswered", "decide"]

RETRYABLE_4XX = frozenset({408, 425, 429})


class Growth(StrEnum):
    """The growth of delays from attempt to attempt."""

    CONSTANT = "constant"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The budget of one event: `attempts` in all, within `give_up_after` seconds after its cursor's first failure.

    Delays begin with `delay` seconds, grow by `growth`, never above `cap`; chance takes up to the share `jitter` away.
    A target's own Retry-After counts if it is longer, up to `retry_after_cap` seconds.
    """

    growth: Growth = Growth.EXPONENTIAL
    delay: float = 2.0
    attempts: int = 15
    cap: float = 900.0
    jitter: float = 0.25
    give_up_after: float = 24 * 3600.0
    retry_after_cap: float = 3600.0

    def __post_init__(self) -> None:
        bounds = (self.delay, self.cap, self.give_up_after, self.retry_after_cap)
        if not (self.attempts >= 1 and all(isfinite(b) and b >= 0 for b in bounds) and 0 <= self.jitter <= 1):
            raise ValueError(f"impossible retry policy: {self}")

    def wait(self, attempt: int, random: Callable[[], float]) -> float:
        """Return the seconds between attempt number `attempt` (from 1), which failed, and the next."""
        state = RetryCallState(_NEVER_RUN, None, (), {})
        state.attempt_number = attempt
        whole = min(self.cap, float(_WAITS[self.growth](self)(state)))
        return whole * (1 - self.jitter * random())


_NEVER_RUN = Retrying()
"""tenacity's strategies take the state of a retrying call; here attempts are only counted, and span restarts."""

_WAITS: dict[Growth, Callable[[RetryPolicy], wait_base]] = {
    Growth.CONSTANT: lambda policy: wait_fixed(policy.delay),
    Growth.LINEAR: lambda policy: wait_incrementing(start=policy.delay, increment=policy.delay, max=policy.cap),
    Growth.EXPONENTIAL: lambda policy: wait_exponential(multiplier=policy.delay, max=policy.cap),
}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The target answered with a status; `retry_after` is its header, unchanged."""

    status: int
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer. `final` if trying again is no use; `slow` if it cost nearly the whole timeout."""

    why: str
    final: bool = False
    slow: bool = False


Outcome = HttpAnswer | Unanswered


@dataclass(frozen=True, slots=True)
class Delivered:
    """The target has the event."""

    status: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after `delay` seconds."""

    delay: float
    why: str
    status: int | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Give the event up; only a replay tries again.

    `final`: because of the target's answer, not because a budget was spent.
    """

    why: str
    status: int | None
    final: bool = False


def decide(
    policy: RetryPolicy, outcome: Outcome, *, attempt: int, failing: float, now: float, random: Callable[[], float]
) -> Delivered | Retry | DeadLetter:
    """Return the step after attempt number `attempt` (from 1), if nothing has succeeded for `failing` seconds.

    `now` is in epoch seconds.
    """
    status = outcome.status if isinstance(outcome, HttpAnswer) else None
    if status is not None and 200 <= status < 300:
        return Delivered(status)
    why = outcome.why if isinstance(outcome, Unanswered) else f"The target answered {status}"
    if _is_final(outcome):
        return DeadLetter(why, status, final=True)
    if attempt >= policy.attempts:
        return DeadLetter(f"{why}; given up after attempt {attempt}", status)
    delay = max(policy.wait(attempt, random), _asked_for(outcome, policy, now))
    if failing + delay > policy.give_up_after:
        return DeadLetter(f"{why}; the target has failed for too long for another attempt", status)
    return Retry(delay, why, status)


def _is_final(outcome: Outcome) -> bool:
    if isinstance(outcome, Unanswered):
        return outcome.final
    return 400 <= outcome.status < 500 and outcome.status not in RETRYABLE_4XX


def _asked_for(outcome: Outcome, policy: RetryPolicy, now: float) -> float:
    text = outcome.retry_after if isinstance(outcome, HttpAnswer) else None
    return 0.0 if text is None else min(retry_after_seconds(text, now), policy.retry_after_cap)


def retry_after_seconds(text: str, now: float) -> float:
    """Return the delay of a Retry-After header (RFC 9110, 10.2.3: seconds or a date); 0.0 if it is invalid."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return 0.0
    at = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.fromtimestamp(now, UTC)).total_seconds())
