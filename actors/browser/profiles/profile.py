"""One client's profile directory: its marks, its lock, its deletion. Blocking calls on files only."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from actors.browser import process_record
from actors.clients.types import ClientId

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


OWN = frozenset({"chromium", "login", "dropped", "lock", "process.json", "process.json.new"})
"""The names in a profile's directory."""


class ProfileInUse(Exception):
    """Another process holds the profile; the text names it if known."""


class Profile:
    """One client's directory. Blocking calls on files only; any thread."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def client_id(self) -> ClientId:
        """The client, by the directory's name."""
        return ClientId(int(self.directory.name))

    @property
    def user_data(self) -> Path:
        """Chromium's own part."""
        return self.directory / "chromium"

    @property
    def has_login(self) -> bool:
        """True if a login was marked, and not dropped since. Raises OSError where that cannot be read."""
        return exists(self.directory / "login") and not self.is_dropped

    @property
    def is_dropped(self) -> bool:
        """True if all of it is to be deleted. Raises OSError where that cannot be read."""
        return exists(self.directory / "dropped")

    @property
    def is_ours(self) -> bool:
        """True if nothing is in it but what the service puts there. Raises OSError."""
        return OWN.issuperset(os.listdir(self.directory))

    def keep(self) -> None:
        """Mark a stored login."""
        self._make()
        (self.directory / "login").touch(mode=0o600)

    def drop(self) -> None:
        """Mark the whole profile for deletion. Raises OSError."""
        if self.has_login:  # renaming the mark of a login needs no room, if the disk is full
            (self.directory / "login").rename(self.directory / "dropped")
        elif not self.is_dropped and exists(self.directory):
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
        """Delete all of it, if it was dropped; links are deleted, not followed. For the owner only. Raises OSError."""
        if self.is_dropped:
            # The mark is deleted last: the next owner continues an interrupted deletion.
            with os.scandir(self.directory) as entries:
                found = [entry for entry in entries if entry.name not in ("dropped", "lock")]
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    Path(entry.path).unlink(missing_ok=True)
            if self.directory.is_symlink():  # the operator keeps this profile elsewhere
                for name in ("lock", "dropped"):
                    (self.directory / name).unlink(missing_ok=True)
                self.directory.unlink()
            else:
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


def exists(path: Path) -> bool:
    """Return True if there is something of this name, a link included. Raises OSError where that cannot be known.

    `Path.exists` takes a file in place of a directory, and links in a circle, for nothing.
    """
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True
