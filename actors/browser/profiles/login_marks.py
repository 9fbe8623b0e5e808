"""The marks in all profiles: which clients have a login, and which have a directory."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

import structlog

from actors.browser.profiles import file_threads
from actors.browser.profiles.profile import Profile, exists
from actors.clients.types import ClientId

if TYPE_CHECKING:
    from actors.browser.profiles.file_threads import FileThreads
    from actors.browser.profiles.profiles import Profiles

_log = structlog.get_logger("browser")


class LoginMarks:
    """The marks in all profiles: known in memory at once, written to disk in the background. Any thread."""

    def __init__(self, profiles: Profiles, files: FileThreads) -> None:
        self._profiles, self._files = profiles, files
        self._lock = threading.Lock()
        self._kept: set[ClientId] = set()
        self._there: set[ClientId] = set()
        """The clients with a directory."""
        self._unread: set[ClientId] = set()
        """Those of them whose marks could not be read."""

    def load(self) -> None:
        """Read the existing marks. Blocks for a moment; a disk that does not answer is waited for PATIENCE."""
        looks = {
            client_id: self._files.submit(client_id, lambda profile: profile.has_login, self._profiles.of(client_id))
            for client_id in self._profiles.clients()
        }
        wait(looks.values(), timeout=file_threads.PATIENCE)
        kept, unread = set(), set()
        for client_id, look in looks.items():
            error = look.exception() if look.done() else TimeoutError("the disk does not answer")
            if error is not None:
                unread.add(client_id)
                _log.error("profile.unreadable", client=client_id, error=str(error))
            elif look.result():
                kept.add(client_id)
        with self._lock:
            self._kept, self._unread, self._there = kept, unread, set(looks)

    def all(self) -> frozenset[ClientId]:
        """Return the clients with a login."""
        with self._lock:
            return frozenset(self._kept)

    def has(self, client_id: ClientId) -> bool:
        """Return True if a login was marked, and not dropped since."""
        return client_id in self._kept

    def without_login(self) -> frozenset[ClientId]:
        """Return the clients that have a directory and no login in it, as far as it could be read."""
        with self._lock:
            return frozenset(self._there - self._kept - self._unread)

    def exist(self, client_id: ClientId) -> bool:
        """Return True if the client has a directory, whatever is in it."""
        return client_id in self._there or client_id in self._kept

    def keep(self, client_id: ClientId) -> Future[None]:
        """Mark a login."""
        with self._lock:
            self._kept.add(client_id)
            self._there.add(client_id)
            self._unread.discard(client_id)
        return self._files.submit(client_id, self._keep, client_id)

    def drop(self, client_id: ClientId) -> Future[None]:
        """Mark the whole profile for deletion. The future raises OSError: then the login is still there."""
        with self._lock:
            had = client_id in self._kept
            self._kept.discard(client_id)
            self._unread.discard(client_id)
        return self._files.submit(client_id, self._drop, client_id, had)

    def owned(self, profile: Profile) -> None:
        """Note that a profile is in use, and read what could not be read before. In the client's threads."""
        client_id = profile.client_id
        with self._lock:
            self._there.add(client_id)
            unread = client_id in self._unread
        if unread:
            has_login = profile.has_login
            with self._lock:
                if client_id in self._unread:
                    self._unread.discard(client_id)
                    if has_login:
                        self._kept.add(client_id)

    def erased(self, profile: Profile) -> None:
        """Note that a profile may be gone. In the client's threads."""
        if not exists(profile.directory):
            with self._lock:
                self._there.discard(profile.client_id)

    def _keep(self, client_id: ClientId) -> None:
        try:
            self._profiles.of(client_id).keep()
        except OSError as error:  # a start finds the login all the same
            _log.error("login.not_marked", client=client_id, error=str(error))

    def _drop(self, client_id: ClientId, had: bool) -> None:
        try:
            self._profiles.of(client_id).drop()
        except OSError as error:
            _log.error("login.not_dropped", client=client_id, error=str(error))
            with self._lock:
                if had:
                    self._kept.add(client_id)
            raise
