"""The media store: files by content, on disk first and then in the database.

Put a file in:

    incoming = media.begin()                                 # a temporary file
    incoming.write(chunk)                                    # as often as needed, of any size
    reply = media.keep(incoming, mimetype=None, filename="invoice.pdf")
    file = reply.get(timeout=30)                             # or: await reply.wait(30)

Or, if nothing came of it: `incoming.discard()`. Open one: `with media.open(file.digest) as data:`, or hand on
`media.path(file.digest)`. `begin`, `write` and `keep` touch the disk and so block: in an event loop call them by
`threads`. Any thread may call.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import structlog

from actors.clients.operations.fields import File
from actors.clients.types import ClientId, Seconds
from actors.media import conversion
from actors.media.file_types import filename_of, mimetype_of
from actors.media.folder import Incoming, MediaFolder
from actors.media.threads import MediaSilent, MediaThreads
from actors.runtime import Reply
from actors.store.requests import Write
from actors.store.rows.media import DropMedia, ForgetMedia, GetDigests, GetMedia, KeepMedia, NoSuchMedia
from actors.store.store import Store

ROW: Seconds = 10.0
"""The time limit for reading one row."""
CONVERSIONS = 4
CONVERSION: Seconds = 2 * conversion.PATIENCE
"""A conversion has a limit of its own; this one is for the disk below it."""
_log = structlog.get_logger("media")


class MediaStore:
    """The files of one service. `lifetime` is how long a file is kept, and how long after its message has ended."""

    def __init__(
        self, folder: MediaFolder, store: Store, lifetime: Seconds, *, clock: Callable[[], Seconds] = time.time
    ) -> None:
        self._folder, self._store, self._lifetime, self._clock = folder, store, lifetime, clock
        self.threads = MediaThreads()
        """The threads for what blocks. To be closed."""
        self.converters = MediaThreads(CONVERSIONS, CONVERSION)
        """The threads for conversions, which take their time."""
        self._lock = threading.Lock()
        self._arriving: Counter[str] = Counter()
        """Files that are on disk, and whose rows are being written."""
        self._arrived: set[str] | None = None
        """Files that have arrived since rows were last deleted, until their files are."""

    def begin(self) -> Incoming:
        """Let a file arrive. Raises MediaFull, OSError."""
        return self._folder.begin()

    async def arrive(self) -> Incoming:
        """Let a file arrive, without blocking the event loop. Raises MediaFull, MediaSilent, OSError."""
        return await self.threads.run_or_drop(self._folder.begin, Incoming.discard)

    def keep(
        self,
        incoming: Incoming,
        mimetype: str | None = None,
        filename: str | None = None,
        client_id: ClientId | None = None,
    ) -> Reply[File | None]:
        """Keep a file that has arrived for a client, for a lifetime at least; without a type its content says it.

        Raises MediaFull, OSError; the reply raises what the store refuses with, and is None if the client was erased
        while the file arrived.
        """
        return self.put(incoming, mimetype, filename, client_id)[1]

    def put(
        self,
        incoming: Incoming,
        mimetype: str | None = None,
        filename: str | None = None,
        client_id: ClientId | None = None,
    ) -> tuple[File, Reply[File | None]]:
        """Keep a file, as `keep` does; return it before its row is written, too."""
        mimetype = mimetype_of(incoming.head, mimetype, filename)
        file = File(incoming.digest, incoming.size, mimetype, filename_of(filename, mimetype))
        with self._lock:
            self._arriving[file.digest] += 1
            if self._arrived is not None:
                self._arrived.add(file.digest)
        try:
            self._folder.keep(incoming)
            now = self._clock()
            reply = self._store.ask(KeepMedia(file, now, now + self._lifetime, client_id, incoming.began))
        except BaseException:  # on any exception, the digest must not count as arriving for ever
            self._has_arrived(file.digest)
            raise
        reply.add_callback(lambda: self._has_arrived(file.digest))
        return file, reply

    def adopt(self, file: File, write: Write[File]) -> Reply[File]:
        """Keep a file that lies in the directory already; `write` records it, and answers it.

        The reply raises NoSuchMedia if it is not there, and what the store refuses with. Nothing blocks.
        """
        with self._lock:
            self._arriving[file.digest] += 1
            if self._arrived is not None:
                self._arrived.add(file.digest)
        reply: Reply[File] = Reply()
        reply.add_callback(lambda: self._has_arrived(file.digest))
        looking = self.threads.submit(self._folder.path(file.digest).exists)
        looking.add_done_callback(lambda there: self._record(file.digest, there, write, reply))
        return reply

    def _record(self, digest: str, there: Future[bool], write: Write[File], reply: Reply[File]) -> None:
        """Record a file that is there. Runs in a thread for files."""
        try:
            if not there.result():
                raise NoSuchMedia(digest)
            recorded = self._store.ask(write)
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits is told
            reply.fail(error)
        else:
            recorded.add_callback(lambda: _pass_on(recorded, reply))

    def find(self, digest: str, clients: frozenset[ClientId] | None = None) -> Reply[File | None]:
        """Return what is known of a file; None where it is not here, or belongs to none of `clients` (None: of all)."""
        return self._store.ask(GetMedia(digest, clients))

    def path(self, digest: str) -> Path:
        """Return where a file is, if it is kept."""
        return self._folder.path(digest)

    def open(self, digest: str) -> BinaryIO:
        """Open a file to read. Raises NoSuchMedia, OSError."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as error:
            raise NoSuchMedia(digest) from error

    def prepare(self, *, timeout: Seconds) -> None:
        """Get ready, before anything arrives: delete what is half, and what only the disk or only the database has.

        Blocks; a disk that does not answer is not waited for, and leaves all as it is. Raises OSError, and what the
        store refuses with.
        """
        known = self._store.ask(GetDigests()).get(timeout=timeout)
        cleaning = self.threads.submit(partial(self._folder.clean, known))
        try:
            missing = cleaning.result(self.threads.patience)
        except TimeoutError as error:
            if cleaning.done():  # the disk's own error
                raise
            cleaning.cancel()
            _log.error("media.silent", why=str(MediaSilent()), exc_info=error)
            return
        if missing:
            self._store.ask(DropMedia(missing)).get(timeout=timeout)

    def forget(self, limit: int) -> Reply[tuple[str, ...]]:
        """Delete the rows of files whose time is over, at most `limit`; `delete` is to follow with the digests.

        One such round at a time.
        """
        with self._lock:
            self._arrived = set(self._arriving)
        return self._store.ask(ForgetMedia(self._clock(), self._lifetime, limit))

    def delete(self, digests: tuple[str, ...]) -> None:
        """Delete the files that `forget` has given up. Blocks. Raises OSError, and what the store refuses with.

        One that has arrived anew since stays, if its row was written after the old one was deleted.
        """
        anew: list[str] = []
        try:
            for digest in digests:
                with self._lock:
                    if self._arrived is None or digest not in self._arrived:
                        self._folder.delete(digest)
                    else:
                        anew.append(digest)
        finally:
            with self._lock:
                self._arrived = None
        for digest in anew:
            if self.find(digest).get(timeout=ROW) is None:
                with self._lock:
                    if not self._arriving[digest]:
                        self._folder.delete(digest)

    def _has_arrived(self, digest: str) -> None:
        with self._lock, suppress(KeyError):
            self._arriving[digest] -= 1
            if self._arriving[digest] <= 0:
                del self._arriving[digest]


def _pass_on(answered: Reply[File], to: Reply[File]) -> None:
    try:
        to.offer(answered.get(timeout=0))
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits is told
        to.fail(error)
