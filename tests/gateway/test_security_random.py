"""Twenty thousand requests at random find no bug, and leave nothing behind. `REQUESTS=100000` makes it as many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.gateway.alone import Alone
from tests.gateway.every_call import ENDLESS, FIRST, WEBSOCKET, calls
from tests.gateway.generated import Requests
from tests.gateway.hammer import HEAD, Tally, hammer

GENERATED = int(os.environ.get("REQUESTS", "20000"))
WARM_UP = 5_000
CONNECTIONS = 2
GROWTH = 16 * 1024 * 1024
"""Bytes that the process may hold more after all requests than after the first ones."""
LOST = {(500, "SEND_FAILED"), (500, "INITIALIZATION_FAILED"), (500, "LOGOUT_FAILED"), (504, "QR_TIMEOUT")}
"""What the contract answers where WhatsApp or Chromium lets us down."""
BUSY = {(503, code) for code in ("OVERLOADED", "NO_ANSWER", "SHUTTING_DOWN", "STORE_UNAVAILABLE", "CAPACITY_EXCEEDED")}


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    """A service in a process of its own, with its default rates, and one for wrong keys: every seed exceeds it."""
    waits = {"init_wait": 0.05, "qr_wait": 0.05, "send_timeout": 1.0}
    rates = {"wrong_key_rate": "100/minute"}
    with Alone(tmp_path / "data", api_key=FIRST, allowed_hosts=["127.0.0.1"], **waits, **rates) as service:
        yield service
    assert service.code == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_requests_at_random_find_no_bug_and_leave_nothing_behind(alone: Alone) -> None:
    made = [
        httpx2.post(f"{alone.url}/keys", json=wanted, headers={"X-Api-Key": FIRST}, verify=False).json()["key"]
        for wanted in (
            {"name": "some", "scopes": ["read", "send", "control"], "clients": [1, 2]},
            {"name": "all", "scopes": ["read", "send"]},
        )
    ]
    there = [call for call in calls() if call[0] != WEBSOCKET and not ENDLESS.search(call[1])]
    generators = [Requests(seed, there, [FIRST, FIRST, *made]) for seed in range(CONNECTIONS)]
    whole = hammer(alone.url, generators, WARM_UP)
    before = held(alone.process)
    whole.merge(hammer(alone.url, generators, GENERATED - WARM_UP))
    after = held(alone.process)
    assert not whole.errors, whole.errors
    assert whole.total >= GENERATED
    assert whole.unanswered < GENERATED / 100
    assert failures(whole) == {}
    assert {200, 201, 400, 401, 403, 404, 405, 409, 413, 421, 429} - {status for status, _ in whole.seen} <= {413}
    assert after["memory"] - before["memory"] < GROWTH
    assert after["descriptors"] <= before["descriptors"] + CONNECTIONS
    assert after["threads"] <= before["threads"] + 4  # one a client, and there are three
    assert "Traceback" not in alone.log.read_text()


def held(process: psutil.Process) -> dict[str, int]:
    """What a process holds."""
    with process.oneshot():
        return {
            "memory": process.memory_info().rss,
            "descriptors": process.num_fds(),
            "threads": process.num_threads(),
        }


def failures(tally: Tally) -> dict[tuple[int, str], bytes]:
    """The kinds of answers that say the service has failed, each with a request that got it."""
    expected = LOST | BUSY | {(status, HEAD) for status, _ in LOST | BUSY}
    return {kind: tally.first[kind] for kind in tally.seen if kind[0] >= 500 and kind not in expected}
