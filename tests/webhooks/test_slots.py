"""Whose turn it is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.webhooks.delivery_queue import Slots


def ask(slots: Slots[str], webhook: str, host: str, count: int) -> None:
    for n in range(count):
        slots.ask(f"{webhook}{n}", webhook, host)


def test_the_total_the_host_and_half_the_host_for_one_webhook_are_kept() -> None:
    slots: Slots[str] = Slots(total=6, per_host=4)
    ask(slots, "a", "one", 10)
    assert list(slots.turns()) == ["a0", "a1"]
    ask(slots, "b", "one", 10)
    ask(slots, "c", "two", 10)
    assert list(slots.turns()) == ["b0", "c0", "b1", "c1"]
    assert (slots.running, slots.waiting) == (6, 24)
    slots.give_back("a0")
    assert list(slots.turns()) == ["a2"]


def test_turns_go_round_the_webhooks() -> None:
    slots: Slots[str] = Slots(total=1, per_host=1)
    for webhook in "abc":
        ask(slots, webhook, webhook, 2)
    seen = []
    while turn := next(slots.turns(), None):
        seen.append(turn)
        slots.give_back(turn)
    assert seen == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_a_webhook_that_ran_into_a_timeout_has_one_attempt_at_a_time_until_it_answers() -> None:
    slots: Slots[str] = Slots(total=8, per_host=8)
    ask(slots, "a", "one", 10)
    assert len(list(slots.turns())) == 4
    for n in range(4):
        slots.give_back(f"a{n}", slow=True)
    assert list(slots.turns()) == ["a4"]
    slots.give_back("a4", slow=False)
    assert list(slots.turns()) == ["a5", "a6", "a7", "a8"]


def test_however_many_targets_hang_half_of_all_turns_is_for_the_others() -> None:
    slots: Slots[str] = Slots(total=8, per_host=4)
    for n in range(50):
        webhook = f"dead{n}-"
        ask(slots, webhook, webhook, 1)
        for turn in list(slots.turns()):
            slots.give_back(turn, slow=True)
        ask(slots, webhook, webhook, 5)
    assert len(list(slots.turns())) == 4
    ask(slots, "alive", "alive", 3)
    assert list(slots.turns()) == ["alive0", "alive1"]


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32), total=st.integers(1, 12), per_host=st.integers(1, 12))
def test_every_line_gets_its_turn_and_no_bound_is_passed(seed: int, total: int, per_host: int) -> None:
    chance, per_host = random.Random(seed), min(total, per_host)
    slots: Slots[tuple[int, int]] = Slots(total, per_host)
    cursors = [(webhook, n) for webhook in range(6) for n in range(chance.randrange(8))]
    for cursor in cursors:
        slots.ask(cursor, str(cursor[0]), str(cursor[0] % 3))
    running: list[tuple[int, int]] = []
    served = []
    while slots.waiting or running:
        running += (new := list(slots.turns()))
        served += new
        assert len(running) == slots.running <= total
        for host in range(3):
            assert sum(webhook % 3 == host for webhook, _ in running) <= per_host
        assert running, "somebody can always go"
        slots.give_back(running.pop(chance.randrange(len(running))), slow=chance.random() < 0.5)
    assert sorted(served) == sorted(cursors)


@pytest.mark.parametrize(("total", "per_host"), [(0, 0), (1, 2), (5, 0)])
def test_impossible_bounds_are_refused(total: int, per_host: int) -> None:
    with pytest.raises(ValueError, match="per_host"):
        Slots(total, per_host)
