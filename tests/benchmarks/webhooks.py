"""How long an event takes to reach a webhook, beside the floor: a bare HTTP post to the same receiver on this machine.

`measure` is for the harness; run alone (`python -m tests.benchmarks.webhooks`) it prints what it found.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from actors.clients.types import ClientId
from actors.store.deliveries import GetLines
from actors.store.events import AppendEvent
from actors.store.store import Store
from tests.webhooks.receiver import Receiver
from tests.webhooks.sending import add, ask, happen, opened, sending, until

EVENTS, BURST, CLIENTS = 300, 3000, 10
BODY = json.dumps({"id": "0" * 26, "type": "message", "cliente_id": 1, "payload": {"text": "x" * 100}}).encode()


def measure(events: int = EVENTS, burst: int = BURST) -> dict[str, float]:
    """Milliseconds from before an event is given to the store until it has arrived, one at a time, p50 and p99; the same
    for a bare post; and deliveries per second of a burst over ten clients."""
    with tempfile.TemporaryDirectory() as directory, Receiver() as receiver:
        floor = _floor(receiver, events)
        with _sending(Path(directory), receiver) as (store, webhook):
            latencies = _latencies(store, receiver, events)
            rate = _rate(store, webhook, burst)
    return {
        "floor_p50_ms": _percentile(floor, 50),
        "floor_p99_ms": _percentile(floor, 99),
        "event_to_webhook_p50_ms": _percentile(latencies, 50),
        "event_to_webhook_p99_ms": _percentile(latencies, 99),
        "ratio_p50": _percentile(latencies, 50) / _percentile(floor, 50),
        "deliveries_per_second": rate,
    }


@contextmanager
def _sending(directory: Path, receiver: Receiver) -> Iterator[tuple[Store, str]]:
    with opened(directory) as store, sending(store) as sender:
        yield store, add(sender, receiver.url, secret="a secret of mine").id


def _floor(receiver: Receiver, events: int) -> list[float]:
    with httpx.Client() as client:
        return [_timed_post(client, receiver.url) for _ in range(events)]


def _timed_post(client: httpx.Client, url: str) -> float:
    began = time.perf_counter()
    client.post(url, content=BODY)
    return time.perf_counter() - began


def _latencies(store: Store, receiver: Receiver, events: int) -> list[float]:
    return [_timed_event(store, receiver) for _ in range(events)]


def _timed_event(store: Store, receiver: Receiver) -> float:
    before, began = len(receiver.requests), time.perf_counter()
    store.ask(AppendEvent(ClientId(1), "message", {"text": "x" * 100}, time.time()))
    receiver.wait(before + 1)
    return time.perf_counter() - began


def _rate(store: Store, webhook: str, burst: int) -> float:
    def delivered() -> int:
        return sum(line.delivered for line in ask(store, GetLines(webhook)))

    before, began = delivered(), time.perf_counter()
    for client in range(1, CLIENTS + 1):
        happen(store, burst // CLIENTS, client=ClientId(client))
    until(lambda: delivered() - before >= burst // CLIENTS * CLIENTS, "all is delivered", timeout=120.0)
    return burst / (time.perf_counter() - began)


def _percentile(seconds: list[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100)[percent - 1] * 1000


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:28} {value:10.2f}")
