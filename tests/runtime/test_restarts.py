"""The arithmetic of trying again, as properties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime import Backoff, Budget, BudgetExhausted

CHANCES = st.floats(0, 1, exclude_max=True)
BACKOFFS = st.builds(
    lambda first, more, factor, jitter: Backoff(first, first + more, factor, jitter),
    st.floats(0.001, 100),
    st.floats(0, 1e6),
    st.floats(1, 10),
    st.floats(0, 1),
)


@given(BACKOFFS, st.integers(1, 10_000), CHANCES)
def test_a_delay_is_never_above_the_cap_nor_negative(backoff: Backoff, attempt: int, chance: float) -> None:
    assert 0 <= backoff.delay(attempt, lambda: chance) <= backoff.cap


@given(BACKOFFS, st.integers(1, 10_000))
def test_without_chance_delays_grow_until_the_cap(backoff: Backoff, attempt: int) -> None:
    delay, following = (backoff.delay(number, lambda: 0.0) for number in (attempt, attempt + 1))
    assert following == min(backoff.cap, following)
    assert following >= delay


@given(BACKOFFS, st.integers(1, 100), CHANCES)
def test_chance_takes_away_no_more_than_the_jitter(backoff: Backoff, attempt: int, chance: float) -> None:
    whole = backoff.delay(attempt, lambda: 0.0)
    assert backoff.delay(attempt, lambda: chance) >= whole * (1 - backoff.jitter)


@given(st.integers(1, 8), CHANCES, CHANCES)
def test_the_default_grows_whatever_chance_says(attempt: int, one: float, other: float) -> None:
    backoff = Backoff(first=1.0, cap=1e6)
    assert backoff.delay(attempt, lambda: one) <= backoff.delay(attempt + 1, lambda: other)


def test_the_first_delay_is_first_and_the_next_ones_grow_by_the_factor() -> None:
    backoff = Backoff(first=0.5, cap=60.0, factor=3.0, jitter=0.5)
    assert [backoff.delay(attempt, lambda: 0.0) for attempt in (1, 2, 3, 4, 5, 6)] == [0.5, 1.5, 4.5, 13.5, 40.5, 60.0]
    assert backoff.delay(1, lambda: 0.5) == 0.375


def test_a_very_late_attempt_overflows_nothing() -> None:
    assert Backoff(first=1.0, cap=60.0).delay(10**6, lambda: 0.0) == 60.0


@pytest.mark.parametrize("attempt", [0, -1])
def test_attempts_are_counted_from_one(attempt: int) -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        Backoff().delay(attempt, lambda: 0.0)


@pytest.mark.parametrize(
    "impossible",
    [
        {"first": 0.0},
        {"first": 2.0, "cap": 1.0},
        {"cap": float("inf")},
        {"factor": 0.5},
        {"factor": float("inf")},
        {"jitter": -0.1},
        {"jitter": 1.1},
        {"first": float("nan")},
    ],
    ids=str,
)
def test_an_impossible_backoff_is_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="impossible backoff"):
        Backoff(**impossible)


@given(limit=st.integers(0, 5), steps=st.lists(st.floats(0, 40)), window=st.floats(1, 100))
def test_within_any_window_no_more_than_the_limit_is_spent(limit: int, steps: list[float], window: float) -> None:
    budget, now, granted = Budget(limit, window), 0.0, list[float]()
    for step in steps:
        now += step
        left = budget.left(now)
        assert left + budget.spent(now) == limit
        try:
            budget = budget.spend(now)
        except BudgetExhausted:
            assert left == 0
            continue
        assert left > 0
        granted.append(now)
    for start in granted:
        assert sum(start <= at and at - start < window for at in granted) <= limit


@given(limit=st.integers(0, 5), attempts=st.integers(0, 10))
def test_in_a_row_no_more_than_the_limit_is_spent_however_long_it_takes(limit: int, attempts: int) -> None:
    budget, granted = Budget(limit), 0
    for number in range(attempts):
        try:
            budget = budget.spend(number * 1e6)
        except BudgetExhausted:
            continue
        granted += 1
    assert granted == min(limit, attempts)


def test_an_attempt_counts_until_exactly_the_windows_end() -> None:
    budget = Budget(1, window=10.0).spend(0.0)
    assert (budget.left(9.999), budget.left(10.0)) == (0, 1)


def test_a_budget_is_a_value() -> None:
    fresh = Budget(2)
    assert fresh.spend(0.0) == fresh.spend(0.0)
    assert fresh.left(0.0) == 2


def test_an_exhausted_budget_says_what_it_was() -> None:
    with pytest.raises(BudgetExhausted, match=r"^No attempt is left: the budget is 0 in a row$"):
        Budget(0).spend(0.0)
    with pytest.raises(BudgetExhausted, match=r"^No attempt is left: the budget is 1 within 60 s$") as raised:
        Budget(1, 60.0).spend(0.0).spend(1.0)
    assert raised.value.budget.limit == 1


@pytest.mark.parametrize(
    "impossible", [{"limit": -1}, {"limit": 1, "window": 0.0}, {"limit": 1, "window": -1.0}], ids=str
)
def test_an_impossible_budget_is_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="impossible budget"):
        Budget(**impossible)
