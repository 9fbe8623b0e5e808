"""The media store: a file on disk and a row in the database, or neither; and its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.clients.operations.fields import File
from actors.media.folder import MediaFolder, media_dir
from actors.media.media import MediaStore
from actors.media.retention import MediaRetention
from actors.runtime import wait_ended
from actors.store.database import Database
from actors.store.rows.media import ForgetMedia, NoSuchMedia
from actors.store.store import Store, open_store

SECONDS = 10.0


class Now:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(Database(f"sqlite:///{tmp_path}/db"))
    yield store
    store.close(timeout=SECONDS)


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def media(tmp_path: Path, store: Store, now: Now) -> MediaStore:
    media = MediaStore(MediaFolder(tmp_path), store, 100.0, clock=now)
    media.prepare(timeout=SECONDS)
    return media


def put(media: MediaStore, data: bytes, mimetype: str | None = None, filename: str | None = None) -> File:
    incoming = media.begin()
    incoming.write(data)
    file: File = media.keep(incoming, mimetype, filename).get(timeout=SECONDS)
    return file


def expire(media: MediaStore) -> tuple[str, ...]:
    digests: tuple[str, ...] = media.forget(100).get(timeout=SECONDS)
    media.delete(digests)
    return digests


def test_what_is_put_in_is_found_and_opened(media: MediaStore) -> None:
    file = put(media, b"%PDF-1.7 invoice", filename="../../etc/invoice.pdf")
    assert (file.size, file.mimetype, file.filename) == (16, "application/pdf", "invoice.pdf")
    assert media.find(file.digest).get(timeout=SECONDS) == file
    with media.open(file.digest) as data:
        assert data.read() == b"%PDF-1.7 invoice"
    with pytest.raises(NoSuchMedia):
        media.open("f" * 64)


def test_a_file_is_deleted_once_its_time_is_over(media: MediaStore, now: Now) -> None:
    file = put(media, b"short-lived")
    assert expire(media) == ()
    now.time += 100.1
    assert expire(media) == (file.digest,)
    assert not media.path(file.digest).exists()


def test_a_file_that_arrives_anew_while_old_ones_are_deleted_stays(media: MediaStore, now: Now) -> None:
    file = put(media, b"again")
    now.time += 100.1
    digests = media.forget(100).get(timeout=SECONDS)
    assert digests == (file.digest,)
    assert put(media, b"again") == file
    media.delete(digests)
    assert media.path(file.digest).exists()
    assert media.find(file.digest).get(timeout=SECONDS) == file


def test_a_file_that_arrived_before_its_row_was_given_up_goes_too(media: MediaStore, now: Now) -> None:
    media.forget(100).get(timeout=SECONDS)  # a round has begun
    file = put(media, b"short-lived")
    now.time += 100.1
    digests = media._store.ask(ForgetMedia(now.time, 100.0)).get(timeout=SECONDS)
    assert digests == (file.digest,)
    media.delete(digests)
    assert not media.path(file.digest).exists()


def test_a_start_makes_disk_and_database_agree(media: MediaStore, store: Store, tmp_path: Path) -> None:
    file, gone = put(media, b"whole"), put(media, b"gone")
    media.path(gone.digest).unlink()
    (media_dir(tmp_path) / "ab.part").write_bytes(b"half")
    (media_dir(tmp_path) / ("0" * 64)).write_bytes(b"no row")
    again = MediaStore(MediaFolder(tmp_path), store, 100.0)
    again.prepare(timeout=SECONDS)
    assert [path.name for path in media_dir(tmp_path).iterdir()] == [file.digest]
    assert again.find(gone.digest).get(timeout=SECONDS) is None


class Watched(MediaStore):
    """Tells when files have been deleted."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.deleted = threading.Event()

    def delete(self, digests: tuple[str, ...]) -> None:
        super().delete(digests)
        if digests:
            self.deleted.set()


def test_the_retention_deletes_by_itself(tmp_path: Path, store: Store, now: Now) -> None:
    media = Watched(MediaFolder(tmp_path), store, 100.0, clock=now)
    media.prepare(timeout=SECONDS)
    file = put(media, b"old")
    now.time += 1000.0
    retention = MediaRetention.start(media, every=0.01)
    try:
        assert media.deleted.wait(SECONDS)
        assert not media.path(file.digest).exists()
    finally:
        retention.stop(block=False)
        assert wait_ended(retention, timeout=SECONDS)
