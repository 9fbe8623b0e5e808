"""The remains of earlier services: Chromiums that are provably ours are ended, profiles of no client deleted, and
logins of no client named in the log.

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
from collections.abc import Collection
from concurrent.futures import wait

import psutil
import structlog

from actors.browser import process_record
from actors.browser.process_record import ProcessRecord, members
from actors.browser.profiles import Profile, ProfileInUse, Profiles, file_threads
from actors.clients.types import ClientId

_GRACE = 3.0
NAMED = 50
"""The clients that one log line names."""

_log = structlog.get_logger("browser")


def reap(profiles: Profiles) -> list[int]:
    """Kill the Chromiums left on our profiles, and wait until they are gone; return their pids. Blocks.

    A disk that does not answer is waited for PATIENCE: the rest follows once it does.
    """
    looks = {
        client_id: profiles.files.submit(client_id, _reap, profiles.of(client_id)) for client_id in profiles.clients()
    }
    wait(looks.values(), timeout=file_threads.PATIENCE)
    reaped = []
    for client_id, look in looks.items():
        error = look.exception() if look.done() else TimeoutError("the disk does not answer")
        if error is not None:
            _log.error("profile.not_reaped", client=client_id, error=str(error))
        elif (pid := look.result()) is not None:
            reaped.append(pid)
    return reaped


def _reap(profile: Profile) -> int | None:
    """Kill the Chromium left on one profile, and return its pid; delete what was dropped. Raises OSError."""
    try:
        held = profile.lock()
    except (ProfileInUse, FileNotFoundError):  # another process uses it, or is deleting it
        return None
    try:
        recorded = process_record.recorded(profile.directory)
        left = recorded is not None and _is_ours(recorded, profile)
        if recorded is not None and left:
            _end(recorded.leader.pid)
            _log.warning("browser.orphan_ended", pid=recorded.leader.pid, client=profile.client_id)
        profile.unrecord()
        profile.delete()
        return recorded.leader.pid if recorded is not None and left else None
    finally:
        os.close(held)


def sweep(profiles: Profiles, known: Collection[ClientId]) -> list[ClientId]:
    """Delete the profiles of no client: without a login, and of none that is `known`; return whose they were. Blocks.

    For a start, before any page is opened. A profile whose login cannot be read is kept, and so is everything that is
    no directory with our own files alone, as behind a link. A login is kept too, and named: its device is on a phone.
    """
    _warn_of(sorted(profiles.marks.all() - set(known)))
    idle = [client_id for client_id in profiles.marks.without_login() if client_id not in known]
    looks = {client_id: profiles.files.submit(client_id, _delete, profiles.of(client_id)) for client_id in idle}
    wait(looks.values(), timeout=file_threads.PATIENCE)
    deleted = []
    for client_id, look in looks.items():
        error = look.exception() if look.done() else TimeoutError("the disk does not answer")
        if error is not None:
            _log.error("profile.orphan_not_deleted", client=client_id, error=str(error))
        elif look.result():
            profiles.marks.erased(profiles.of(client_id))
            deleted.append(client_id)
            _log.warning("profile.orphan_deleted", client=client_id, directory=str(profiles.of(client_id).directory))
    return deleted


def _warn_of(strangers: list[ClientId]) -> None:
    """Name the clients with a login of which the database knows nothing."""
    if strangers:
        _log.warning(
            "profile.login_of_no_client",
            clients=strangers[:NAMED],
            count=len(strangers),
            text="The database knows nothing of these clients, whose logins are stored. POST /init with the number "
            "uses the login again, DELETE /session/NUMBER logs out and deletes it. If it is the wrong database, stop "
            "the service and set SM_DATABASE_URL or SM_DATA_DIR.",
        )


def _delete(profile: Profile) -> bool:
    """Delete a profile without a login; return True if that was done. Raises OSError."""
    if profile.directory.is_symlink() or not profile.is_ours:
        return False
    try:
        held = profile.lock()
    except ProfileInUse:
        return False
    try:
        if profile.has_login:
            return False
        profile.drop()
        profile.delete()
        return True
    finally:
        os.close(held)


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
