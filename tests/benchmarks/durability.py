"""What durability costs: messages accepted onto disk, and events on their way to a webhook."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import store, webhooks
from tests.benchmarks.figures import Figure, Say


def accept(say: Say) -> Sequence[Figure]:
    """Messages a second, against bare SQLite commits."""
    say("SQLite with synchronous=FULL, 1, 32 and 128 callers")
    with tempfile.TemporaryDirectory() as directory:
        found = store.measure(Path(directory))
    floor = found.pop("bare SQLite commits")
    return [Figure(f"messages {name}", value, "/s", floor, more_is_better=True) for name, value in found.items()]


def deliver(say: Say) -> Sequence[Figure]:
    """Milliseconds from an event to its receiver, against a bare post."""
    say("events one at a time, then a burst")
    found = webhooks.measure()
    p50, p99 = ((found[f"event_to_webhook_{p}_ms"], "ms", found[f"floor_{p}_ms"]) for p in ("p50", "p99"))
    return [
        Figure("event to webhook, median", *p50),
        Figure("event to webhook, 99th percentile", *p99),
        Figure("webhook deliveries of a burst", found["deliveries_per_second"], "/s"),
    ]
