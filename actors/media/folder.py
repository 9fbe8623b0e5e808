"""The directory of the media store: a file under its SHA-256, and under a name of its own while it arrives.

A file appears under its digest whole and on disk, or not at all: it is written beside that name, flushed, and renamed.
What a killed service has left half is deleted at the next start. A file that is there never changes, so pages may read
it for as long as they like: Chromium refuses a file that was changed after it was handed over.

Every method blocks, and may be called by any thread; one file arrives in one thread at a time.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import structlog

from actors.runtime import Refusal

MIB = 1024 * 1024
RESERVE = 32 * MIB
"""Bytes of the disk that files leave free: the database and the profiles need them more."""
LOOK_EVERY = 4 * MIB
"""Bytes of one file between two looks at the room that is left, and after which they begin to go to the disk: so the
end of a large file waits for its last part only."""
HEAD = 8192
"""Bytes from the beginning of a file by which its type is recognised."""
_PART = ".part"
_OURS = re.compile(r"[0-9a-f]{64}|.*\.part|[0-9a-f-]{36}|.*\.crdownload|\.(org|com)\..*", re.DOTALL)
"""The names of our files: whole, half, and those of Chromium's downloads, which has names of its own for its half ones.
"""
_log = structlog.get_logger("media")
_CHUNK = 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


class MediaFull(Refusal):
    """The disk has no room for a file; nothing of it is kept."""


class MediaTooLarge(Refusal):
    """A file is larger than the limit; nothing of it is kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The file is larger than {limit} bytes, the limit (SM_MEDIA_MAX)")
        self.limit = limit


class Incoming:
    """A file that arrives. It ends in `MediaFolder.keep`, or in `discard`; both may be called again."""

    def __init__(self, path: Path, limit: int | None) -> None:
        self._path, self._limit = path, limit
        self._file: BinaryIO | None = None
        self._hash, self._looked = hashlib.sha256(), 0
        self._lock = threading.Lock()
        self._is_busy = self._is_unwanted = False
        self.began = time.time()
        """The time at which it began to arrive."""
        self.head = b""
        """Its first bytes, HEAD of them at most."""
        self.size = 0
        with _room(self):
            _look(path.parent)
            self._file = open(path, "xb", buffering=0)  # noqa: SIM115  # closed by `keep` and `discard`

    @property
    def path(self) -> Path:
        """The file while it arrives."""
        return self._path

    @property
    def digest(self) -> str:
        """The SHA-256 of what has arrived, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add some bytes. Raises MediaTooLarge, MediaFull, OSError: then it is discarded."""
        if self._file is None:
            raise ValueError("The file is kept or discarded already")
        if self._limit is not None and self.size + len(data) > self._limit:
            self.discard()
            raise MediaTooLarge(self._limit)
        with _room(self), self._busy():
            if self.size >= self._looked + LOOK_EVERY:
                _look(self._path.parent)
                _begin_to_sync(self._file.fileno(), self._looked, self.size - self._looked)
                self._looked = self.size
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        self._hash.update(data)
        self.size += len(data)
        if len(self.head) < HEAD:
            self.head += bytes(data[: HEAD - len(self.head)])

    def finish(self) -> None:
        """Have it on the disk. Raises MediaFull, OSError: then it is discarded."""
        if self._file is not None:
            with _room(self), self._busy():
                os.fsync(self._file.fileno())
                self._file.close()
                self._file = None

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Let nobody close the file under a write, which may have to wait for the disk."""
        with self._lock:
            self._is_busy = True
        try:
            yield
        finally:
            with self._lock:
                self._is_busy = False
            if self._is_unwanted:
                self.discard()

    def discard(self) -> None:
        """Delete what has arrived, unless it is kept: once it is written, where another thread is at that."""
        with self._lock:
            self._is_unwanted = True
            if self._is_busy:
                return
            file, self._file = self._file, None
        if file is not None:
            file.close()
        self._path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that is kept: its digest, its size and its first bytes."""

    digest: str
    size: int
    head: bytes


