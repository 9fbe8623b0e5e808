"""Two programs under test, each a process of its own: started on a free port, looked at from outside, ended by pid."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
import psutil

from actors.browser.process_record import members
from tests.rig.forked import Forked, Interpreter

T = TypeVar("T")
START_SECONDS = 30.0
OFTEN, SELDOM = 0.02, 0.1
"""Seconds between two questions: a tenth of the time waited, within these."""


# Clients of loopback verify no certificates: loading all authorities would take 20 ms for each client made.


class Sandbox:
    """`python -m sandbox` on a free loopback port. A context manager; `api` talks to its control API."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "sandbox", "--host", "127.0.0.1", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        said = self.process.stdout.readline().decode().split()
        assert said[:2] == ["sandbox", "ready"], said
        self.url = said[2]
        self.api = httpx2.Client(base_url=self.url, timeout=60.0, verify=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()
        ended(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def get(self, path: str, **params: Any) -> Any:
        """GET /api{path}. Raises httpx2.HTTPStatusError."""
        return self.api.get(f"/api{path}", params=params).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        """POST /api{path} with a JSON object. Raises httpx2.HTTPStatusError."""
        return self.api.post(f"/api{path}", json=body).raise_for_status().json()


class Service:
    """`session-manager serve` on one data directory; may be stopped, killed and started again."""

    program: tuple[str, ...] = ("gateway.cli", "serve")
    """The module that is started, and its arguments."""
    stdin: int | None = None
    """What it has for its input: nothing of its own, or `subprocess.PIPE`."""
    interpreter: Interpreter | None = None
    """What it is forked from, where its imports are not what is looked at."""

    def __init__(self, data_dir: Path, whatsapp_url: str, **settings: object) -> None:
        self.data_dir = data_dir
        self._reserved = reserved()
        self.port: int = self._reserved.getsockname()[1]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
        named = {f"SM_{name.upper()}": str(value) for name, value in settings.items()}
        self.environment = {
            **ours,
            "SM_PORT": str(self.port),
            "SM_DATA_DIR": str(data_dir),
            "SM_WHATSAPP_URL": whatsapp_url,
            # Tests start clients more often than any consumer should.
            "SM_INIT_RATE": "0",
            "SM_INIT_ADDRESS_RATE": "0",
            **named,
        }
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.log_starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None, "the service was not started"
        return self.process.pid

    def launch(self) -> Self:
        """Start it, and wait for nothing."""
        with self.log.open("ab") as log:
            self.log_starts = log.tell()
            if self.interpreter is not None:
                self.process = self.interpreter.start(self.program, self.environment, stdout=log, stderr=log)
                return self
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.program],
                env=self.environment,
                stdin=self.stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def start(self) -> Self:
        """Start it and wait until it takes work. Raises AssertionError with the log's end if it does not."""
        self.launch()
        return self.started()

    def started(self) -> Self:
        """Wait until it takes work. Raises AssertionError with the log's end if it does not."""
        until(self._takes_work, bool, "a start", START_SECONDS)
        return self

    def _takes_work(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"exit code {self.process.returncode}: {self.log_end()}"
        try:
            return httpx2.get(f"{self.url}/ready", timeout=5.0, verify=False).status_code == 200
        except httpx2.TransportError:
            return False

    @property
    def versions(self) -> dict[str, str]:
        """What runs, by name."""
        versions: dict[str, str] = httpx2.get(f"{self.url}/health", timeout=5.0, verify=False).json()["versions"]
        return versions

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 30.0) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        assert self.process is not None
        return self.process.wait(seconds)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL: what a power cut looks like to it."""
        self.signal(signal.SIGKILL)
        self.wait()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        self.signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.signal(signal.SIGCONT)

    def kill_if_running(self) -> None:
        """SIGKILL, where it has not ended. It is not started again."""
        self._reserved.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def log_end(self, characters: int = 3000) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-characters:]

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged since it was last started. For services that log JSON."""
        with self.log.open("rb") as log:
            log.seek(self.log_starts)
            whole = log.read().rpartition(b"\n")[0]  # the last line may be half written
            return [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Of those, the lines of one kind."""
        return [line for line in self.lines() if line["event"] == name]

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.kill_if_running()
            raise

    def __exit__(self, *_: object) -> None:
        self._reserved.close()
        if self.process is not None:
            ended(self.process)


def ended(process: subprocess.Popen[bytes] | Forked, seconds: float = 25.0) -> int:
    """Have a process end: asked first, then made to. Answers its exit code."""
    process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(5.0)


def naming(data_dir: Path) -> set[int]:
    """Processes (Chromiums) whose command line names something in this directory."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if f"{data_dir}/" in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
    return found


def mains(data_dir: Path) -> set[int]:
    """The main processes of the Chromiums in this directory: each leads a group.

    Their command lines do not tell them apart: until it has become another program, a child has that of its parent.
    """
    leaders = set()
    for pid in naming(data_dir):
        with contextlib.suppress(ProcessLookupError):
            leaders.add(os.getpgid(pid))
    return leaders


def chromiums(data_dir: Path) -> set[psutil.Process]:
    """Every process of the Chromiums in this directory: their groups whole, whatever the command lines name."""
    return {process for leader in mains(data_dir) for process in members(leader)}


def alive(processes: set[psutil.Process]) -> set[psutil.Process]:
    """Those that have not ended, be they frozen."""
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process)
    return found


def descendants(pid: int) -> set[int]:
    """Every live process below this one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return set()


def until(ask: Callable[[], T], holds: Callable[[T], bool], what: str, seconds: float, every: float | None = None) -> T:
    """Ask from outside until the answer holds. Raises AssertionError with the last answer after `seconds`.

    It asks `every` so many seconds. By default the less often, the longer it takes: asking costs both sides.
    """
    begun = time.monotonic()
    while not holds(answer := ask()):
        waited = time.monotonic() - begun
        assert waited < seconds, f"{what}: not within {seconds:g} s; last seen: {answer}"
        time.sleep(every or max(OFTEN, min(SELDOM, waited / 10)))  # another process: there is no fact to wait for
    return answer


def reserved() -> socket.socket:
    """A loopback port that nobody else is given while this is open; who asks for that very port may listen on it.

    So the kernel has it on Linux, where both have SO_REUSEADDR and only one of them listens.
    """
    holding = socket.socket()
    holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holding.bind(("127.0.0.1", 0))
    return holding


def free_port() -> int:
    """A loopback port nobody listens on now; another may be given it before it is used."""
    with reserved() as probe:
        port: int = probe.getsockname()[1]
    return port
