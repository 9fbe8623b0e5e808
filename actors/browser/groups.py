"""Process groups: a Chromium leads one of its own, and everything it starts stays in it.

The kernel gives no process the number of a group that has a member left (`free_pid` in kernel/pid.c frees a number once
nothing uses it any more): while one member is known to be ours, the whole group is.
"""

from __future__ import annotations

import contextlib
import os

import psutil


def members(group: int) -> list[psutil.Process]:
    """Who is in it, without those that only wait for their parent to take note of their end. Any thread."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []  # the cheap look: mostly there is nobody
    except PermissionError:
        pass  # somebody of another user is
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(pid) == group:
                process = psutil.Process(pid)
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found
