"""Ending what a killed service left behind: the Chromiums that are provably ours, and nothing else, ever.

A process is ours if all of this holds: its pid is the one recorded in a profile, it started when the record says, its
command line names that very profile, and nobody alive holds the profile's lock.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil
import structlog

from actors.browser.profiles import Profile, ProfileInUse, Profiles

_CLOCK_DRIFT = 2.0
"""Seconds by which the start time of one process may differ between two looks: it is reckoned from the boot time."""
_GRACE = 3.0

_log = structlog.get_logger("browser")


def reap(profiles: Profiles) -> list[int]:
    """Kill what is left on our profiles, and wait until it is gone; the pids. Blocks."""
    reaped = []
    for profile in profiles.all():
        with contextlib.suppress(ProfileInUse, OSError):  # somebody works on it, or is deleting it
            held = profile.lock()
            try:
                process = _ours(profile)
                if process is not None:
                    _end(process)
                    reaped.append(process.pid)
                    _log.warning("browser.reaped", pid=process.pid, client=int(profile.directory.name))
                profile.unrecord()
                profile.delete()
            finally:
                os.close(held)
    return reaped


def _ours(profile: Profile) -> psutil.Process | None:
    recorded = profile.recorded()
    if recorded is None:
        return None
    pid, create_time = recorded
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        same = abs(process.create_time() - create_time) <= _CLOCK_DRIFT
        if same and f"--user-data-dir={profile.user_data}" in process.cmdline():
            return process
    return None


def _end(process: psutil.Process) -> None:
    """The whole group: Chromium leads one of its own."""
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        members = process.children(recursive=True)
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        psutil.wait_procs([process, *members], timeout=_GRACE)
    deadline = time.monotonic() + _GRACE
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)  # it is not our child: nothing tells us of its end
