"""The Chromiums that a killed service left behind: those that are provably ours are ended, and no others.

A Chromium is ours if all of this holds: its pid is recorded in a profile, it started at the recorded time, its command
line names that very profile, and no live process holds the profile's lock.

It can be gone while a child is left, frozen when it should have ended. A child's command line need not name the
profile; it is ours if its pid is recorded as a child's, it started at the recorded time, and it is in the group that
the recorded Chromium led. Then the whole group is ours (`process_record`), also members that came after the record.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil
import structlog

from actors.browser import process_record
from actors.browser.process_record import ProcessRecord, members
from actors.browser.profiles import Profile, ProfileInUse, Profiles

_GRACE = 3.0

_log = structlog.get_logger("browser")


def reap(profiles: Profiles) -> list[int]:
    """Kill the Chromiums left on our profiles, and wait until they are gone; return their pids. Blocks."""
    reaped = []
    for profile in profiles.all():
        with contextlib.suppress(ProfileInUse, OSError):  # another process uses it, or is deleting it
            held = profile.lock()
            try:
                recorded = process_record.recorded(profile.directory)
                if recorded is not None and _is_ours(recorded, profile):
                    _end(recorded.leader.pid)
                    reaped.append(recorded.leader.pid)
                    _log.warning("browser.orphan_ended", pid=recorded.leader.pid, client=int(profile.directory.name))
                profile.unrecord()
                profile.delete()
            finally:
                os.close(held)
    return reaped


def _is_ours(recorded: ProcessRecord, profile: Profile) -> bool:
    """Return True if a member is left of the group that the recorded Chromium led."""
    group = recorded.leader.pid
    if recorded.leader.group == group:
        return _names(profile, group)
    return any(child.group == group for child in recorded.children)


def _names(profile: Profile, pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return f"--user-data-dir={profile.user_data}" in psutil.Process(pid).cmdline()
    return False


def _end(group: int) -> None:
    deadline = time.monotonic() + _GRACE
    while members(group) and time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        time.sleep(0.01)  # they are not our children: we get no notice of their end
