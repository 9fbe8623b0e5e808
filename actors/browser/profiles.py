"""The profile directories, one per client, and their owners.

    data_dir/profiles/<client id>/       0700
        chromium/                        Chromium's data, with the login
        login                            the mark of a stored login (`keep_login`)
        dropped                          the mark for deletion: everything here goes before the next use
        lock                             held (flock) by the process that uses the profile
        process.json                     the Chromium on it (`process_record`)

Only the owner of a profile deletes anything, and only inside it. The lock is ours because the headless shell writes no
SingletonLock.

A login is on disk once Chromium has written it: at an orderly end, and some seconds after each change. A login
younger than about 5 s when the power fails, or Chromium is killed, can be lost though `login` is there: the page then
shows a code again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

import structlog

from actors.browser import process_record
from actors.browser.options import BrowserUnavailable
from actors.clients.types import ClientId

Then = Callable[[], object]
_log = structlog.get_logger("browser")

CACHES = frozenset(
    {
        "Cache",
        "Code Cache",
        "DawnCache",
        "DawnGraphiteCache",
        "DawnWebGPUCache",
        "GPUCache",
        "GrShaderCache",
        "GraphiteDawnCache",
        "ShaderCache",
        "component_crx_cache",
        "extensions_crx_cache",
    }
)
"""Directories that Chromium fills again by itself. A page's stored data is in none of them."""


SINGLETON = ("SingletonLock", "SingletonCookie", "SingletonSocket")
"""Files that the full build leaves in a profile while it runs, and after a SIGKILL; the headless shell leaves none."""


class ProfileInUse(Exception):
    """Another process holds the profile; the text names it if known."""


class Profile:
    """One client's directory. Blocking calls on files only; any thread."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def user_data(self) -> Path:
        """Chromium's own part."""
        return self.directory / "chromium"

    @property
    def has_login(self) -> bool:
        """True if a login was marked, and not dropped since."""
        return (self.directory / "login").exists() and not self.is_dropped

    @property
    def is_dropped(self) -> bool:
        """True if all of it is to be deleted."""
        return (self.directory / "dropped").exists()

    def keep(self) -> None:
        """Mark a stored login."""
        self._make()
        (self.directory / "login").touch(mode=0o600)

    def drop(self) -> None:
        """Mark the whole profile for deletion. Raises OSError."""
        if self.has_login:  # renaming the mark of a login needs no room, if the disk is full
            (self.directory / "login").rename(self.directory / "dropped")
        elif self.directory.exists():
            (self.directory / "dropped").touch(mode=0o600)

    def lock(self) -> int:
        """Take the profile; the descriptor holds it until closed. Raises ProfileInUse, OSError."""
        while True:
            self._make()
            path = self.directory / "lock"
            held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.stat(path).st_ino == os.fstat(held).st_ino:
                    os.truncate(held, 0)
                    os.write(held, b"%d\n" % os.getpid())
                    return held
            except BlockingIOError as error:
                owner = path.read_text("utf-8", "replace").strip()[:20]
                os.close(held)
                raise ProfileInUse(f"The profile {self.directory} is in use by process {owner}") from error
            except FileNotFoundError:
                pass  # deleted by the previous owner, between our two calls
            except BaseException:  # on any exception, an unknown lock must not be held for ever
                os.close(held)
                raise
            os.close(held)

    def unrecord(self) -> None:
        """Delete the record of a Chromium that is gone, with the files it removes at an orderly end.

        For the owner only.
        """
        process_record.forget(self.directory)
        self.unlock()

    def unlock(self) -> None:
        """Remove the full build's own lock, which a SIGKILL leaves: a link in the profile, a directory beside /tmp.

        The lock names the host. Left behind, it would keep a Chromium of the same profile from starting once the host
        has another name, as a container has after each deploy. For the owner only, and while no Chromium is on it.
        """
        with contextlib.suppress(OSError):
            beside = Path(os.readlink(self.user_data / "SingletonSocket")).parent
            if beside.name.startswith("org.chromium."):
                shutil.rmtree(beside, ignore_errors=True)
        for name in SINGLETON:
            (self.user_data / name).unlink(missing_ok=True)

    def delete(self) -> None:
        """Delete all of it, if it was dropped. For the owner only."""
        if self.is_dropped:
            # The mark is deleted last: the next owner continues an interrupted deletion.
            for entry in self.directory.iterdir():
                if entry.name not in ("dropped", "lock"):
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)
            shutil.rmtree(self.directory)

    def prune(self, limit: int) -> int:
        """Delete the caches if the profile is over `limit` bytes; return its size afterwards. For the owner only."""
        size = self.size()
        if limit and size > limit:
            for cache in [path for path in self.user_data.rglob("*") if path.name in CACHES and path.is_dir()]:
                shutil.rmtree(cache, ignore_errors=True)
            size = self.size()
        return size

    def size(self) -> int:
        """Return the bytes of all its files."""
        total = 0
        for directory, _, names in os.walk(self.directory):
            for name in names:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(directory, name)).st_size
        return total

    def _make(self) -> None:
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self.user_data.mkdir(mode=0o700, exist_ok=True)


