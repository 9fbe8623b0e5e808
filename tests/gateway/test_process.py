"""The program as an operator runs it: a process, its signals, its exit codes, its last line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from actors.browser.fake import FakeBrowser
from actors.store.ownership import claim
from gateway.checklist.processes import settings_of
from gateway.server import Server, ServiceEnd, listen
from tests.gateway.running import PATIENCE, chosen, until

SERVE = [sys.executable, "-m", "gateway.cli", "serve"]
FAKE = [sys.executable, "-m", "tests.gateway.fake_service"]
START = 60.0
"""Seconds in which a whole program has come and gone, on a machine as busy as may be."""


class Program:
    """A service as a process, and what it has logged."""

    def __init__(self, data_dir: Path, command: Sequence[str] = FAKE, **settings: object) -> None:
        self.errors = data_dir.with_name("stderr")
        """What it has written to standard error."""
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command, env=environment(data_dir, **settings), stdout=subprocess.PIPE, stderr=errors
            )
        self.lines: list[dict[str, Any]] = []

    def until(self, event: str) -> dict[str, Any]:
        """Read the log up to this event."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if self.lines[-1]["event"] == event:
                return self.lines[-1]
        raise AssertionError(f"{event} never came: {self.lines}")

    def ended(self) -> int:
        """Read the rest of the log, and answer the exit code."""
        assert self.process.stdout is not None
        self.lines += map(json.loads, self.process.stdout)
        return self.process.wait(PATIENCE)


def environment(data_dir: Path, **settings: object) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    given = {"port": 0, "data_dir": data_dir, **settings}
    return ours | {f"SM_{name.upper()}": str(value) for name, value in given.items()}


@contextlib.contextmanager
def program(data_dir: Path, command: Sequence[str] = FAKE, **settings: object) -> Iterator[Program]:
    """A service as a process, killed afterwards unless it has ended; a test that hangs is ended too."""
    running = Program(data_dir, command, **settings)
    watchdog = threading.Timer(100.0, running.process.kill)
    watchdog.start()
    try:
        yield running
    finally:
        watchdog.cancel()
        watchdog.join()
        running.process.kill()
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with program(tmp_path / "data") as service:
        url = service.until("service.listening")["url"]
        service.until("service.started")
        with httpx2.Client(base_url=url, headers={"X-Cliente-Id": "1"}, timeout=START, verify=False) as http:
            assert http.post("/init").json()["status"]["state"] == "QR_REQUIRED"
            service.process.send_signal(number)
            assert service.ended() == 0
    assert service.lines[-1]["event"] == "service.ended"
    assert service.lines[-1]["code"] == 0
    assert service.lines[-1]["why"] == number.name
    assert (tmp_path / "data" / "owner.pid").read_text() == ""


def test_signals_that_keep_coming_break_nothing(tmp_path: Path) -> None:
    with program(tmp_path / "data") as service:
        service.until("service.started")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM) * 5:
            service.process.send_signal(number)
        assert service.ended() == 0


def test_signals_that_come_while_the_interpreter_ends_change_no_exit_code(tmp_path: Path) -> None:
    with program(tmp_path / "data") as service:
        service.until("service.started")
        service.process.terminate()
        service.until("service.ended")

        def signalled() -> int | None:
            for number in (signal.SIGTERM, signal.SIGINT):
                service.process.send_signal(number)
            return service.process.poll()

        assert until(signalled, lambda code: code is not None, "it has ended", START) == 0


def test_a_stop_that_hangs_is_not_waited_for_for_ever() -> None:
    script = "import time; from gateway.server import end_at_last; end_at_last(0.05, 3); time.sleep(300)"
    assert subprocess.run([sys.executable, "-c", script], timeout=START, capture_output=True).returncode == 3


def test_a_thread_that_hangs_does_not_keep_a_service_that_has_stopped(tmp_path: Path) -> None:
    hangs = "from concurrent.futures import ThreadPoolExecutor as Pool; Pool(1).submit(__import__('time').sleep, 60)"
    serves = "from tests.gateway.fake_service import main; raise SystemExit(main())"
    with program(tmp_path / "data", [sys.executable, "-c", f"{hangs}; {serves}"]) as service:
        service.until("service.started")
        service.process.terminate()
        assert service.until("service.ended")["code"] == 0
        assert service.ended() == 0
    assert service.lines[-1]["event"] == "service.ended_by_force"


def test_a_signal_before_the_start_is_through_ends_it_in_order(tmp_path: Path) -> None:
    with program(tmp_path / "data") as service:
        service.until("service.listening")
        service.process.send_signal(signal.SIGTERM)
        assert service.ended() == 0


def test_an_end_that_is_told_before_the_loop_runs_is_not_forgotten(tmp_path: Path) -> None:
    server = Server(chosen(tmp_path), FakeBrowser())
    server.end(ServiceEnd("SIGTERM"))
    with listen("127.0.0.1", 0) as listener:
        assert asyncio.run(server.run(listener)) == 0


