"""All profile directories, and their owners: one at a time for each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import structlog

from actors.browser.options import BrowserUnavailable
from actors.browser.profiles.file_threads import FileThreads
from actors.browser.profiles.login_marks import LoginMarks
from actors.browser.profiles.profile import Profile
from actors.clients.types import MAX_CLIENT_ID, ClientId

_NAME = re.compile("[1-9][0-9]{0,9}")
"""The names that `of` gives; no other directory is a profile."""
_PROBE = ".writable-"

_log = structlog.get_logger("browser")


class Profiles:
    """All profiles. `owned` and `erase` are for the loop; the rest may be called by any thread."""

    def __init__(self, data_dir: Path, limit: int = 0, files: FileThreads | None = None) -> None:
        self.directory = data_dir.absolute() / "profiles"
        self.files = files or FileThreads()
        self._limit = limit
        self.marks = LoginMarks(self, self.files)
        self._turns: defaultdict[ClientId, asyncio.Lock] = defaultdict(asyncio.Lock)

    def create(self) -> None:
        """Create the directory. Raises BrowserUnavailable if it cannot be written."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.directory.chmod(0o700)
            for left in self.directory.glob(f"{_PROBE}*"):  # of a service that was killed meanwhile
                left.unlink(missing_ok=True)
            probe = self.directory / f"{_PROBE}{os.getpid()}"
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

    def clients(self) -> list[ClientId]:
        """Return the clients that have a directory, by number. Only names that `of` gives count. Raises OSError."""
        names = os.listdir(self.directory) if self.directory.exists() else []
        return sorted(ClientId(int(name)) for name in names if _NAME.fullmatch(name) and int(name) <= MAX_CLIENT_ID)

    def logins(self) -> frozenset[ClientId]:
        """Return the clients whose login is stored. Raises OSError."""
        return frozenset(client_id for client_id in self.clients() if self.of(client_id).has_login)

    @contextlib.asynccontextmanager
    async def owned(self, client_id: ClientId) -> AsyncIterator[Profile]:
        """Wait until the profile is free, and own it. Raises ProfileInUse, OSError.

        A profile that was dropped is deleted before and after. On the loop only.
        """
        profile = self.of(client_id)
        async with self._turns[client_id]:
            taking = self.files.submit(client_id, self._take, profile)
            try:
                held = await self.files.in_time(client_id, taking)
            except BaseException:  # cancelled or too late: nobody is there to own it
                taking.add_done_callback(partial(self._return, profile))
                raise
            try:
                yield profile
            finally:
                returning = self.files.submit(client_id, self._give_back, profile, held)
                with contextlib.suppress(TimeoutError):  # the next owner waits for it
                    await self.files.in_time(client_id, returning)

    async def erase(self, client_id: ClientId) -> None:
        """Delete a dropped profile once it is free. On the loop only. Raises ProfileInUse, OSError."""
        async with self._turns[client_id]:
            await self.files.run(client_id, self._erase, self.of(client_id))

    def _erase(self, profile: Profile) -> None:
        if profile.is_dropped:
            os.close(self._take(profile, again=False))
        self.marks.erased(profile)

    def _take(self, profile: Profile, *, again: bool = True) -> int:
        held = profile.lock()
        try:
            self.marks.owned(profile)
            profile.unlock()
            dropped = profile.is_dropped
            if dropped:
                profile.delete()
        except BaseException:  # on any exception, an unknown lock must not be held for ever
            os.close(held)
            raise
        if dropped and again:
            os.close(held)
            held = profile.lock()
        return held

    def _return(self, profile: Profile, taken: Future[int]) -> None:
        if not taken.cancelled() and taken.exception() is None:
            self._give_back(profile, taken.result())

    def _give_back(self, profile: Profile, held: int) -> None:
        """Tidy up, and free the profile. What cannot be done is logged: the page has ended for another reason."""
        try:
            profile.unrecord()
            if profile.is_dropped:
                profile.delete()
                self.marks.erased(profile)
            elif self._limit:
                profile.prune(self._limit)
        except OSError as error:
            _log.error("profile.not_tidied", client=profile.client_id, error=str(error))
        finally:
            os.close(held)
