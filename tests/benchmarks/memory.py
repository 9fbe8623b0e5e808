"""What a client costs while nothing happens: Chromium's processes and their PSS, in READY, for one client and for four.

Once with the sandbox's own page, which is light; once with ballast, so that one client weighs what it does on WhatsApp
Web's own page code (456 MiB, August 2026, Chromium's headless shell; an upper bound).

PSS divides what processes share among those that share it: with one client it carries the whole binary.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.benchmarks.figures import Figure, Say
from tests.benchmarks.qr import NO_LIMITS
from tests.rig import Consumer, Sandbox, Service, descendants

CLIENTS = (1, 4)
BALLAST = (0, 270)
"""MiB that each page holds besides."""
MIB = 1024 * 1024
STEADY = 0.5
"""MiB by which two looks may differ."""
BETWEEN_LOOKS, PATIENCE = 1.0, 30.0


def run(say: Say) -> Sequence[Figure]:
    """Processes and MiB for each client."""
    return [figure for ballast in BALLAST for clients in CLIENTS for figure in _of(clients, ballast, say)]


def _of(clients: int, ballast: int, say: Say) -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox() as sandbox,
        Service(Path(name) / "data", sandbox.url, **NO_LIMITS) as service,
    ):
        sandbox.post("/settings", ballast=ballast)
        of = f"of {clients}, ballast {ballast} MiB"
        for number in range(1, clients + 1):
            say(f"pairing client {number} of {clients}")
            with contextlib.closing(Consumer(service, sandbox, number)) as consumer:
                consumer.pair()
        say("waiting until nothing changes any more")
        pss = _steady(service)
        yield Figure(f"Chromium processes a client, {of}", len(descendants(service.pid)) / clients, "")
        yield Figure(f"PSS a client, {of}", pss / clients, "MiB")
        own = psutil.Process(service.pid).memory_full_info().pss / MIB
        yield Figure(f"PSS of the service itself, {of}", own, "MiB")


def _steady(service: Service) -> float:
    """MiB of all Chromiums together, once two looks agree; the last look, if they never do."""
    before, deadline = _pss(service), time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(BETWEEN_LOOKS)  # idling is what is measured
        now = _pss(service)
        if abs(now - before) < STEADY:
            return now
        before = now
    return before


def _pss(service: Service) -> float:
    total = 0
    for pid in descendants(service.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += psutil.Process(pid).memory_full_info().pss
    return total / MIB
