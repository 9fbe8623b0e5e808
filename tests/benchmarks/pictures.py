"""Files in: the p99 of another client's `GET /status` while 100 pictures arrive, against the same without pictures.

The asker asks every 5 ms, over one connection. The pictures are given to the sandbox at once; a round ends when all are
told with their files. Both kinds of rounds are taken in turns. On two cores Chromium, the sandbox and the asker share
the machine with the service: so a part of the ratio is theirs.
"""

from __future__ import annotations

import base64
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.benchmarks.figures import Figure, Say, rounds
from tests.rig import Consumer, Sandbox, Service

PICTURES, SIZE = 100, 50_000
ROUNDS = 3
EVERY = 0.005
QUIET = 5.0
"""Seconds of a round without pictures."""
TARGET = 1.5
FRIEND = "5491122334455"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


class Asker:
    """Asks for the status of a client until it is told to stop."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def p99(self, over: threading.Event) -> float:
        """Return the milliseconds that 99 of 100 answers take at most."""
        took = []
        while not over.is_set():
            began = time.perf_counter()
            self._consumer.http.get("/status").raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(EVERY)
        return quantiles(took, n=100)[98]


def run(say: Say) -> Sequence[Figure]:
    """Rounds with pictures and without."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-pictures-") as name,
        Sandbox() as sandbox,
        Service(Path(name) / "data", sandbox.url, server_check_interval=0.0) as service,
        closing(Consumer(service, sandbox, 1)) as receiver,
        closing(Consumer(service, sandbox, 2)) as other,
    ):
        for consumer in (receiver, other):
            consumer.pair()
        asker = Asker(other)

        def with_pictures() -> float:
            over = threading.Event()
            thread = threading.Thread(target=_arrive, args=(receiver, sandbox, over))
            thread.start()
            try:
                return asker.p99(over)
            finally:
                thread.join()

        def without() -> float:
            over = threading.Event()
            timer = threading.Timer(QUIET, over.set)
            timer.start()
            return asker.p99(over)

        value, floor = rounds(ROUNDS, say, with_pictures, without, of=min, unit="ms")
        return [Figure(f"p99 of another client's /status while {PICTURES} pictures arrive", value, "ms", floor, TARGET)]


def _arrive(receiver: Consumer, sandbox: Sandbox, over: threading.Event) -> None:
    """Have the pictures sent, and wait until all are told with their files."""
    consumer = {"consumer": "pictures", "types": "message"}

    def acknowledged(wait: int) -> list[dict[str, Any]]:
        found = receiver.http.get("/events/next", params={**consumer, "wait": wait}).raise_for_status().json()
        if found["receipt"] is not None:
            name = {"consumer": consumer["consumer"]}
            receiver.http.delete(f"/events/next/{found['receipt']}", params=name).raise_for_status()
        events: list[dict[str, Any]] = found["events"]
        return events

    try:
        acknowledged(0)
        for _ in range(PICTURES):
            data = PNG + random.randbytes(SIZE)
            file = {"name": "a.png", "mimetype": "image/png", "base64": base64.b64encode(data).decode()}
            sandbox.post(f"/phones/{FRIEND}/send", to=receiver.number, file=file)
        told = list[dict[str, Any]]()
        while len(told) < PICTURES:
            events = acknowledged(30)
            assert events, f"{len(told)} of {PICTURES} pictures were told"
            told += events
        assert all(event["payload"]["media"]["url"] for event in told)
    finally:
        over.set()
