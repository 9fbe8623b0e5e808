"""Profiles that belong to no client are deleted at a start; nothing else is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from actors.browser import orphans
from actors.browser.browser import ChromiumBrowser
from actors.browser.profiles import Profiles
from actors.clients.types import ClientId
from actors.settings import Settings
from actors.system import System
from tests.browser.pages import options


def made(profiles: Profiles, client: int) -> Path:
    """A profile that a page has used, and that never had a login."""
    profile = profiles.of(ClientId(client))
    os.close(profile.lock())
    (profile.user_data / "Default").mkdir()
    (profile.user_data / "Default" / "Preferences").write_text("{}")
    return profile.directory


def chosen(**settings: Any) -> Settings:
    return Settings(**settings)


def swept(profiles: Profiles, *known: int) -> list[int]:
    profiles.marks.load()
    return list(map(int, orphans.sweep(profiles, {ClientId(client) for client in known})))


def test_a_profile_of_no_client_goes_and_those_of_clients_stay(profiles: Profiles) -> None:
    orphan, known, linked = made(profiles, 1), made(profiles, 2), made(profiles, 3)
    profiles.of(ClientId(3)).keep()
    assert swept(profiles, 2) == [1]
    assert (orphan.exists(), known.exists(), linked.exists()) == (False, True, True)
    assert not profiles.marks.exist(ClientId(1))


def test_a_login_of_no_client_stays_and_is_named_with_what_to_do(profiles: Profiles) -> None:
    for client in (1, 2, 3):
        made(profiles, client)
        profiles.of(ClientId(client)).keep()
    with capture_logs() as logs:
        assert swept(profiles, 2) == []
    named = [line for line in logs if line["event"] == "profile.login_of_no_client"]
    assert [(line["clients"], line["count"]) for line in named] == [([1, 3], 2)]
    assert "POST /init" in named[0]["text"]
    assert "DELETE /session/" in named[0]["text"]


def test_logins_of_known_clients_are_not_named(profiles: Profiles) -> None:
    made(profiles, 2)
    profiles.of(ClientId(2)).keep()
    with capture_logs() as logs:
        assert swept(profiles, 2) == []
    assert "profile.login_of_no_client" not in [line["event"] for line in logs]


def test_what_the_service_has_not_made_stays(profiles: Profiles, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (profiles.directory / "4").symlink_to(elsewhere)
    (made(profiles, 5) / "precious").touch()
    others = [profiles.directory / name for name in ("6", "007", "backup")]
    others[0].touch()
    others[1].mkdir()
    others[2].mkdir()
    assert swept(profiles) == []
    assert (elsewhere / "precious").exists()
    assert (profiles.directory / "5" / "precious").exists()
    assert all(other.exists() for other in others)


def test_a_profile_that_another_process_uses_stays(profiles: Profiles) -> None:
    directory = made(profiles, 1)
    held = profiles.of(ClientId(1)).lock()
    assert swept(profiles) == []
    assert directory.exists()
    os.close(held)


def test_a_start_of_the_service_sweeps(tmp_path: Path, profiles: Profiles) -> None:
    orphan = made(profiles, 1)
    browser = ChromiumBrowser(options(tmp_path, "http://127.0.0.1:9", "chromium-headless-shell"))
    with System(chosen(data_dir=tmp_path), browser):
        assert not orphan.exists()
