"""The record of the Chromium on a profile, `process.json`: it proves after a crash which one is ours (`orphans`).

It holds {"boot", "leader": [pid, after], "children": [[pid, after], …]}. A pid can be used again, by another process or
after another boot; so a process is known by its pid and by when it started, in seconds since the boot: `create_time` of
psutil counts from the epoch, and would be another one after the host's clock was set.

A Chromium leads a process group of its own, and everything it starts stays in it. The kernel gives no process the
number of a group that has a member left (`free_pid` in kernel/pid.c frees one when nothing uses it any more): while one
member is known to be ours, the whole group is.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import psutil

_FILE = "process.json"


class ProcessRecord(NamedTuple):
    """A Chromium as `record` found it."""

    leader: ProcessIdentity
    children: list[ProcessIdentity]


def record(directory: Path, pid: int) -> None:
    """Record this Chromium with its present children. Blocks. Raises psutil.NoSuchProcess, OSError."""
    leader = ProcessIdentity.of(psutil.Process(pid))
    entry = {"boot": boot(), "leader": leader, "children": list(_children(pid))}
    written = directory / f"{_FILE}.new"
    written.write_text(json.dumps(entry), "utf-8")
    written.rename(directory / _FILE)


def recorded(directory: Path) -> ProcessRecord | None:
    """Return the Chromium that was last on the profile, unless its end was seen; of this boot only."""
    try:
        entry = json.loads((directory / _FILE).read_text("utf-8"))
        found = ProcessRecord(_started(entry["leader"]), [_started(child) for child in entry["children"]])
        return found if entry["boot"] == boot() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(directory: Path) -> None:
    """Delete the record: the Chromium is gone."""
    (directory / _FILE).unlink(missing_ok=True)


def _children(leader: int) -> Iterator[ProcessIdentity]:
    for process in members(leader):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.pid != leader:
                yield ProcessIdentity.of(process)


def _started(pair: Sequence[float]) -> ProcessIdentity:
    pid, after = pair
    return ProcessIdentity(int(pid), float(after))


class ProcessIdentity(NamedTuple):
    """One process of one boot. `after`: seconds from the boot to its start, to the hundredth that the kernel counts."""

    pid: int
    after: float

    @classmethod
    def of(cls, process: psutil.Process) -> Self:
        """Return the identity of a process. Raises psutil.NoSuchProcess."""
        return cls(process.pid, round(process.create_time() - psutil.boot_time(), 2))

    @property
    def group(self) -> int | None:
        """Its process group; None if it has ended, and perhaps only waits for its parent to reap it."""
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            process = psutil.Process(self.pid)
            if self.of(process) == self and process.status() != psutil.STATUS_ZOMBIE:
                return os.getpgid(self.pid)
        return None


def boot() -> str:
    """Return the id of the host's present boot. Raises OSError."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def members(group: int) -> list[psutil.Process]:
    """Return the live members of a group. Any thread."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []  # the cheap check: mostly nobody is there
    except PermissionError:
        pass  # a process of another user
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(pid) == group:
                process = psutil.Process(pid)
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found
