"""What is read in the process table, while it changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateway.checklist.processes import listener, with_argument
from gateway.checklist.site import ChecklistOptions, Site
from tests.rig.processes import until

PROGRAM = """# session-manager
import os, socket
listening = socket.create_server(("127.0.0.1", 0))
child = os.fork()
if not child:
    os.read(0, 1)
    os.execvp("cat", ["cat"])
port = listening.getsockname()[1]
listening.close()
print(port, child, flush=True)
os.waitpid(child, 0)
"""
"""While the service starts a Chromium, a fork of it holds its socket for a moment, and then becomes something else."""


class Forked:
    """The program, its fork, and the port that only the fork still has."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = psutil.Process(process.pid)
        self.port, child = map(int, process.stdout.readline().split())
        self.fork, self._stdin = psutil.Process(child), process.stdin

    def becomes_chromium(self) -> None:
        assert self._stdin is not None
        self._stdin.write("x")
        self._stdin.flush()
        until(self.fork.cmdline, lambda words: words == ["cat"], "it is another program", 10.0)


@pytest.fixture
def forked() -> Iterator[Forked]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Forked(process)
        process.communicate()


def test_the_service_is_found_where_only_its_fork_is_seen_to_listen(forked: Forked) -> None:
    assert listener(forked.port) == forked.process


def test_a_fork_of_a_chromium_is_not_taken_for_another_one(tmp_path: Path) -> None:
    """It has the command line of its parent until it becomes a renderer, say."""
    argument = f"--user-data-dir={tmp_path}/7"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, argument], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert [found.pid for found in with_argument(argument)] == [process.pid]
        process.communicate()


def test_what_has_become_another_program_is_not_the_service(forked: Forked) -> None:
    with Site(ChecklistOptions(url=f"http://127.0.0.1:{forked.port}")) as site:
        site._process = forked.fork
        forked.becomes_chromium()
        assert site.process() is None
