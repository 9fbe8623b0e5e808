"""GET /chats of an account with 2,000 chats: our part of it, from the page's answer to the bytes at the caller."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2

from tests.benchmarks.figures import Figure, Say, rounds
from tests.benchmarks.servers import CHATS, READY, running
from tests.rig.processes import until

ROUNDS = 30
WANTED = 100.0
"""Milliseconds."""


def run(say: Say) -> Sequence[Figure]:
    """Milliseconds of one call; the page answers at once, in the words of the real one."""
    with tempfile.TemporaryDirectory() as directory, running("service", str(Path(directory) / "data")) as url:
        headers = {"X-Cliente-Id": str(READY)}
        with httpx2.Client(base_url=url, headers=headers, timeout=30.0) as http:
            until(lambda: http.post("/init").status_code, lambda code: code == 200, "the service starts a client", 30.0)
            until(lambda: http.get("/status").json()["state"], lambda state: state == "READY", "READY", 30.0)
            (took,) = rounds(ROUNDS, say, lambda: _listed(http), of=min, unit="ms")
    return [Figure(f"GET /chats of {CHATS:,} chats, against {WANTED:g} ms", took, "ms", WANTED, 1.0)]


def _listed(http: Any) -> float:
    start = time.perf_counter()
    answer = http.get("/chats", params={"limit": CHATS})
    took = (time.perf_counter() - start) * 1000
    assert len(answer.json()["chats"]) == CHATS
    return took
