"""A file system that fails under one client: what is told of that client, and that no other hears of it."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from actors.browser import orphans
from actors.browser.browser import ChromiumBrowser
from actors.browser.profiles import Profile, Profiles, file_threads
from actors.browser.profiles.file_threads import FileThreads
from actors.clients.protocol import BrowserGone
from actors.clients.types import ClientId, Reason
from tests.browser.pages import options

ONE, TWO = ClientId(1), ClientId(2)


def a_file(directory: Path) -> None:
    directory.write_text("where a directory belongs")


def links_in_a_circle(directory: Path) -> None:
    directory.symlink_to(directory)


def marks_that_are_a_circle(directory: Path) -> None:
    (directory / "login").mkdir(parents=True)
    (directory / "lock").symlink_to(directory / "lock")


FAULTS: tuple[Callable[[Path], None], ...] = (a_file, links_in_a_circle, marks_that_are_a_circle)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The directory of client 1 answers every look with an error, as without permission, or after EIO; call to mend.

    The tests run as root, whom no permission keeps out.
    """
    real, broken = os.lstat, {ONE}

    def fails(path: str | Path, **more: object) -> os.stat_result:
        if broken and f"/profiles/{ONE}/" in f"{path}/":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "lstat", fails)
    return broken.clear


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[ChromiumBrowser]:
    """A browser that is never asked for a page that it can open: no Chromium is started."""
    browser = ChromiumBrowser(options(tmp_path, "http://127.0.0.1:9", "chromium-headless-shell"))
    yield browser
    assert browser.stop(5.0)


def gone(browser: ChromiumBrowser, client_id: ClientId = ONE) -> BrowserGone:
    facts: SimpleQueue[object] = SimpleQueue()
    browser.open(client_id, facts.put)
    fact = facts.get(timeout=20)
    assert isinstance(fact, BrowserGone)
    return fact


def deleted(browser: ChromiumBrowser, client_id: ClientId = ONE) -> str | None:
    outcome: SimpleQueue[str | None] = SimpleQueue()
    browser.drop_login(client_id, outcome.put)
    return outcome.get(timeout=10)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_profile_that_cannot_be_used_is_its_own_reason(
    profiles: Profiles, browser: ChromiumBrowser, fault: Callable[[Path], None]
) -> None:
    directory = profiles.of(ONE).directory
    fault(directory)
    profiles.of(TWO).keep()
    browser.start()
    assert browser.logins() - {ONE} == {TWO}
    told = gone(browser)
    assert told.reason is Reason.PROFILE_UNUSABLE
    assert str(directory) in told.text
    assert deleted(browser, TWO) is None


def test_a_login_that_cannot_be_read_is_there_again_once_the_disk_is_mended(
    profiles: Profiles, browser: ChromiumBrowser, unreadable: Callable[[], None]
) -> None:
    for client in (ONE, TWO):
        profiles.of(client)._make()
        (profiles.of(client).directory / "login").touch()
    browser.start()
    assert browser.logins() == {TWO}
    assert browser.has_profile(ONE)
    assert gone(browser).reason is Reason.PROFILE_UNUSABLE
    left = deleted(browser)
    assert left is not None
    assert "Permission denied" in left
    unreadable()
    assert deleted(browser) is None
    assert not profiles.of(ONE).directory.exists()
    assert not browser.has_profile(ONE)


def test_a_login_that_could_not_be_read_is_known_from_the_next_use_on(
    profiles: Profiles, unreadable: Callable[[], None]
) -> None:
    profiles.of(ONE)._make()
    (profiles.of(ONE).directory / "login").touch()
    profiles.marks.load()
    assert not profiles.marks.has(ONE)
    unreadable()

    async def use() -> None:
        async with profiles.owned(ONE):
            assert profiles.marks.has(ONE)

    asyncio.run(use())


def test_a_login_that_cannot_be_dropped_is_still_there(
    profiles: Profiles, browser: ChromiumBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.of(ONE).keep()
    browser.start()

    def refuses(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "rename", refuses)
        assert "Read-only file system" in str(deleted(browser))
    assert browser.has_login(ONE)
    assert deleted(browser) is None
    assert not browser.has_login(ONE)


def test_a_profile_is_deleted_with_the_links_in_it_and_not_what_they_name(profiles: Profiles, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    profile = profiles.of(ONE)
    profile.keep()
    (profile.directory / "linked").symlink_to(precious)
    profile.drop()
    asyncio.run(profiles.erase(ONE))
    assert not profile.directory.exists()
    assert precious.exists()


def test_only_names_that_the_service_gives_are_profiles(profiles: Profiles) -> None:
    for name in ("7", "007", "0", "²", "٣", "2147483648", "99999999999", "-1", "lost+found"):
        (profiles.directory / name).mkdir()
    assert profiles.clients() == [ClientId(7)]
    assert orphans.reap(profiles) == []


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The disk under client 1 answers once this is set."""
    answers, real = threading.Event(), Profile.lock

    def lock(profile: Profile) -> int:
        if profile.client_id == ONE:
            assert answers.wait(20)
        return real(profile)

    monkeypatch.setattr(Profile, "lock", lock)
    monkeypatch.setattr(file_threads, "PATIENCE", 0.05)
    yield answers
    answers.set()


def test_a_disk_that_hangs_under_one_client_holds_up_no_start_and_no_other(
    profiles: Profiles, browser: ChromiumBrowser, hanging: threading.Event
) -> None:
    for client in (ONE, TWO):
        profiles.of(client).keep()
    browser.start()
    assert [(gone(browser).reason, deleted(browser, TWO)) for _ in range(6)] == [(Reason.PROFILE_UNUSABLE, None)] * 6
    hanging.set()
    assert browser._profiles.files.ended(5.0)
    assert deleted(browser) is None


def test_the_work_of_a_client_runs_in_its_order_in_one_thread_at_a_time() -> None:
    files, go = FileThreads(), threading.Event()
    done: list[int] = []
    first = files.submit(ONE, go.wait, 10)
    rest = [files.submit(ONE, done.append, number) for number in range(5)]
    files.submit(TWO, done.append, -1).result(timeout=5)
    assert done == [-1]
    assert files.busy_for(ONE) > 0
    go.set()
    assert first.result(timeout=5)
    for work in rest:
        work.result(timeout=5)
    assert done == [-1, 0, 1, 2, 3, 4]
    assert files.ended(5.0)
    assert files.busy_for(ONE) == 0
