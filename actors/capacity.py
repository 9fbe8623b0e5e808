"""The number of clients the host has room for: open files, and tasks (threads and processes) of the control group.

The host is read once, before anything is started; the rest is arithmetic. A limit that cannot be read is none.
"""

from __future__ import annotations

import errno
import os
import resource
from dataclasses import dataclass
from pathlib import Path

DESCRIPTORS_EACH = 6
"""Open files of a client in our process: debugging pipe, profile lock, pidfd and stderr of Chromium; two to spare."""
TASKS_EACH = 48
"""Threads of a client: its actor, and those of the lean build's two processes, counted while READY."""
DESCRIPTORS_OF_SERVICE, TASKS_OF_SERVICE = 64, 32
"""The needs of the service itself, without its callers; counted with room to spare."""

FEWEST_CONNECTIONS = 8
"""The connections that are taken however few files may be open."""

_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit on the number of clients, and its cause, in an operator's words."""

    clients: int
    name: str


def raise_open_files() -> None:
    """Raise the soft limit of open files to the hard limit: it is low for the sake of programs that `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def host_limits(connections: int) -> tuple[Limit, ...]:
    """Return the host's limits beside this many connections of callers. Reads a few small files."""
    files = open_files()
    return limits(files, connections_allowed(connections, files), _tasks_allowed())


def connections_allowed(chosen: int, files: int | None) -> int:
    """Return the number of connections: as chosen, but no more than half of the open files beside the service's own."""
    return chosen if files is None else max(FEWEST_CONNECTIONS, min(chosen, (files - DESCRIPTORS_OF_SERVICE) // 2))


def open_files() -> int | None:
    """Return the limit of this process's open files; None without one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def is_out_of_files() -> bool:
    """Return True if this process, or the machine, can open no more files.

    libuv then takes new connections and closes them at once, and says so to nobody (`uv__emfile_trick`,
    https://github.com/libuv/libuv/blob/v1.x/src/unix/stream.c).
    """
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False


def limits(files: int | None, connections: int, tasks: int | None) -> tuple[Limit, ...]:
    """Return the limits for known numbers; None is no limit."""
    found = []
    if files is not None:
        room = (files - DESCRIPTORS_OF_SERVICE - connections) // DESCRIPTORS_EACH
        found.append(Limit(max(1, room), f"The number of clients that {files} open files (ulimit -n) allow"))
    if tasks is not None:
        room = (tasks - TASKS_OF_SERVICE) // TASKS_EACH
        found.append(Limit(max(1, room), f"The number of clients that {tasks} tasks (TasksMax) allow"))
    return tuple(found)


def tightest(chosen: int, host: tuple[Limit, ...]) -> Limit | None:
    """Return the limit that counts: the operator's own (0 is none), or the host's if that is lower."""
    own = (Limit(chosen, "SM_MAX_CLIENTS"),) if chosen else ()
    return min((*own, *host), key=lambda limit: limit.clients, default=None)


def _tasks_allowed(proc: Path = _PROC, groups: Path = _CGROUPS) -> int | None:
    """Return the lowest task limit of this process's control group and those around it."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return None
    # https://man7.org/linux/man-pages/man7/cgroups.7.html: number:controllers:path, both empty but the path for v2
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if controllers in ("", "pids"):
            place = groups / controllers / path.lstrip("/")
            allowed = [
                _number(above / "pids.max") for above in (place, *place.parents) if groups in (above, *above.parents)
            ]
            if known := [number for number in allowed if number is not None]:
                return min(known)
    return None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # No such limit here, or "max".
        return None
