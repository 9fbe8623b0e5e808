"""A disk that hangs under one client: every other client and the supervisor go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.browser.fake import FakeBrowser
from actors.browser.profiles import Profile, Profiles
from actors.clients.errors import DeleteFailed
from actors.clients.ports import Dropped
from actors.clients.supervisor import DELETION
from actors.clients.types import ClientId, State
from tests.clients.rig import ONE, TWO, World, world


class OnDisk(FakeBrowser):
    """The fake, with the marks of logins in files, as the real browser writes them."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.profiles = Profiles(directory)
        self.profiles.create()
        self.marks = self.profiles.marks

    def has_login(self, client_id: ClientId) -> bool:
        return self.marks.has(client_id)

    def keep_login(self, client_id: ClientId) -> None:
        super().keep_login(client_id)
        self.marks.keep(client_id)

    def drop_login(self, client_id: ClientId, then: Dropped = lambda _: None) -> None:
        super().drop_login(client_id)
        self.marks.drop(client_id).add_done_callback(lambda dropped: then(str(dropped.exception() or "") or None))


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
    with world(browser=OnDisk(tmp_path)) as made:
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


def test_a_deletion_that_the_disk_does_not_answer_is_told_so(hanging: World, disk: threading.Event) -> None:
    hanging.ready(ONE)
    deleted = hanging.delete(ONE)
    hanging.advance(DELETION)
    with pytest.raises(DeleteFailed, match="has not answered within 15 s"):
        deleted.get(timeout=0)
    assert hanging.clients() == []
    disk.set()
    assert hanging.browser.profiles.files.ended(5.0)  # type: ignore[attr-defined]
    hanging.init(ONE)
    assert hanging.state(ONE) is State.QR_REQUIRED
