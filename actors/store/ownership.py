"""Ownership of a data directory, with its database and browser profiles, by one process.

The owner is the process that holds the kernel's lock on `owner.pid`, whatever number the file holds: the kernel drops
the lock when the process ends for any reason, so no stale lock ever has to be judged. The number is for people.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from actors.store.database import Database
from actors.store.errors import DataDirInUse

OWNER_FILE = "owner.pid"


class Claim:
    """A data directory held by this process, until `release` or the end of the process. Any thread."""

    def __init__(self, data_dir: Path, descriptor: int) -> None:
        self.data_dir = data_dir
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Release the directory; repeating it does nothing.

        The file stays: removing it would race with the next owner.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def claim(data_dir: Path) -> Claim:
    """Claim the directory (created with mode 0700 if missing), or raise DataDirInUse naming the owner. Any thread.

    The lock is not inherited by programs this process starts. Raises OSError if the directory cannot be written.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data_dir / OWNER_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, data_dir)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BaseException:  # On any exception, a directory that nobody owns must not stay locked.
        os.close(descriptor)
        raise
    return Claim(data_dir, descriptor)


def claim_all(data_dir: Path, database: Database) -> ExitStack:
    """Claim the directory, and that of the database file if it is another; closing the result releases both.

    Raises as `claim` does: then neither is held.
    """
    with ExitStack() as claims:
        claims.enter_context(claim(data_dir))
        if database.path is not None and database.path.parent.resolve() != data_dir.resolve():
            claims.enter_context(claim(database.path.parent))
        return claims.pop_all()


def _lock(descriptor: int, data_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataDirInUse(data_dir, _written_pid(descriptor)) from None


def _written_pid(descriptor: int) -> int | None:
    """Return the number in the file; None in the moment between the owner's lock and its writing."""
    text = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return int(text) if text.isascii() and text.isdigit() else None
