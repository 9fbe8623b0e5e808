"""What a test may not leave behind: threads, actors, processes, open descriptors.

Rule of this file: what was there before the test is not its fault, and neither is what belongs to that (the children of
a process that a wider fixture started). What is new gets a few seconds to go; then it is named, ended, and fails the
test.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil

from actors.runtime.testing import Leak, Leaks

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds that what is ending may take to end."""
MARK = "XDG_PYTEST_LEAKS_RUN"
"""In the environment of every process that a test starts, so that it is known when its parents are gone. Chromium's
environment keeps names that begin so.
"""
_LOOK_AGAIN = 0.02


class Left(Leak):
    """Something is left that was not there before the test."""


class Before:
    """What there is when it is made; `check` tells what has come since."""

    def __init__(self) -> None:
        self._actors = Leaks()
        self._processes = set(psutil.pids())
        self._descriptors = descriptors()

    def check(self) -> None:
        """Raise Left, naming what is new; end new actors and processes, so that one leak fails one test."""
        deadline = time.monotonic() + PATIENCE
        problems = [*self._of_actors(), *self._of_processes(deadline), *self._of_descriptors(deadline)]
        if problems:
            raise Left("left over: " + "; ".join(problems))

    def _of_actors(self) -> Iterator[str]:
        try:
            self._actors.check(timeout=PATIENCE)
        except Leak as leak:
            yield str(leak).removeprefix("left over: ")
            with contextlib.suppress(Exception):  # an actor that cannot stop has been named already
                self._actors.stop_actors(timeout=1.0)

    def _of_processes(self, deadline: float) -> Iterator[str]:
        left = _until_none(self.processes, deadline)
        for process in left:
            with contextlib.suppress(psutil.Error):
                yield f"process {process.pid} ({' '.join(process.cmdline())[:200] or process.name()})"
                process.kill()

    def _of_descriptors(self, deadline: float) -> Iterator[str]:
        if descriptors() - self._descriptors:
            gc.collect()
        for number, what in _until_none(lambda: sorted(descriptors() - self._descriptors), deadline):
            yield f"descriptor {number} ({what})"

    def processes(self) -> list[psutil.Process]:
        """Live processes that are new and come from this test run."""
        if not (pids := set(psutil.pids()) - self._processes):
            return []
        children = {child.pid for child in psutil.Process().children(recursive=True)}
        new = [_process(pid) for pid in pids]
        return [process for process in new if process and self._is_left(process, children)]

    def _is_left(self, process: psutil.Process, children: set[int]) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE or not (process.pid in children or _is_marked(process)):
                return False
            return not any(parent.pid in self._processes and _is_marked(parent) for parent in process.parents())
        except psutil.NoSuchProcess:
            return False


def mark_this_run() -> None:
    """Have every process that is started from now on carry the run's mark."""
    os.environ[MARK] = uuid.uuid4().hex


def descriptors() -> set[tuple[int, str]]:
    """Open descriptors of this process, and what they are open on."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the directory's own, gone by now
            found.add((int(entry.name), str(entry.readlink())))
    return found


def _until_none(look: Callable[[], list[T]], deadline: float) -> list[T]:
    """What is still seen at the deadline; nothing reports the end of a descriptor or of somebody else's child."""
    while (seen := look()) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN)
    return seen


def _is_marked(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):  # gone, or not ours to look into
        return process.environ().get(MARK) == os.environ[MARK]
    return False


def _process(pid: int) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid)
    return None
