"""The fake's stored logins: in memory, or in a directory to survive the process.

Like a real profile, one is two things: the login that WhatsApp Web has stored (here the account's number), and our
own mark that a login is there. A profile that is dropped loses the mark at once, the login when its page is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actors.clients.types import ClientId


@dataclass(slots=True)
class _Profile:
    phone: str | None = None
    made: bool = False
    kept: bool = False
    dropped: bool = False


class FakeProfiles:
    """The profiles of all clients. Any thread, one at a time."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._profiles: dict[ClientId, _Profile] = {}

    def phone(self, client_id: ClientId) -> str | None:
        """Return the number whose login is stored."""
        return self._of(client_id).phone

    def make(self, client_id: ClientId) -> None:
        """Make the profile, as an opened page does."""
        self._of(client_id).made = True

    def exists(self, client_id: ClientId) -> bool:
        """Return True if there is a profile, with a login or without."""
        profile = self._of(client_id)
        return profile.made or profile.kept or profile.phone is not None

    def is_kept(self, client_id: ClientId) -> bool:
        """Return True if the login is marked."""
        return self._of(client_id).kept

    def kept(self) -> frozenset[ClientId]:
        """Return the clients whose login is marked."""
        stored = () if self._directory is None else self._directory.glob("*.login")
        known = {*self._profiles, *(ClientId(int(path.stem)) for path in stored)}
        return frozenset(client_id for client_id in known if self.is_kept(client_id))

    def log_in(self, client_id: ClientId, phone: str) -> None:
        """Store a login, as the page does."""
        self._of(client_id).phone = phone
        self._write(client_id)

    def log_out(self, client_id: ClientId) -> None:
        """Erase the login, as the page does; the mark stays."""
        self._of(client_id).phone = None
        self._write(client_id)

    def keep(self, client_id: ClientId) -> None:
        """Mark the login."""
        self._of(client_id).kept = True
        self._write(client_id)

    def drop(self, client_id: ClientId) -> None:
        """Unmark the login, so that the profile is erased at the next `prune`."""
        profile = self._of(client_id)
        profile.kept, profile.dropped = False, True
        self._write(client_id)

    def prune(self, client_id: ClientId) -> None:
        """Erase a profile that was dropped; no page is open."""
        if self._of(client_id).dropped:
            del self._profiles[client_id]
            if self._directory is not None:
                self._file(client_id).unlink(missing_ok=True)

    def _of(self, client_id: ClientId) -> _Profile:
        if client_id not in self._profiles:
            self._profiles[client_id] = self._read(client_id)
        return self._profiles[client_id]

    def _file(self, client_id: ClientId) -> Path:
        assert self._directory is not None
        return self._directory / f"{client_id}.login"

    def _read(self, client_id: ClientId) -> _Profile:
        if self._directory is None or not self._file(client_id).exists():
            return _Profile()
        phone, kept, dropped = self._file(client_id).read_text().splitlines()
        return _Profile(phone or None, True, kept == "kept", dropped == "dropped")

    def _write(self, client_id: ClientId) -> None:
        if self._directory is None:
            return
        profile = self._of(client_id)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = (profile.phone or "", "kept" if profile.kept else "", "dropped" if profile.dropped else "")
        new = self._file(client_id).with_suffix(".new")
        new.write_text("\n".join(words) + "\n")
        new.replace(self._file(client_id))  # whole or not at all, at any kill of the process
