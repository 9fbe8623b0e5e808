"""The leak check itself: each kind of thing left over is noticed, named and ended; what was there before is not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from actors.runtime import Actor
from tests import leaks
from tests.leaks import Before, Left

SLEEP = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is named soon; only for what does not end by itself."""
    monkeypatch.setattr(leaks, "PATIENCE", 0.2)


def left(leave: Callable[[], object]) -> str:
    """What the check says of what was left."""
    before = Before()
    leave()
    with pytest.raises(Left) as caught:
        before.check()
    return str(caught.value)


@pytest.mark.usefixtures("impatient")
def test_a_thread_that_goes_on_is_named() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="endless")
    assert "endless" in left(thread.start)
    end.set()
    thread.join()


@pytest.mark.usefixtures("impatient")
def test_an_actor_that_was_not_stopped_is_named_and_stopped() -> None:
    before = Before()
    ref = Actor.start(name="forgotten")
    with pytest.raises(Left, match="forgotten"):
        before.check()
    assert not ref.is_alive()


@pytest.mark.usefixtures("impatient")
def test_a_child_process_is_named_and_killed() -> None:
    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE) as child:
        before = Before()
        with subprocess.Popen(SLEEP, stdin=subprocess.PIPE) as late:
            with pytest.raises(Left, match=f"process {late.pid}") as caught:
                before.check()
            assert late.wait(5) != 0
        assert f"process {child.pid}" not in str(caught.value)
        assert child.poll() is None


@pytest.mark.usefixtures("impatient")
def test_a_process_whose_parent_is_gone_is_still_found() -> None:
    # -3 is subprocess.DEVNULL: what it wrote to would stay open as long as it.
    parent = f"import subprocess; print(subprocess.Popen({SLEEP!r}, stdout=-3, stderr=-3).pid)"
    before = Before()
    read, write = os.pipe()
    command = [sys.executable, "-c", parent]
    said = subprocess.run(command, stdin=read, capture_output=True, text=True, check=True, timeout=60)
    orphan = psutil.Process(int(said.stdout))
    with pytest.raises(Left, match=f"process {orphan.pid}"):
        before.check()
    os.close(read)
    os.close(write)
    psutil.wait_procs([orphan], timeout=5)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def test_a_child_of_a_process_that_was_there_before_is_not_the_tests() -> None:
    parent = f"import subprocess, sys; input(); child = subprocess.Popen({SLEEP!r}); print(flush=True); child.wait()"
    command = [sys.executable, "-c", parent]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shared:
        assert shared.stdin is not None
        assert shared.stdout is not None
        before = Before()
        shared.stdin.write("go\n")
        shared.stdin.flush()
        assert shared.stdout.readline() == "\n", "there is a child"
        before.check()
        shared.stdin.close()


@pytest.mark.usefixtures("impatient")
def test_an_open_socket_is_named() -> None:
    listener = socket.socket()
    number = listener.fileno()
    before = Before()
    other = socket.socket()
    with pytest.raises(Left, match=f"descriptor {other.fileno()} .socket:") as caught:
        before.check()
    assert f"descriptor {number} " not in str(caught.value)
    listener.close()
    other.close()


@pytest.mark.usefixtures("impatient")
def test_an_open_file_is_named(tmp_path: Path) -> None:
    before = Before()
    with (tmp_path / "kept").open("w"), pytest.raises(Left, match="kept"):
        before.check()


def test_what_ends_in_time_is_no_leak() -> None:
    before = Before()
    ref = Actor.start()
    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE):
        pass
    ref.stop()
    before.check()
