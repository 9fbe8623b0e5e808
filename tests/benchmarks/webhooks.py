"""How long an event takes to reach a webhook, beside the floor: a bare HTTP post to the same receiver on this machine.

The floor has no store: no event is written, nothing is recorded. Receiver, sender and store share one process here.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from actors.clients.types import ClientId
from actors.store.events import AppendEvent
from actors.store.store import Store
from actors.store.webhooks import GetProgress
from tests.benchmarks.figures import Figure, Say
from tests.store.asking import ask
from tests.webhooks.receiver import Receiver
from tests.webhooks.sending import add, happen, opened, sending, until

EVENTS, BURST, CLIENTS = 300, 3000, 10
BODY = json.dumps({"id": "0" * 26, "type": "message", "cliente_id": 1, "payload": {"text": "x" * 100}}).encode()


def run(say: Say) -> list[Figure]:
    """Event to webhook one at a time, p50 and p99, beside a bare post; and deliveries a second of a burst."""
    with tempfile.TemporaryDirectory() as directory, Receiver() as receiver:
        say(f"{EVENTS} bare posts")
        floor = _floor(receiver, EVENTS)
        with _sending(Path(directory), receiver) as (store, webhook):
            say(f"{EVENTS} events, one at a time")
            latencies = _latencies(store, receiver, EVENTS)
            say(f"{BURST} events of {CLIENTS} clients at once")
            rate = _rate(store, webhook, BURST)
    return [
        Figure("event to webhook, p50", _percentile(latencies, 50), "ms", _percentile(floor, 50)),
        Figure("event to webhook, p99", _percentile(latencies, 99), "ms", _percentile(floor, 99)),
        Figure("webhook deliveries", rate, "per second", more_is_better=True),
    ]


@contextmanager
def _sending(directory: Path, receiver: Receiver) -> Iterator[tuple[Store, str]]:
    with opened(directory) as store, sending(store) as sender:
        yield store, add(sender, receiver.url, secret="a secret of mine").id


def _floor(receiver: Receiver, events: int) -> list[float]:
    with httpx2.Client() as client:
        return [_timed_post(client, receiver.url) for _ in range(events)]


def _timed_post(client: httpx2.Client, url: str) -> float:
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
        return sum(line.delivered for line in ask(store, GetProgress(webhook)))

    before, began = delivered(), time.perf_counter()
    for client in range(1, CLIENTS + 1):
        happen(store, burst // CLIENTS, client=ClientId(client))
    until(lambda: delivered() - before >= burst // CLIENTS * CLIENTS, "all is delivered", timeout=120.0)
    return burst / (time.perf_counter() - began)


def _percentile(seconds: list[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100)[percent - 1] * 1000