class MediaFolder:
    """The directory. `limit` is the largest file, in bytes; None: none."""

    def __init__(self, data_dir: Path, limit: int | None = None) -> None:
        self._directory, self._limit = media_dir(data_dir), limit

    @property
    def directory(self) -> Path:
        """The directory itself."""
        return self._directory

    def path(self, digest: str) -> Path:
        """Return where a file is, if it is kept."""
        return self._directory / digest

    def create(self) -> None:
        """Make the directory. Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def begin(self) -> Incoming:
        """Let a file arrive. Raises MediaFull, OSError."""
        return Incoming(self._directory / f"{secrets.token_hex(16)}{_PART}", self._limit)

    def keep(self, incoming: Incoming) -> str:
        """Keep a file that has arrived; return its digest. Raises MediaFull, OSError: then it is discarded."""
        incoming.finish()
        digest = incoming.digest
        with _room(incoming):
            os.replace(incoming.path, self.path(digest))
            self._sync()
        return digest

    def require_room(self, size: int) -> None:
        """Raise MediaFull where a file of this size, which another program writes, would take what others need."""
        _look(self._directory, size)

    def take(self, path: Path) -> Taken:
        """Keep a file that another program has written into the directory. Raises OSError: then it is deleted."""
        digest, size, head = hashlib.sha256(), 0, b""
        try:
            with path.open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK):
                    head = head or chunk[:HEAD]
                    digest.update(chunk)
                    size += len(chunk)
                os.fsync(file.fileno())
            path.chmod(0o600)
            os.replace(path, self.path(digest.hexdigest()))
            self._sync()
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return Taken(digest.hexdigest(), size, head)

    def _sync(self) -> None:
        """Have the directory's names on the disk."""
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def delete(self, digest: str) -> None:
        """Delete a file. Raises OSError; one that is not there is none."""
        self.path(digest).unlink(missing_ok=True)

    def clean(self, known: Collection[str]) -> tuple[str, ...]:
        """Make the directory, delete what is half, and what is not `known`; return what is known and not there.

        What is no file of ours stays as it is, and so does what cannot be deleted. At a start, before any file arrives.
        Raises OSError.
        """
        self.create()
        there, left = {path.name for path in self._directory.iterdir()}, set[str]()
        for name in there.difference(known):
            try:
                if not _OURS.fullmatch(name):
                    raise FileExistsError(errno.EEXIST, "It is none of this service")
                (self._directory / name).unlink()
            except OSError as error:
                left.add(f"{name[:80]}: {error.strerror}")
        if left:
            _log.warning("media.left_alone", directory=str(self._directory), count=len(left), some=sorted(left)[:5])
        return tuple(sorted(set(known) - there))


def media_dir(data_dir: Path) -> Path:
    """Return the directory of the files, in the service's data directory. Chromium needs it absolute."""
    return (data_dir / "media").absolute()


def _sync_file_range() -> Callable[[int, int, int, int], int] | None:
    """Return the system call of that name; None where there is none, as on macOS."""
    try:
        call = ctypes.CDLL(None, use_errno=True).sync_file_range
    except (AttributeError, OSError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    call.restype = ctypes.c_int
    return cast("Callable[[int, int, int, int], int]", call)


_SYNC_FILE_RANGE = _sync_file_range()
_SYNC_FILE_RANGE_WRITE = 2


def _begin_to_sync(descriptor: int, offset: int, size: int) -> None:
    """Have the kernel begin to write these bytes to the disk, without waiting: `finish` waits, and has its errors.

    Source: sync_file_range(2). Where there is no such call, or it fails, all waits for `finish`.
    """
    if _SYNC_FILE_RANGE is not None:
        _SYNC_FILE_RANGE(descriptor, offset, size, _SYNC_FILE_RANGE_WRITE)


def _look(directory: Path, more: int = 0) -> None:
    """Raise MediaFull where a file, of which this is yet to come, would take what others need."""
    found = os.statvfs(directory)
    free = found.f_bavail * found.f_frsize
    if free - more < RESERVE:
        wanted = f" for {more / MIB:.1f} MiB" if more else ""
        left = f"{free / MIB:.1f} MiB left, {RESERVE // MIB} are kept free"
        raise MediaFull(f"The disk has no room for files{wanted}: {left}")


@contextmanager
def _room(incoming: Incoming) -> Iterator[None]:
    """Discard the file on any failure; a full disk is MediaFull."""
    try:
        yield
    except BaseException as error:  # on any exception, nothing half is kept
        with suppress(OSError):
            incoming.discard()
        if isinstance(error, OSError) and error.errno in _FULL:
            raise MediaFull("The disk is full: the file was not kept. Free some space") from error
        raise