def test_killed_it_leaves_nothing_that_keeps_the_next_one_from_starting(tmp_path: Path) -> None:
    with program(tmp_path / "data") as service:
        url = service.until("service.listening")["url"]
        service.until("service.started")
        assert httpx2.post(f"{url}/init", headers={"X-Cliente-Id": "7"}, timeout=START, verify=False).status_code == 200
        until(lambda: wanted(tmp_path / "data"), lambda clients: clients == [7], "the wish is on disk")
        service.process.kill()
        service.process.wait()
    with program(tmp_path / "data") as service:
        url = service.until("service.listening")["url"]
        while service.until("client.state")["after"] != "QR_REQUIRED":
            pass
        # A client logs what it has become before its supervisor, who is asked here, hears of it.
        resumed = [{"id": 7, "state": "QR_REQUIRED"}]
        until(
            lambda: httpx2.get(f"{url}/clients", timeout=START, verify=False).json(),
            lambda told: told == resumed,
            "the supervisor knows",
            START,
        )
        service.process.terminate()
        assert service.ended() == 0


def wanted(data_dir: Path) -> list[int]:
    """The clients that are to run, as the database has them."""
    with contextlib.closing(sqlite3.connect(data_dir / "session-manager.db")) as database:
        return [client for (client,) in database.execute("SELECT client_id FROM sessions WHERE wanted")]


def told(data_dir: Path, *options: str, **settings: object) -> tuple[int, str]:
    """The exit code and standard error of a `serve` that does not come up."""
    done = subprocess.run(
        [*SERVE, *options], env=environment(data_dir, **settings), capture_output=True, text=True, timeout=START
    )
    return done.returncode, done.stderr


def test_what_is_wrong_with_settings_is_told_at_once(tmp_path: Path) -> None:
    assert told(tmp_path, "--port", "70000")[0] == 2
    code, error = told(tmp_path, init_wait="soon", cleanup_dellay=1)
    assert code == 2
    assert "SM_INIT_WAIT is 'soon' but" in error
    assert "SM_CLEANUP_DELLAY is not a setting: did you mean SM_CLEANUP_DELAY?" in error
    assert told(tmp_path, "--nonsense")[0] == 2
    assert told(tmp_path, "--config", str(tmp_path / "none.toml")) == (
        2,
        f"session-manager: The settings file {tmp_path / 'none.toml'} cannot be read: No such file or directory.\n",
    )


def test_a_port_that_is_taken_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        code, error = told(tmp_path / "data", port=port)
    assert code == 1
    assert error == (
        f"session-manager: Port {port} on 127.0.0.1 is taken: stop what listens there, or set SM_PORT to another.\n"
    )
    assert not (tmp_path / "data" / "profiles").exists()


def test_a_start_that_is_refused_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, error = told(tmp_path / "file" / "data")
    assert code == 1
    assert error.startswith("session-manager: ")
    assert "SM_DATA_DIR" in error
    assert error.count("\n") == 1
    code, error = told(tmp_path / "data", chromium=tmp_path / "nowhere")
    assert code == 1
    assert error.startswith("session-manager: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("wrong", ["chromium", "data_dir", "in_use"])
def test_nothing_is_said_before_the_sentence_of_a_refused_start(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "file").write_text("")
    place, settings = {
        "chromium": ("data", {"chromium": tmp_path / "nowhere"}),
        "data_dir": ("file", {}),
        "in_use": ("owned", {}),
    }[wrong]
    with claim(tmp_path / "owned"):
        done = subprocess.run(
            SERVE, env=environment(tmp_path / place, **settings), capture_output=True, text=True, timeout=START
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("session-manager: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.rstrip().count(". ") == 0, "one sentence"


def test_help_names_every_exit_code() -> None:
    done = subprocess.run([*SERVE, "--help"], capture_output=True, text=True, timeout=START)
    assert done.returncode == 0
    for code in ("0 stopped in order", "1 could not start", "2 wrong", "3 stopped, but", "70 a part"):
        assert code in " ".join(done.stdout.split()), code


def test_a_service_with_the_sandbox_beside_it_takes_it_along_when_it_is_killed(tmp_path: Path) -> None:
    options = ["--sandbox", "--port", "0", "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(
        [*SERVE, *options], env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as service:
        assert service.stderr is not None
        assert service.stdout is not None
        try:
            said = service.stderr.readline().decode()
            assert said.startswith("WhatsApp is the sandbox. Phones: http://127.0.0.1:")
            url = said.split()[-1].removesuffix("phones")
            assert httpx2.get(f"{url}api/state", timeout=START, verify=False).status_code == 200
            while b"service.started" not in service.stdout.readline():
                pass
            assert settings_of(psutil.Process(service.pid)).whatsapp_url == url, "the checklist sees what it talks to"
        finally:
            service.kill()
            service.communicate()
    until(lambda: answers(url), lambda up: not up, "the kernel ends the sandbox")


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=1.0, verify=False).status_code == 200
    except httpx2.TransportError:
        return False


def test_sigusr1_writes_every_stack_and_ends_nothing(tmp_path: Path) -> None:
    with program(tmp_path / "data") as running:
        running.until("service.started")
        running.process.send_signal(signal.SIGUSR1)
        until(running.errors.read_text, lambda text: "_cut_off" in text or "run_forever" in text, "stacks are written")
        assert running.errors.read_text().count("Thread 0x") > 2
        running.process.send_signal(signal.SIGTERM)
        assert running.ended() == 0
