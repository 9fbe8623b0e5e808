"""What follows an attempt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.webhooks.schedule import (
    DeadLetter,
    Delivered,
    Growth,
    HttpAnswer,
    Outcome,
    Retry,
    RetryPolicy,
    Unanswered,
    decide,
    retry_after_seconds,
)

PLAIN = RetryPolicy(Growth.EXPONENTIAL, delay=2.0, attempts=5, cap=10.0, jitter=0.0)
NOW = 1_767_225_600.0  # Thu, 01 Jan 2026 00:00:00 GMT


def after(outcome: Outcome, policy: RetryPolicy = PLAIN, **given_: float) -> Delivered | Retry | DeadLetter:
    facts = {"attempt": 1, "failing": 0.0, **given_}
    attempt, failing = int(facts["attempt"]), facts["failing"]
    return decide(policy, outcome, attempt=attempt, failing=failing, now=NOW, random=lambda: 0.5)


def delay(outcome: Outcome, policy: RetryPolicy = PLAIN) -> float:
    decision = after(outcome, policy)
    assert isinstance(decision, Retry)
    return decision.delay


@pytest.mark.parametrize(
    ("growth", "delays"),
    [
        (Growth.CONSTANT, [2.0, 2.0, 2.0, 2.0, 2.0]),
        (Growth.LINEAR, [2.0, 4.0, 6.0, 8.0, 10.0, 10.0]),
        (Growth.EXPONENTIAL, [2.0, 4.0, 8.0, 10.0, 10.0]),
    ],
)
def test_delays_grow_as_the_policy_says_up_to_the_cap(growth: Growth, delays: list[float]) -> None:
    policy = RetryPolicy(growth, delay=2.0, cap=10.0, jitter=0.0)
    assert [policy.wait(attempt, lambda: 0.0) for attempt in range(1, len(delays) + 1)] == delays


def test_every_status_is_decided() -> None:
    for status in range(100, 600):
        decision = after(HttpAnswer(status))
        if 200 <= status < 300:
            assert decision == Delivered(status)
        elif 400 <= status < 500 and status not in (408, 425, 429):
            assert decision == DeadLetter(f"The target answered {status}", status, final=True)
        else:
            assert decision == Retry(2.0, f"The target answered {status}", status)


def test_without_an_answer_it_is_tried_again_unless_that_is_no_use() -> None:
    assert after(Unanswered("gone", slow=True)) == Retry(2.0, "gone", None)
    assert after(Unanswered("refused", final=True)) == DeadLetter("refused", None, final=True)


def test_the_last_attempt_of_the_budget_is_the_last() -> None:
    assert isinstance(after(HttpAnswer(500), attempt=4), Retry)
    assert after(HttpAnswer(500), attempt=5) == DeadLetter("The target answered 500; given up after attempt 5", 500)
    assert after(HttpAnswer(200), attempt=99) == Delivered(200)


def test_where_a_target_has_failed_for_too_long_nothing_is_tried_again() -> None:
    policy = RetryPolicy(Growth.CONSTANT, delay=10.0, give_up_after=100.0, jitter=0.0)
    assert isinstance(after(HttpAnswer(500), policy, failing=90.0), Retry)
    assert isinstance(after(HttpAnswer(500), policy, failing=90.1), DeadLetter)
    assert isinstance(after(HttpAnswer(200), policy, failing=1e9), Delivered)


def test_a_target_may_ask_for_a_longer_delay_but_not_for_a_shorter_one_nor_for_ever() -> None:
    policy = RetryPolicy(Growth.CONSTANT, delay=10.0, jitter=0.0, retry_after_cap=600.0)
    assert delay(HttpAnswer(429, "60"), policy) == 60.0
    assert delay(HttpAnswer(503, "1"), policy) == 10.0
    assert delay(HttpAnswer(503, "9" * 40), policy) == 600.0
    assert delay(HttpAnswer(503, "Thu, 01 Jan 2026 00:02:00 GMT"), policy) == 120.0
    assert delay(HttpAnswer(503, "Thu, 01 Jan 1970 00:00:00 GMT"), policy) == 10.0


@given(text=st.text(max_size=40), now=st.floats(0, 2e9))
def test_no_retry_after_breaks_anything(text: str, now: float) -> None:
    assert 0.0 <= retry_after_seconds(text, now) < 1e12


POLICIES = st.builds(
    RetryPolicy,
    growth=st.sampled_from(Growth),
    delay=st.floats(0.001, 1000),
    attempts=st.integers(1, 30),
    cap=st.floats(0.001, 5000),
    jitter=st.floats(0, 1),
    give_up_after=st.floats(0, 1e6),
    retry_after_cap=st.floats(0, 1e4),
)
FAILURES = st.one_of(
    st.builds(HttpAnswer, st.integers(100, 599), st.one_of(st.none(), st.text(max_size=20), st.just("30"))),
    st.builds(Unanswered, st.text(max_size=5), st.booleans(), st.booleans()),
)


@given(policy=POLICIES, outcomes=st.lists(FAILURES, min_size=40, max_size=40), chance=st.floats(0, 1, exclude_max=True))
def test_every_event_is_settled_within_its_budget_whatever_the_target_does(
    policy: RetryPolicy, outcomes: list[Outcome], chance: float
) -> None:
    failing = 0.0
    for attempt, outcome in enumerate(outcomes, start=1):
        decision = decide(policy, outcome, attempt=attempt, failing=failing, now=NOW + failing, random=lambda: chance)
        if not isinstance(decision, Retry):
            return
        assert attempt < policy.attempts
        assert 0.0 <= decision.delay <= max(policy.cap, policy.retry_after_cap)
        failing += decision.delay
        assert failing <= policy.give_up_after
    pytest.fail("more attempts than the budget holds")


@given(policy=POLICIES, attempt=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_jitter_only_takes_away_and_never_more_than_its_share(policy: RetryPolicy, attempt: int, chance: float) -> None:
    whole = policy.wait(attempt, lambda: 0.0)
    assert whole * (1 - policy.jitter) <= policy.wait(attempt, lambda: chance) <= whole <= policy.cap


@pytest.mark.parametrize("impossible", [{"attempts": 0}, {"delay": -1.0}, {"jitter": 1.1}, {"cap": float("inf")}])
def test_an_impossible_policy_is_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="impossible"):
        RetryPolicy(**impossible)
