"""A disk that hangs under one client: every other client and the supervisor go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.browser.fake import FakeBrowser
from actors.browser.profiles import Profile, Profiles
from actors.clients.types import ClientId, State
from tests.clients.rig import ONE, TWO, World, world


class OnDisk(FakeBrowser):
    """The fake, with the marks of logins in files, as the real browser writes them."""

    def __init__(self, directory: Path, files: ThreadPoolExecutor) -> None:
        super().__init__()
        profiles = Profiles(directory)
        profiles.create()
        self.marks = profiles.marks
        self.marks.write_in(files)

    def has_login(self, client_id: ClientId) -> bool:
        return self.marks.has(client_id)

    def keep_login(self, client_id: ClientId) -> None:
        super().keep_login(client_id)
        self.marks.keep(client_id)

    def drop_login(self, client_id: ClientId, then: Callable[[], object] = lambda: None) -> None:
        super().drop_login(client_id)
        self.marks.drop(client_id, then)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The disk under client 1: it hangs until this is set."""
    answers = threading.Event()
    for name in ("keep", "drop"):
        write = getattr(Profile, name)

        def slowly(profile: Profile, write: Callable[[Profile], None] = write) -> None:
            if profile.directory.name == str(ONE):
                answers.wait(20.0)
            write(profile)

        monkeypatch.setattr(Profile, name, slowly)
    yield answers
    answers.set()


@pytest.fixture
def hanging(disk: threading.Event, tmp_path: Path) -> Iterator[World]:
    with ThreadPoolExecutor(4) as files, world(browser=OnDisk(tmp_path, files)) as made:
        yield made
        disk.set()


def test_a_disk_that_hangs_under_one_client_holds_up_nobody_else(hanging: World) -> None:
    hanging.ready(ONE)
    hanging.ready(TWO)
    assert hanging.send(client_id=ONE).get(timeout=0)
    assert hanging.send(client_id=TWO).get(timeout=0)
    assert hanging.delete(TWO).get(timeout=5)
    assert hanging.clients() == [(ONE, State.READY)]


def test_a_client_is_deleted_once_that_is_on_disk(hanging: World, disk: threading.Event, tmp_path: Path) -> None:
    hanging.ready(ONE)
    deleted = hanging.delete(ONE)
    assert not deleted.is_answered()
    hanging.init(TWO)
    assert hanging.state(TWO) is State.QR_REQUIRED
    disk.set()
    assert deleted.get(timeout=5)
    assert Profiles(tmp_path).logins() == frozenset()
