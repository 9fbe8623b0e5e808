"""Which processes a start ends: what is provably ours, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from actors.browser import orphans, process_record
from actors.browser.process_record import members
from actors.browser.profiles import Profile, Profiles
from actors.clients.types import ClientId
from tests.rig.processes import until

ONE = ClientId(1)
LEADER = """
import subprocess, sys
for _ in sys.stdin:
    child = subprocess.Popen(["/bin/sleep", "100"], stdin=subprocess.DEVNULL)
    print(child.pid, flush=True)
"""
"""Has a child for each line; their command lines name no profile, as those of the headless shell's renderers."""


@pytest.fixture
def profile(profiles: Profiles) -> Profile:
    profile = profiles.of(ONE)
    os.close(profile.lock())
    return profile


class ProcessIdentity:
    """A process that says it is a Chromium on this profile, and its child."""

    def __init__(self, profile: Profile) -> None:
        command = [sys.executable, "-c", LEADER, f"--user-data-dir={profile.user_data}"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, start_new_session=True, stdin=pipe, stdout=pipe)
        self.pid = self.process.pid
        self.child = self.one_more()

    def one_more(self) -> psutil.Process:
        """Another child."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return psutil.Process(int(self.process.stdout.readline()))

    def __enter__(self) -> ProcessIdentity:
        return self

    def __exit__(self, *_: object) -> None:
        for process in members(self.pid):
            process.kill()
        with self.process:  # which closes its pipes and waits for it
            pass


@pytest.fixture
def started(profile: Profile) -> Iterator[ProcessIdentity]:
    with ProcessIdentity(profile) as started:
        yield started


@pytest.fixture
def orphan(profile: Profile, started: ProcessIdentity) -> psutil.Process:
    """Frozen, and its Chromium is gone."""
    process_record.record(profile.directory, started.pid)
    started.child.suspend()
    until(started.child.status, lambda status: status == psutil.STATUS_STOPPED, "it stands still", 5.0)
    started.process.kill()
    started.process.wait(5.0)
    assert members(started.pid) == [started.child]
    return started.child


def started_after(pid: int) -> float:
    """Seconds from the boot to its start."""
    return process_record.ProcessIdentity.of(psutil.Process(pid)).after


def rewrite(profile: Profile, **entries: object) -> None:
    """Have the record say something else."""
    path = profile.directory / "process.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_what_is_provably_ours_is_reaped_and_its_record_is_gone(
    profiles: Profiles, profile: Profile, started: ProcessIdentity
) -> None:
    process_record.record(profile.directory, started.pid)
    assert orphans.reap(profiles) == [started.pid]
    assert members(started.pid) == []
    assert process_record.recorded(profile.directory) is None
    assert orphans.reap(profiles) == []


@pytest.mark.parametrize("doubt", ["start", "boot", "command line", "no record", "owned", "group"])
def test_what_is_not_provably_ours_lives_on(profiles: Profiles, profile: Profile, doubt: str) -> None:
    with ProcessIdentity(profiles.of(ClientId(2)) if doubt == "command line" else profile) as started:
        if doubt != "no record":
            process_record.record(profile.directory, started.pid)
        if doubt == "start":
            rewrite(profile, leader=[started.pid, started_after(started.pid) - 0.01], children=[])
        if doubt == "boot":
            rewrite(profile, boot="another")
        if doubt == "group":  # a record of the child as if it had been a Chromium
            rewrite(profile, leader=[started.child.pid, started_after(started.child.pid)], children=[])
        held = profile.lock() if doubt == "owned" else None
        assert orphans.reap(profiles) == []
        assert len(members(started.pid)) == 2
        if held is not None:
            os.close(held)


def test_it_is_ours_also_after_the_hosts_clock_was_set(
    profiles: Profiles, profile: Profile, started: ProcessIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    process_record.record(profile.directory, started.pid)
    since_the_epoch, then = psutil.Process.create_time, psutil.boot_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: since_the_epoch(process) + 3600.0)
    monkeypatch.setattr(psutil, "boot_time", lambda: then + 3600.0)
    assert orphans.reap(profiles) == [started.pid]


@pytest.mark.usefixtures("orphan")
def test_a_frozen_child_that_outlived_its_chromium_is_reaped(
    profiles: Profiles, profile: Profile, started: ProcessIdentity
) -> None:
    assert orphans.reap(profiles) == [started.pid]
    assert members(started.pid) == []
    assert process_record.recorded(profile.directory) is None


def test_with_one_child_proved_the_group_is_ours_also_what_came_after_the_record(
    profiles: Profiles, profile: Profile, started: ProcessIdentity
) -> None:
    process_record.record(profile.directory, started.pid)
    started.one_more()
    started.process.kill()
    started.process.wait(5.0)
    assert len(members(started.pid)) == 2
    assert orphans.reap(profiles) == [started.pid]
    assert members(started.pid) == []


@pytest.mark.parametrize("doubt", ["start", "boot", "group", "no child", "owned"])
def test_a_child_that_is_not_provably_ours_lives_on(
    profiles: Profiles, profile: Profile, started: ProcessIdentity, orphan: psutil.Process, doubt: str
) -> None:
    entries: dict[str, dict[str, object]] = {
        "start": {"children": [[orphan.pid, started_after(orphan.pid) - 0.01]]},
        "boot": {"boot": "another"},
        "group": {"leader": [os.getpid(), 1.0]},
        "no child": {"children": []},
        "owned": {},
    }
    rewrite(profile, **entries[doubt])
    held = profile.lock() if doubt == "owned" else None
    assert orphans.reap(profiles) == []
    assert members(started.pid) == [orphan]
    if held is not None:
        os.close(held)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"leader": 7, "children": []}',
        '{"leader": ["x", 1], "children": []}',
        '{"leader": [1, 1], "children": 7}',
        '{"leader": [1, 1], "children": [7]}',
        '{"leader": [1, 1], "children": []}',
    ],
)
def test_a_broken_record_hurts_nobody(profiles: Profiles, profile: Profile, text: str) -> None:
    (profile.directory / "process.json").write_text(text)
    assert orphans.reap(profiles) == []


def test_a_deletion_that_was_interrupted_is_taken_up(profiles: Profiles) -> None:
    profile = profiles.of(ONE)
    profile.keep()
    profile.drop()
    orphans.reap(profiles)
    assert not profile.directory.exists()
