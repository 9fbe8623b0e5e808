"""The comparison finds what it is there to find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.campaign.verdict import Arrival, Promise, Records, Row, judge

CHAT = "5491122334455"
PROMISES = tuple(Promise(1, f"key {n}", f"text {n}", True) for n in range(2))
ROWS = tuple(Row(1, f"{CHAT}@c.us", f"3EB0{n}", f"key {n}", f"text {n}", "read") for n in range(2))
ARRIVALS = tuple(Arrival(1, CHAT, f"3EB0{n}", f"text {n}", 1) for n in range(2))
GOOD = Records(
    PROMISES,
    ROWS,
    ARRIVALS,
    written=[(1, "3A1")],
    heard=[(1, "3A1")],
    sequences=[(1, 1), (1, 2)],
    hooked=["01A"],
    posted=["01A", "01A"],
)


def test_nothing_is_wrong_where_all_is_well() -> None:
    assert judge(GOOD).problems == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"arrivals": ARRIVALS[:1]}, "called sent and did not arrive"),
        ({"arrivals": (replace(ARRIVALS[0], times=2), ARRIVALS[1])}, "arrived more than once"),
        ({"arrivals": (*ARRIVALS, replace(ARRIVALS[0], id="3EB0FF"))}, "arrived more than once"),
        ({"arrivals": ARRIVALS[::-1]}, "out of order"),
        ({"rows": (ROWS[0], replace(ROWS[1], state="sending"))}, "still open"),
        ({"rows": (ROWS[0], replace(ROWS[1], state="expired"))}, "said not to have left"),
        ({"rows": ROWS[:1]}, "not in the outbox"),
        ({"rows": tuple(replace(row, state="unknown") for row in ROWS)}, "more than 1"),
        ({"promises": (replace(PROMISES[0], ids=frozenset({"1", "2"})), PROMISES[1])}, "several messages"),
        ({"promises": (replace(PROMISES[0], accepted=False), PROMISES[1])}, "never accepted"),
        ({"heard": []}, "no event"),
        ({"heard": [(1, "3A1"), (1, "3A1")]}, "several events"),
        ({"sequences": [(1, 1), (1, 3)]}, "gaps"),
        ({"posted": []}, "never reached the webhook"),
    ],
)
def test_every_breach_is_found(changes: dict[str, Any], problem: str) -> None:
    (found, *_) = judge(replace(GOOD, **changes)).problems
    assert problem in found
