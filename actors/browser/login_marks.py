"""The marks of stored logins: known in memory at once, written to disk in the background.

Actors set them, and a hanging disk must delay no actor. The marks of one client are written in order, in a thread that
touches files; a disk that hangs under one client takes one of those threads, and delays that client's next page only
(`written`), not the others.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from actors.browser.profiles import Profile, Profiles
    from actors.clients.types import ClientId

Then = Callable[[], object]
_log = structlog.get_logger("browser")


class LoginMarks:
    """The marks in all profiles. Any thread."""

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
            with suppress(RuntimeError):  # the loop has ended
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
            with suppress(RuntimeError):  # the browser is stopped
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
