"""Memory and processor time of each client's browser, measured rarely, in a thread of its own.

Every process's page tables are read for its PSS: milliseconds each. So an answer is kept for `KEPT` seconds, one
measurement runs at a time, and other askers meanwhile get the previous one.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psutil

from actors.clients.types import ClientId, Seconds

KEPT: Seconds = 15.0
PATIENCE: Seconds = 3.0
"""The time an asker waits for a measurement; then it gets the previous one."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of one client: the number of processes, their PSS in bytes, the processor time (seconds) of those now
    alive.
    """

    processes: int
    pss: int
    cpu: Seconds


class Usages:
    """The newest usages. `roots` gives the first process of each client's browser. Any thread may call."""

    def __init__(self, roots: Callable[[], Mapping[ClientId, int]], *, kept: Seconds = KEPT) -> None:
        self._roots, self._kept = roots, kept
        self._lock = threading.Lock()
        self._latest: Mapping[ClientId, Usage] = {}
        self._measured_at = -kept

    def latest(self) -> Mapping[ClientId, Usage]:
        """Return the newest measurement, made now if it is older than `kept`. Blocks for PATIENCE at most."""
        if time.monotonic() - self._measured_at < self._kept:
            return self._latest
        if self._lock.acquire(blocking=False):
            thread = threading.Thread(target=self._measure, name="usage", daemon=True)
            thread.start()
            thread.join(PATIENCE)
        return self._latest

    def _measure(self) -> None:
        """Measure, in the thread that holds the lock."""
        try:
            self._latest = measure(self._roots())
            self._measured_at = time.monotonic()
        finally:
            self._lock.release()


def measure(roots: Mapping[ClientId, int]) -> dict[ClientId, Usage]:
    """Return the usage of the process trees below these roots; a client whose process has ended is left out."""
    below = _children()
    return {client_id: usage for client_id, pid in roots.items() if (usage := _sum(_tree(pid, below))).processes}


def _children() -> Mapping[int, list[int]]:
    """Return parent -> children, of all processes, in one reading."""
    below: defaultdict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        below[process.info["ppid"]].append(process.pid)
    return below


def _tree(root: int, below: Mapping[int, list[int]]) -> Iterable[int]:
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += below.get(pid, ())


def _sum(pids: Iterable[int]) -> Usage:
    processes, pss, cpu = 0, 0, 0.0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                pss += process.memory_full_info().pss
        except (psutil.Error, OSError, AttributeError):  # It has ended meanwhile, or may not be read.
            continue
        processes, cpu = processes + 1, cpu + times.user + times.system
    return Usage(processes, pss, cpu)
