"""The arithmetic of coming back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.clients.policy import Grant, Policy, Streak
from actors.runtime import Backoff

POLICY = Policy(Backoff(first=1.0, cap=60.0, factor=2.0, jitter=0.0), limit=3, stable_after=60.0)


def middle() -> float:
    return 0.5


def lose(streak: Streak, now: float, times: int = 1) -> tuple[Streak, list[Grant | None]]:
    grants = []
    for _ in range(times):
        streak, grant = POLICY.lost(streak, now, middle)
        grants.append(grant)
    return streak, grants


def test_three_attempts_in_a_row_with_growing_delays_and_no_fourth() -> None:
    _, grants = lose(Streak(), 0.0, 4)
    assert grants == [Grant(1, 1.0), Grant(2, 2.0), Grant(3, 4.0), None]


def test_ready_sets_the_count_back_to_nothing() -> None:
    streak, _ = lose(Streak(), 0.0, 3)
    _, grants = lose(POLICY.ready(streak, 10.0), 100.0)
    assert grants == [Grant(1, 1.0)]


def test_a_ready_that_did_not_last_keeps_the_delay_growing() -> None:
    streak, _ = lose(Streak(), 0.0, 2)
    _, grants = lose(POLICY.ready(streak, 10.0), 69.9)
    assert grants == [Grant(1, 4.0)]


def test_a_second_ready_does_not_begin_the_stable_time_anew() -> None:
    streak, _ = lose(Streak(), 0.0, 2)
    steady = POLICY.ready(POLICY.ready(streak, 10.0), 50.0)
    _, grants = lose(steady, 70.0)
    assert grants == [Grant(1, 1.0)]


@given(
    losses=st.lists(st.tuples(st.booleans(), st.floats(0, 1000)), max_size=60),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_no_history_grants_more_than_the_limit_in_a_row_or_a_delay_beyond_the_cap(
    losses: list[tuple[bool, float]], chance: float
) -> None:
    policy = Policy(Backoff(first=1.0, cap=60.0, factor=2.0, jitter=0.5), limit=3)
    streak, now, row = Streak(), 0.0, 0
    for ready, passed in losses:
        now += passed
        if ready:
            streak, row = policy.ready(streak, now), 0
        streak, grant = policy.lost(streak, now, lambda: chance)
        row += 1
        assert (grant is None) == (row > 3)
        if grant is not None:
            assert grant.attempt == row
            assert 0 < grant.delay <= 60.0
        else:
            row = 3


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_the_limit_is_the_operators(limit: int) -> None:
    policy = Policy(POLICY.backoff, limit=limit)
    streak, granted = Streak(), 0
    for _ in range(limit + 2):
        streak, grant = policy.lost(streak, 0.0, middle)
        granted += grant is not None
    assert granted == limit
