"""The directory of files: whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from actors.media.folder import MediaFolder, MediaFull, MediaTooLarge, media_dir


@pytest.fixture
def folder(tmp_path: Path) -> MediaFolder:
    folder = MediaFolder(tmp_path, 1000)
    folder.create()
    return folder


def names(data_dir: Path) -> list[str]:
    return sorted(path.name for path in media_dir(data_dir).iterdir())


def test_a_file_appears_whole_under_its_digest(folder: MediaFolder, tmp_path: Path) -> None:
    incoming = folder.begin()
    for part in (b"one", b"", memoryview(b"two"), bytearray(b"three")):
        incoming.write(part)
    assert not folder.path(incoming.digest).exists()
    digest = folder.keep(incoming)
    assert digest == hashlib.sha256(b"onetwothree").hexdigest()
    assert folder.path(digest).read_bytes() == b"onetwothree"
    assert (incoming.size, incoming.head) == (11, b"onetwothree")
    assert names(tmp_path) == [digest]
    incoming.discard()
    assert names(tmp_path) == [digest]


def test_the_same_content_twice_is_one_file(folder: MediaFolder, tmp_path: Path) -> None:
    for _ in range(2):
        incoming = folder.begin()
        incoming.write(b"same")
        folder.keep(incoming)
    assert len(names(tmp_path)) == 1


def test_what_is_too_large_leaves_nothing(folder: MediaFolder, tmp_path: Path) -> None:
    incoming = folder.begin()
    incoming.write(bytes(1000))
    with pytest.raises(MediaTooLarge, match="1000 bytes"):
        incoming.write(b"x")
    assert names(tmp_path) == []
    with pytest.raises(ValueError, match="discarded"):
        incoming.write(b"x")


def test_what_is_discarded_leaves_nothing(folder: MediaFolder, tmp_path: Path) -> None:
    incoming = folder.begin()
    incoming.write(b"half")
    incoming.discard()
    incoming.discard()
    assert names(tmp_path) == []


def test_a_disk_that_is_nearly_full_takes_no_file(
    folder: MediaFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=10, f_frsize=4096))
    with pytest.raises(MediaFull, match="no room for files"):
        folder.begin()
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_is_full_at_the_end_keeps_nothing_half(
    folder: MediaFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    incoming = folder.begin()
    incoming.write(b"some")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(MediaFull, match="The disk is full"):
        folder.keep(incoming)
    assert names(tmp_path) == []


def test_a_start_deletes_what_is_half_or_unknown_and_says_what_is_missing(folder: MediaFolder, tmp_path: Path) -> None:
    incoming = folder.begin()
    incoming.write(b"kept")
    kept = folder.keep(incoming)
    (media_dir(tmp_path) / "ab.part").write_bytes(b"half, for its service was killed")
    (media_dir(tmp_path) / ("c" * 64)).write_bytes(b"without a row")
    assert folder.clean({kept, "d" * 64}) == ("d" * 64,)
    assert names(tmp_path) == [kept]


def test_what_is_none_of_ours_is_left_alone_and_refuses_no_start(folder: MediaFolder, tmp_path: Path) -> None:
    there = media_dir(tmp_path)
    (there / "lost+found").mkdir()
    (there / "notes.txt").write_bytes(b"an operator's")
    (there / "link").symlink_to("/nowhere")
    (there / ("e" * 64)).mkdir()  # by a name of ours
    (there / ("f" * 64)).symlink_to("/etc")
    (there / "some.part").write_bytes(b"")
    (there / "some.part").chmod(0)
    assert folder.clean(set()) == ()
    assert names(tmp_path) == sorted(["lost+found", "notes.txt", "link", "e" * 64])