class LoginMarks:
    """The marks in all profiles: known in memory at once, written to disk in the background. Any thread.

    Actors set them, and a hanging disk must delay no actor. The marks of one client are written in order, in a thread
    that touches files; a disk that hangs under one client takes one of those threads, and delays that client's next
    page only (`written`), not the others.
    """

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._lock = threading.Lock()
        self._kept: set[ClientId] = set()
        self._waiting: dict[ClientId, deque[tuple[Callable[[Profile], None] | None, Then]]] = {}
        self._files: Executor | None = None

    def load(self) -> None:
        """Read the existing logins. Blocks for a moment."""
        kept = set(self._profiles.logins())
        with self._lock:
            self._kept = kept

    def write_in(self, files: Executor | None) -> None:
        """Write in threads of this executor from now on; with None, in the caller's thread."""
        self._files = files

    def all(self) -> frozenset[ClientId]:
        """Return the clients with a login."""
        with self._lock:
            return frozenset(self._kept)

    def has(self, client_id: ClientId) -> bool:
        """Return True if a login was marked, and not dropped since."""
        return client_id in self._kept

    def keep(self, client_id: ClientId, then: Then = lambda: None) -> None:
        """Mark a login; `then` is called once that is written, or cannot be."""
        with self._lock:
            self._kept.add(client_id)
        self._put(client_id, lambda profile: profile.keep(), then, "login.not_marked")

    def drop(self, client_id: ClientId, then: Then = lambda: None) -> None:
        """Mark the login and the whole profile for deletion; `then` is called once that is written, or cannot be."""
        with self._lock:
            self._kept.discard(client_id)
        self._put(client_id, lambda profile: profile.drop(), then, "login.not_dropped")

    async def written(self, client_id: ClientId) -> None:
        """Wait until every mark of this client is written. In an event loop."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(lambda: None if done.done() else done.set_result(None))

        with self._lock:
            waiting = self._waiting.get(client_id)
            if waiting is None:
                return
            waiting.append((None, tell))
        await done

    def _put(self, client_id: ClientId, write: Callable[[Profile], None], then: Then, trouble: str) -> None:
        def carefully(profile: Profile) -> None:
            try:
                write(profile)
            except OSError as error:  # for the operator to mend; the caller must not end because of it
                _log.error(trouble, client=client_id, error=str(error))

        with self._lock:
            waiting = self._waiting.get(client_id)
            if waiting is not None:
                waiting.append((carefully, then))
                return
            self._waiting[client_id] = deque([(carefully, then)])
        files = self._files
        if files is not None:
            with contextlib.suppress(RuntimeError):  # the browser is stopped
                files.submit(self._write, client_id)
                return
        self._write(client_id)

    def _write(self, client_id: ClientId) -> None:
        profile = self._profiles.of(client_id)
        while True:
            with self._lock:
                waiting = self._waiting[client_id]
                if not waiting:
                    del self._waiting[client_id]
                    return
                write, then = waiting.popleft()
            if write is not None:
                write(profile)
            then()


class Profiles:
    """All profiles. `owned` is for the loop; the rest may be called by any thread."""

    def __init__(self, data_dir: Path, limit: int = 0) -> None:
        self.directory = data_dir.absolute() / "profiles"
        self._limit = limit
        self.marks = LoginMarks(self)
        self._turns: defaultdict[ClientId, asyncio.Lock] = defaultdict(asyncio.Lock)

    def create(self) -> None:
        """Create the directory. Raises BrowserUnavailable if it cannot be written."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.directory.chmod(0o700)
            probe = self.directory / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise BrowserUnavailable(
                f"The directory {self.directory} cannot be written ({error.strerror}): "
                "give it to the user that runs the service, or set SM_DATA_DIR."
            ) from error

    def of(self, client_id: ClientId) -> Profile:
        """Return the profile of one client."""
        return Profile(self.directory / str(client_id))

    def all(self) -> Iterator[Profile]:
        """Yield every profile."""
        if self.directory.exists():
            for directory in sorted(self.directory.iterdir()):
                if directory.name.isdigit():
                    yield Profile(directory)

    def logins(self) -> frozenset[ClientId]:
        """Return the clients whose login is stored."""
        return frozenset(ClientId(int(profile.directory.name)) for profile in self.all() if profile.has_login)

    @contextlib.asynccontextmanager
    async def owned(self, client_id: ClientId, files: Executor) -> AsyncIterator[Profile]:
        """Wait until the profile is free, and own it. Raises ProfileInUse, OSError.

        A profile that was dropped is deleted before and after. On the loop only; `files` touches files.
        """
        loop, profile = asyncio.get_running_loop(), self.of(client_id)
        async with self._turns[client_id]:
            await self.marks.written(client_id)
            taking = loop.run_in_executor(files, self._take, profile)
            try:
                held = await asyncio.shield(taking)
            except asyncio.CancelledError:
                await asyncio.wait({taking})
                if taking.exception() is None:
                    await loop.run_in_executor(files, self._give_back, profile, taking.result())
                raise
            try:
                yield profile
            finally:
                await loop.run_in_executor(files, self._give_back, profile, held)

    async def erase(self, client_id: ClientId, files: Executor) -> None:
        """Delete a dropped profile once it is free. On the loop only."""
        async with self._turns[client_id]:
            await self.marks.written(client_id)
            await asyncio.get_running_loop().run_in_executor(files, self._erase, self.of(client_id))

    def _erase(self, profile: Profile) -> None:
        if profile.is_dropped:
            with contextlib.suppress(ProfileInUse):  # then its owner deletes it
                os.close(self._take(profile, again=False))

    def _take(self, profile: Profile, *, again: bool = True) -> int:
        held = profile.lock()
        profile.unlock()
        if profile.is_dropped:
            profile.delete()
            if again:
                os.close(held)
                held = profile.lock()
        return held

    def _give_back(self, profile: Profile, held: int) -> None:
        try:
            profile.unrecord()
            if profile.is_dropped:
                profile.delete()
            elif self._limit:
                profile.prune(self._limit)
        finally:
            os.close(held)
