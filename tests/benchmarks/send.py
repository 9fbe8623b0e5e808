"""POST /send over the fake browser, from the request to WhatsApp's acceptance, against a bare Starlette route."""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.figures import Figure, Say
from tests.benchmarks.servers import READY, running

SENT = 400
"""Messages of each caller."""
CALLERS = 8
PAST_THE_PACE = 9
"""The priority of a message that does not wait for the pace of its client."""
PATIENCE = 30.0


def run(say: Say) -> Sequence[Figure]:
    """Latency of a lone caller, and messages per second of eight callers who wait for each answer."""
    with tempfile.TemporaryDirectory() as directory, running("service", str(Path(directory) / "data")) as service:
        say("waiting for a client in READY")
        status = _ready(service)
        with running("floor", body=status) as bare:
            floor = _times(bare, "GET", "/status", SENT)
            say("one caller")
            alone = _times(service, "POST", "/send", SENT)
            say(f"{CALLERS} callers")
            began = time.perf_counter()
            _together(lambda caller: _times(service, "POST", "/send", SENT // CALLERS, caller))
            rate = SENT / (time.perf_counter() - began)
    return [
        Figure("POST /send, p50", median(alone) * 1000, "ms", median(floor) * 1000),
        Figure("POST /send, p99", quantiles(alone, n=100)[98] * 1000, "ms", quantiles(floor, n=100)[98] * 1000),
        Figure(f"POST /send, {CALLERS} callers", rate, "/s", more_is_better=True),
    ]


def _times(url: str, method: str, path: str, count: int, caller: int = 0) -> list[float]:
    """Return the seconds of each request, one after the other on one connection. Raises AssertionError if one fails."""
    connection = _connection(url)
    headers = {"X-Cliente-Id": str(READY), "Content-Type": "application/json"}
    taken = []
    try:
        for number in range(count):
            body = {"to": f"5491122{caller:02}{number:04}", "message": "Good morning", "priority": PAST_THE_PACE}
            began = time.perf_counter()
            connection.request(method, path, json.dumps(body) if method == "POST" else None, headers)
            answer = connection.getresponse()
            text = answer.read()
            taken.append(time.perf_counter() - began)
            assert answer.status == 200, text
    finally:
        connection.close()
    return taken


def _together(act: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=act, args=(caller,)) for caller in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ready(url: str) -> bytes:
    """Return what /status answers once the client is READY. Raises AssertionError after `PATIENCE` seconds."""
    connection, headers = _connection(url), {"X-Cliente-Id": str(READY)}
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            connection.request("POST", "/init", headers=headers)
            connection.getresponse().read()
            connection.request("GET", "/status", headers=headers)
            text = connection.getresponse().read()
            if json.loads(text)["state"] == "READY":
                return text
    finally:
        connection.close()
    raise AssertionError(f"the client is not READY after {PATIENCE:g} s")


def _connection(url: str) -> http.client.HTTPConnection:
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    return http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
