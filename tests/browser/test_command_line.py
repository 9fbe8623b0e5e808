"""The Chromium that is found, what is said where it or wa-js is missing, and the flags it is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from actors.browser import wa_js
from actors.browser.chromium import command_line
from actors.browser.chromium.command_line import Build, command, identity
from actors.browser.options import BrowserOptions, BrowserUnavailable
from actors.clients.registry.config import Proxy

URL = "https://web.whatsapp.com/"
SHELL = Build(Path("/opt/chromium-headless-shell"), "156.0.8078.79")
FULL = Build(Path("/opt/chromium"), "156.0.8078.79")


def flags(build: Build, **options: Any) -> list[str]:
    return command(build, Path("/data/profiles/7/chromium"), BrowserOptions(Path("/data"), URL, **options))


def test_the_user_agent_says_nothing_of_headless() -> None:
    (agent,) = [flag for flag in flags(SHELL) if flag.startswith("--user-agent=")]
    assert "Chrome/156.0.0.0" in agent
    assert "Headless" not in agent
    assert "Headless" not in str(identity("156.0.8078.79"))
    assert "--user-agent=Mine" in flags(SHELL, user_agent="Mine")


def test_chromiums_own_sandbox_stays_on_unless_it_is_switched_off_or_cannot_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "--no-sandbox" not in flags(SHELL)
    assert "--no-zygote" not in flags(SHELL)
    assert "--no-sandbox" in flags(SHELL, no_sandbox=True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--no-sandbox" in flags(SHELL)
    assert "--no-sandbox" not in flags(SHELL, no_sandbox=False)


def test_only_the_build_with_a_window_is_told_to_have_none() -> None:
    assert "--headless=new" in flags(FULL)
    assert "--headless=new" not in flags(SHELL)


def test_the_environments_proxy_is_taken_only_where_a_setting_says_so() -> None:
    assert "--no-proxy-server" in flags(SHELL)
    assert "--no-proxy-server" not in flags(SHELL, proxy_from_environment=True)
    assert "--no-proxy-server" not in flags(SHELL, chromium_args=("--proxy-server=10.0.0.1:3128",))
    own = command(SHELL, Path("/data"), BrowserOptions(Path("/data"), URL), Proxy("10.0.0.1:3128"))
    assert "--no-proxy-server" not in own


def test_further_flags_come_last_so_that_they_count() -> None:
    assert flags(SHELL, chromium_args=("--lang=es",))[-2:] == ["--lang=es", "about:blank"]


def test_no_chromium_is_one_sentence_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrowserUnavailable, match="set SM_CHROMIUM"):
        command_line.find_build(tmp_path / "nothing")
    with pytest.raises(BrowserUnavailable, match="does not say its version"):
        command_line.find_build(Path("/bin/true"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserUnavailable, match="install chromium-headless-shell"):
        command_line.find_build(None)


def test_a_missing_wa_js_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BrowserUnavailable, match="make setup"):
        wa_js.load(tmp_path)
    assert wa_js.load().version
