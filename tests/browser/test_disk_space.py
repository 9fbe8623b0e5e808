"""A disk that has no room: Chromium is kept from it, for it would throw the stored login away."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.chromium import disk_space
from actors.clients.protocol import BrowserGone
from actors.clients.types import ClientId, Reason
from tests.browser.pages import CLIENT, Opened, options, running
from tests.rig import Sandbox, naming

ENDLESS = 2**40


def test_a_disk_with_room_lacks_nothing_and_one_that_cannot_be_looked_at_is_left_to_chromium(tmp_path: Path) -> None:
    assert disk_space.lacking(tmp_path) is None
    assert disk_space.lacking(tmp_path / "nowhere") is None


def test_a_full_disk_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "LEAST", ENDLESS)
    told = disk_space.lacking(tmp_path)
    assert told is not None
    assert told.startswith(f"The disk of {tmp_path} is full (")
    assert told.endswith("free some space")


def test_a_disk_without_files_to_give_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.statvfs(tmp_path)
    none_left = os.statvfs_result((*found[:5], 1000, 7, 7, *found[8:10]))
    monkeypatch.setattr(os, "statvfs", lambda _: none_left)
    assert disk_space.lacking(tmp_path) == f"The disk of {tmp_path} takes no more files (7 left): delete some"


@pytest.mark.parametrize(
    ("error", "of_it"),
    [(OSError(errno.ENOSPC, ""), True), (OSError(errno.EDQUOT, ""), True), (OSError(errno.EACCES, ""), False)],
)
def test_only_a_lack_of_space_is_called_one(error: OSError, *, of_it: bool) -> None:
    assert disk_space.ran_out(error) is of_it


def test_no_chromium_is_started_where_there_is_no_room(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, start_patience=1.0))) as browser:
        profile = browser._profiles.of(CLIENT).directory
        with monkeypatch.context() as full:
            full.setattr(disk_space, "LEAST", ENDLESS)
            gone = Opened(browser).told.until(BrowserGone)
        assert (gone.reason, "free some space" in gone.text) == (Reason.DISK_FULL, True)
        assert not (profile / "chromium" / "Default").exists(), "Chromium was never on it"


@pytest.mark.e2e
def test_a_page_is_closed_in_order_before_its_disk_is_full(
    shell: ChromiumBrowser, linked: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = linked(shell)
    with monkeypatch.context() as full:
        full.setattr(disk_space, "LEAST", ENDLESS)
        gone = page.told.until(BrowserGone)
    assert (gone.reason, "free some space" in gone.text) == (Reason.DISK_FULL, True)
    assert not naming(shell._profiles.of(CLIENT).directory)


def test_a_login_that_cannot_be_marked_or_dropped_breaks_nobody(shell: ChromiumBrowser) -> None:
    """Whoever asks is an actor, the supervisor among them; it must not end for want of an inode."""
    in_the_way = shell._profiles.of(ClientId(99)).directory
    in_the_way.mkdir()
    (in_the_way / "dropped").symlink_to("/nowhere/at/all")
    (in_the_way / "login").symlink_to("/nowhere/at/all")
    shell.keep_login(ClientId(99))
    shell.drop_login(ClientId(99))
    assert not shell.has_login(ClientId(99))
