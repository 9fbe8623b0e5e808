"""Instants are told in whole milliseconds that are never after what happened, so that they can be asked for again."""

from __future__ import annotations

import math
import random

import pytest

from actors.store.events import draw_id_at, first_id_at
from gateway.schemas.shape import epoch, iso

INSTANT = 1_796_094_123.346


@pytest.mark.parametrize("seconds", [INSTANT - 2.4e-7 * step for step in (1, 2, 3)])
def test_an_instant_just_before_a_millisecond_is_told_before_it(seconds: float) -> None:
    assert iso(seconds) == "2026-12-01T03:02:03.345Z"


def test_what_is_told_is_never_later_and_less_than_a_millisecond_earlier() -> None:
    chosen = random.Random(18)
    for _ in range(2_000):
        whole = round(INSTANT + chosen.random() * 1e6, 3)
        for seconds in (whole, math.nextafter(whole, 0), math.nextafter(whole, math.inf)):
            told = iso(seconds)
            assert told is not None
            assert 0 <= seconds - epoch(told) < 0.001 + 1e-6


def test_an_instant_given_in_milliseconds_is_told_as_given() -> None:
    chosen = random.Random(19)
    for _ in range(2_000):
        given = f"2026-12-01T01:42:{chosen.randrange(60):02}.{chosen.randrange(1000):03}Z"
        assert iso(epoch(given)) == given


def test_a_message_is_found_by_the_instant_that_is_told_of_its_acceptance() -> None:
    chosen = random.Random(20)
    for _ in range(2_000):
        whole = round(INSTANT + chosen.random() * 1e6, 3)
        for accepted in (whole, math.nextafter(whole, 0), math.nextafter(whole, math.inf), whole + chosen.random()):
            told = iso(accepted)
            assert told is not None
            assert first_id_at(epoch(told)) <= draw_id_at(accepted)
