"""Who owns a profile directory, and when it is deleted."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from actors.browser.options import BrowserUnavailable
from actors.browser.profiles import Profile, ProfileInUse, Profiles
from actors.clients.types import ClientId

ONE = ClientId(1)


def test_directories_are_for_their_owner_only(profiles: Profiles) -> None:
    profile = profiles.of(ONE)
    os.close(profile.lock())
    for directory in (profiles.directory, profile.directory, profile.user_data):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "profiles").write_text("a file")
    with pytest.raises(BrowserUnavailable, match="set SM_DATA_DIR"):
        Profiles(tmp_path).create()


def test_a_login_is_there_from_being_kept_until_being_dropped(profiles: Profiles) -> None:
    def has_login() -> bool:
        return profiles.of(ONE).has_login

    profile = profiles.of(ONE)
    assert not has_login()
    profile.drop()
    assert not profile.directory.exists()
    profile.keep()
    assert has_login()
    profile.drop()
    assert not has_login()


def test_a_login_is_dropped_also_where_no_file_can_be_made(profiles: Profiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    profile = profiles.of(ONE)
    profile.keep()
    monkeypatch.setattr(Path, "touch", full)
    profile.drop()
    assert profile.is_dropped
    assert not profile.has_login


def test_one_process_owns_a_profile_and_the_other_is_told_who(profiles: Profiles) -> None:
    profile = profiles.of(ONE)
    held = profile.lock()
    with pytest.raises(ProfileInUse, match=f"in use by process {os.getpid()}"):
        profile.lock()
    os.close(held)
    os.close(profile.lock())


def test_a_dropped_profile_goes_when_its_owner_lets_go(profiles: Profiles) -> None:
    profile = profiles.of(ONE)

    async def story() -> None:
        async with profiles.owned(ONE):
            (profile.user_data / "Cookies").write_text("login")
            profile.keep()
            profile.drop()
            erasing = asyncio.create_task(profiles.erase(ONE))
            await asyncio.sleep(0)
            assert (profile.user_data / "Cookies").exists()
        await erasing
        assert not profile.directory.exists()

    asyncio.run(story())


def test_a_dropped_profile_nobody_owns_goes_at_once(profiles: Profiles) -> None:
    profile = profiles.of(ONE)
    profile.keep()
    profile.drop()
    asyncio.run(profiles.erase(ONE))
    assert not profile.directory.exists()
    asyncio.run(profiles.erase(ONE))
    assert not profile.directory.exists()


def test_the_next_owner_finds_nothing_of_a_dropped_login(profiles: Profiles) -> None:
    profile = profiles.of(ONE)
    profile.keep()
    (profile.user_data / "Cookies").parent.mkdir(exist_ok=True)
    (profile.user_data / "Cookies").write_text("login")
    profile.drop()

    async def story() -> None:
        async with profiles.owned(ONE) as mine:
            assert not (mine.user_data / "Cookies").exists()
            assert not mine.is_dropped

    asyncio.run(story())


def test_owners_take_turns_and_one_that_gives_up_waiting_holds_nothing(profiles: Profiles) -> None:
    turns: list[str] = []

    async def own(name: str) -> None:
        async with profiles.owned(ONE):
            turns.append(name)

    async def story() -> None:
        async with profiles.owned(ONE):
            waiting = [asyncio.create_task(own(name)) for name in ("second", "third", "fourth")]
            await asyncio.sleep(0)
            waiting[1].cancel()
        await asyncio.wait(waiting)

    asyncio.run(story())
    assert turns == ["second", "fourth"]
    os.close(profiles.of(ONE).lock())


def test_caches_go_when_the_profile_is_too_big_and_nothing_else_does(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path, limit=100_000)
    profiles.create()
    user_data = profiles.of(ONE).user_data

    async def use() -> None:
        async with profiles.owned(ONE):
            for name in ("Default/Cache/Cache_Data", "Default/IndexedDB", "Default/Local Storage"):
                (user_data / name).mkdir(parents=True, exist_ok=True)
                (user_data / name / "data").write_bytes(bytes(60_000))

    asyncio.run(use())
    assert not (user_data / "Default/Cache").exists()
    assert (user_data / "Default/IndexedDB/data").exists()
    assert (user_data / "Default/Local Storage/data").exists()


def left_by_a_kill(profile: Profile, tmp_path: Path, directory: str) -> Path:
    """What the full build leaves in a profile and beside it."""
    beside = tmp_path / directory
    for place in (beside, profile.user_data):
        place.mkdir(parents=True)
    (beside / "SingletonSocket").touch()
    (profile.user_data / "SingletonSocket").symlink_to(beside / "SingletonSocket")
    (profile.user_data / "SingletonCookie").symlink_to("1234")
    (profile.user_data / "SingletonLock").symlink_to("another-host-1234")
    (profile.user_data / "Local State").touch()
    return beside


def test_the_lock_that_a_killed_chromium_left_goes_with_the_next_owner(profiles: Profiles, tmp_path: Path) -> None:
    profile = profiles.of(ONE)
    beside = left_by_a_kill(profile, tmp_path, "org.chromium.Chromium.aB1xYz")

    async def own() -> list[str]:
        async with profiles.owned(ONE):
            return sorted(os.listdir(profile.user_data))

    assert asyncio.run(own()) == ["Local State"]
    assert not beside.exists()


def test_a_lock_that_points_elsewhere_takes_nothing_along(profiles: Profiles, tmp_path: Path) -> None:
    profile = profiles.of(ONE)
    beside = left_by_a_kill(profile, tmp_path, "precious")
    profile.unlock()
    assert (beside / "SingletonSocket").exists()
    assert os.listdir(profile.user_data) == ["Local State"]
