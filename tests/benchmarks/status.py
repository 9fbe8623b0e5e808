"""GET /status while READY and while a QR shows, against a bare Starlette route returning the same bytes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx2

from tests.benchmarks import cores
from tests.benchmarks.figures import Figure, Say, rounds
from tests.benchmarks.servers import READY, WAITING, running
from tests.rig.processes import until

ROUNDS = 8
SECONDS = 1.0
CONNECTIONS = 32
TARGET = 0.7


def run(say: Say) -> Sequence[Figure]:
    """Requests per second at 32 connections, one core for the server, another for the load."""
    if not cores.ENOUGH:
        say("one core only: the load takes from the server what is measured")
    with tempfile.TemporaryDirectory() as directory, running("service", str(Path(directory) / "data")) as service:
        say("waiting for a client in READY, and one with a QR")
        ready, waiting = _settled(service, READY, "READY"), _settled(service, WAITING, "QR_REQUIRED")
        with running("floor", body=ready) as bare_ready, running("floor", body=waiting) as bare_waiting:
            floor_ready, is_ready, floor_waiting, is_waiting = rounds(
                ROUNDS,
                say,
                _load(bare_ready, READY),
                _load(service, READY),
                _load(bare_waiting, WAITING),
                _load(service, WAITING),
                of=max,
                unit="requests/s",
            )
    return [
        Figure("GET /status while READY", is_ready, "/s", floor_ready, TARGET, more_is_better=True),
        Figure("GET /status while QR_REQUIRED", is_waiting, "/s", floor_waiting, TARGET, more_is_better=True),
    ]


def _settled(url: str, client: int, state: str) -> bytes:
    """What /status answers once the client is in that state."""
    headers = {"X-Cliente-Id": str(client)}
    with httpx2.Client(base_url=url, headers=headers, timeout=30.0) as http:
        until(lambda: http.post("/init").status_code, lambda code: code == 200, "the service starts a client", 30.0)
        until(lambda: http.get("/status").json()["state"], lambda found: found == state, state, 30.0)
        return http.get("/status").content


def _load(url: str, client: int) -> Callable[[], float]:
    port = url.rpartition(":")[2].strip("/")
    command = [sys.executable, "-m", "tests.benchmarks.load", port, "/status", "--client", str(client)]
    command += ["--connections", str(CONNECTIONS), "--seconds", str(SECONDS)]
    return lambda: float(subprocess.run(command, capture_output=True, check=True, timeout=SECONDS + 30).stdout)
