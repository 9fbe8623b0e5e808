"""Starts: many at once, and those that cannot succeed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import Consumers, Serve, nothing_runs
from tests.rig import Consumer, Sandbox, Service
from tests.rig.processes import mains, reserved, until

ROOT = Path(__file__).parents[2]
PATIENCE = 12.0
"""Several times what a busy machine needs for a start, so that it is not Chromium's start that uses it up.

The driver gives a start up after nine tenths of it: a tenth is what a busy machine may be late.
"""


def test_twenty_simultaneous_inits_start_exactly_one_chromium(serve: Serve, consumer: Consumers) -> None:
    service = serve().start()
    clients = [consumer(service) for _ in range(20)]
    with ThreadPoolExecutor(len(clients)) as together:
        answers = list(together.map(lambda client: client.init(), clients))
    kinds = Counter(answer.json().get("code") or answer.json()["action"] for answer in answers)
    assert kinds["INITIALIZING"] == 1, kinds
    assert kinds["INITIALIZING"] + kinds["INITIALIZATION_IN_PROGRESS"] + kinds["NO_ACTION_NEEDED"] == 20, kinds
    assert len(service.events("chromium.started")) == 1
    assert len(mains(service.data_dir)) == 1
    clients[0].scan()
    clients[0].reaches("READY")
    assert len(mains(service.data_dir)) == 1


def test_a_whatsapp_that_cannot_be_reached_fails_the_start_by_name(serve: Serve, consumer: Consumers) -> None:
    with reserved() as nobody:
        nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        service = serve(whatsapp_url=nowhere, start_patience=PATIENCE).start()
        client = consumer(service)
        it_fails(client, "could not be opened", "PAGE_UNREACHABLE")
    nothing_runs(service)


def test_a_page_on_which_wa_js_never_becomes_ready_fails_the_start_by_name_and_the_next_one_is_afresh(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve(start_patience=PATIENCE).start()
    client = consumer(service)
    sandbox.post("/settings", loader=False)
    it_fails(client, "wa-js", "WA_JS_NOT_READY")
    nothing_runs(service)
    sandbox.post("/settings", loader=True)
    assert client.init().json()["status"]["state"] == "QR_REQUIRED"


def it_fails(client: Consumer, word: str, reason: str) -> None:
    """POST /init says why, within the patience; the state is ERROR."""
    answer = client.init()
    assert answer.status_code == 500, answer.text
    told = answer.json()
    assert (told["error"], told["code"], told["cliente_id"], told["retry"]) == (True, "INITIALIZATION_FAILED", 1, True)
    assert word in told["message"]
    assert answer.elapsed.total_seconds() < 2 * PATIENCE
    status = client.status()
    assert (status["state"], status["reason"]) == ("ERROR", reason)


def refused(service: Service, cwd: Path = ROOT) -> str:
    """The one sentence with which it does not start."""
    told = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve"],
        env=service.environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=30.0,
    )
    assert told.returncode == 1, told
    assert told.stderr.startswith("session-manager: ")
    assert told.stderr.count("\n") == 1, told.stderr
    return told.stderr


def test_a_service_without_a_chromium_says_what_to_install(serve: Serve) -> None:
    service = serve()
    service.environment["PATH"] = "/nowhere"
    assert "install chromium-headless-shell or chromium" in refused(service)


def test_a_service_whose_data_directory_cannot_be_written_says_so(serve: Serve) -> None:
    service = serve()
    service.environment["SM_DATA_DIR"] = "/proc/nowhere"
    assert "SM_DATA_DIR" in refused(service)


def test_a_service_whose_port_is_taken_says_so(serve: Serve) -> None:
    service = serve()
    with socket.create_server(("127.0.0.1", service.port)):
        assert f"Port {service.port} on 127.0.0.1 is taken" in refused(service)


def test_a_service_without_wa_js_says_how_to_install_it(serve: Serve, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    for package in ("actors", "gateway"):
        shutil.copytree(ROOT / package, copied / package, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    service = serve()
    service.environment["PYTHONDONTWRITEBYTECODE"] = "1"
    assert "wa-js is missing or broken" in refused(service, copied)


@pytest.mark.parametrize("slow", [{"loader": False}, {"page_delay": 60.0}], ids=["no modules", "no answer"])
def test_a_chromium_that_dies_while_it_starts_is_told_at_once_to_whoever_waits(
    serve: Serve, sandbox: Sandbox, consumer: Consumers, slow: dict[str, object]
) -> None:
    sandbox.post("/settings", **slow)
    service = serve(start_patience=20.0, init_wait=30.0).start()
    client = consumer(service)
    with ThreadPoolExecutor(1) as waiting:
        answer = waiting.submit(client.init)
        (pid,) = until(lambda: mains(service.data_dir), bool, "Chromium runs", 20.0)
        until(lambda: is_asked(sandbox), bool, "it navigates", 20.0)
        killed_at = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        told = answer.result()
        took = time.monotonic() - killed_at
    assert told.status_code == 500, told.text
    assert told.json()["code"] == "INITIALIZATION_FAILED"
    assert "Chromium died" in told.json()["message"]
    assert took < 5.0
    nothing_runs(service)


def is_asked(sandbox: Sandbox) -> bool:
    """Whether anyone but this process is connected to WhatsApp Web."""
    ours = {connection.laddr for connection in psutil.Process().net_connections("tcp")}
    theirs = psutil.Process(sandbox.process.pid).net_connections("tcp")
    return any(one.status == psutil.CONN_ESTABLISHED and one.raddr not in ours for one in theirs)
