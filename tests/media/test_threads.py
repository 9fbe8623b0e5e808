"""The threads for files: what a disk that never answers holds up, and what it does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from actors.media.folder import MediaFolder, media_dir
from actors.media.threads import MediaSilent, MediaThreads

PATIENCE = 0.2
SECONDS = 10.0


class Disk:
    """A disk that answers when it is told to."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Semaphore(0), threading.Event()

    def look(self) -> str:
        """Block until it answers."""
        self.asked.release()
        assert self.answers.wait(SECONDS)
        return "found"


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.answers.set()


@pytest.fixture
def threads(disk: Disk) -> Iterator[MediaThreads]:
    threads = MediaThreads(most=2, patience=PATIENCE)
    yield threads
    disk.answers.set()
    assert threads.close(SECONDS)


def test_one_silent_file_holds_up_no_other(disk: Disk, threads: MediaThreads) -> None:
    async def play() -> None:
        with pytest.raises(MediaSilent, match="does not answer"):
            await threads.run(disk.look)
        assert await threads.run(lambda: "another") == "another"

    asyncio.run(play())


def test_a_silent_disk_is_waited_for_once_and_not_by_everybody(disk: Disk, threads: MediaThreads) -> None:
    late: list[str] = []

    async def play() -> None:
        stuck = [asyncio.ensure_future(threads.run_or_drop(disk.look, late.append)) for _ in range(2)]
        outcomes = await asyncio.gather(*stuck, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [MediaSilent, MediaSilent]
        stuck_now = cast(Any, MediaThreads.are_stuck).fget
        while not stuck_now(threads):  # noqa: ASYNC110  # a thread began a moment after it was asked for
            await asyncio.sleep(0.001)
        began = asyncio.get_running_loop().time()
        for _ in range(100):
            with pytest.raises(MediaSilent):
                await threads.run(lambda: "never begun")
        assert asyncio.get_running_loop().time() - began < PATIENCE * 50
        disk.answers.set()
        while stuck_now(threads):  # noqa: ASYNC110  # threads tell nobody that they are free
            await asyncio.sleep(0.001)
        assert await threads.run(lambda: "again") == "again"
        while len(late) < 2:  # noqa: ASYNC110  # the other thread is free a moment later
            await asyncio.sleep(0.001)

    asyncio.run(play())
    assert late == ["found", "found"]


def test_what_is_discarded_while_it_is_written_goes_once_that_is_done(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path)
    folder.create()
    incoming = folder.begin()
    with incoming._busy():  # a write that waits for the disk
        incoming.discard()
        assert incoming.path.exists()
    assert list(media_dir(tmp_path).iterdir()) == []
    with pytest.raises(ValueError, match="discarded already"):
        incoming.write(b"more")
