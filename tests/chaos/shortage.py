"""A want of memory that the kernel ends by killing, for one process alone: a memory cgroup (version 1) below ours."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from tests.rig.processes import until

ROOM = 64 * 2**20
"""Bytes the process may take from then on. What it has already stays charged to the group it came from."""


class Shortage:
    """One group. To be ended once no process is in it."""

    def __init__(self, name: str) -> None:
        self._group = _own_group() / f"session-manager-chaos-{os.getpid()}-{name}"

    def begin(self, pid: int) -> None:
        """Have this process be killed once it takes more than `ROOM`. Raises OSError where none can be made."""
        self._group.mkdir()
        (self._group / "memory.limit_in_bytes").write_text(str(ROOM))
        (self._group / "cgroup.procs").write_text(str(pid))

    @property
    def kills(self) -> int:
        """How many processes the kernel has killed in it."""
        lines = (self._group / "memory.oom_control").read_text().splitlines()
        return int(dict(line.split() for line in lines)["oom_kill"])

    def end(self) -> int:
        """Remove it. Answers how many were killed."""
        until((self._group / "cgroup.procs").read_text, lambda pids: not pids, "its processes are gone", 5.0)
        kills = self.kills
        self._group.rmdir()
        return kills


def _own_group() -> Path:
    """The directory of the group we are in. Raises OSError where there is no such hierarchy."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = next((line.split(":", 2)[2] for line in lines if ":memory:" in line), None)
    if own is None:
        raise OSError("there is no memory hierarchy of cgroups")
    return Path("/sys/fs/cgroup/memory") / own.lstrip("/")


@cache
def can_be_made() -> bool:
    """Whether we may make such groups here: as root, and with the first version of cgroups."""
    try:
        probe = _own_group() / f"session-manager-chaos-{os.getpid()}"
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True
