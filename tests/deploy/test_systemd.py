"""What systemd sees: datagrams in the right order, and a unit it would accept."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.server import notify, watchdog_seconds
from tests.gateway.test_process import program

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "config" / "deploy" / "session-manager.service"


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end of $NOTIFY_SOCKET, which is set."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(tmp_path / "notify"))
        ours.settimeout(60.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield ours


def test_ready_comes_once_it_takes_work_and_stopping_when_it_drains(tmp_path: Path, manager: socket.socket) -> None:
    with program(tmp_path / "data") as service:
        assert manager.recv(64) == b"READY=1"
        service.until("service.started")
        service.process.terminate()
        assert manager.recv(64) == b"STOPPING=1"
        assert service.ended() == 0


def test_the_watchdog_is_fed_twice_an_interval(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "40000")
    with program(tmp_path / "data") as service:
        assert [manager.recv(64) for _ in range(4)] == [b"READY=1", *[b"WATCHDOG=1"] * 3]
        service.process.terminate()
        assert service.ended() == 0


@pytest.mark.parametrize(
    ("interval", "pid", "seconds"),
    [
        (None, None, None),
        ("0", None, None),
        ("soon", None, None),
        ("30000000", None, 30.0),
        ("30000000", "1", None),
        pytest.param("30000000", str(os.getpid()), 30.0, id="30000000-ours-30.0"),
    ],
)
def test_the_watchdog_is_for_the_process_it_names(
    monkeypatch: pytest.MonkeyPatch, interval: str | None, pid: str | None, seconds: float | None
) -> None:
    for name, value in {"WATCHDOG_USEC": interval, "WATCHDOG_PID": pid}.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert watchdog_seconds() == seconds


def test_an_abstract_socket_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"session-manager-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(f"\0{name}")
        ours.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("READY=1")
        assert ours.recv(64) == b"READY=1"


def test_a_manager_that_is_gone_hurts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here in the place of the deployed one."""
    text = UNIT.read_text("utf-8")
    assert "/opt/session-manager/.venv/bin/session-manager" in text
    copy = tmp_path / "session-manager.service"
    text = text.replace("/opt/session-manager/.venv/bin/session-manager", sys.executable)
    text = text.replace("User=session-manager", "User=daemon").replace("file:/opt/", "file:/usr/")
    copy.write_text(text)
    return copy


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_the_unit(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    assert ours == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_calls_the_unit_hardened(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
