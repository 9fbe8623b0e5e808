"""The operator's rules for files that come in: which are fetched, how often that is tried, how long a message waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from actors.clients.events import AccountEvent, MessageArrived
from actors.clients.types import Seconds
from actors.runtime import Backoff

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InboxRules:
    """Sizes are in bytes, 0 for no limit; `types` are patterns such as `image/*`."""

    types: tuple[str, ...] = ("*/*",)
    largest: int = 64 * MIB
    together: int = 0
    """The bytes of all files that are kept."""
    lifetime: Seconds = 7 * 86_400.0
    wait: Seconds = 120.0
    """How long a message waits for its file before it is told without."""
    tries: int = 5
    backoff: Backoff = field(default_factory=lambda: Backoff(first=1.0, cap=30.0))
    at_once: int = 3
    """Files of one client that are fetched at the same time."""

    def fetches(self, event: AccountEvent) -> bool:
        """Return True if this is a message whose file is to be fetched."""
        media = event.payload.get("media") if isinstance(event, MessageArrived) else None
        return isinstance(media, dict) and self.wants(str(media.get("mimetype")))

    def too_large(self, size: object) -> str | None:
        """Return the sentence about a file that is too large to be fetched, or None."""
        if not self.largest or not isinstance(size, int | float) or size <= self.largest:
            return None
        return f"The file has {size:.0f} bytes and is not fetched: the limit is {self.largest} (SM_MEDIA_IN_MAX)"

    def wants(self, mimetype: str) -> bool:
        """Return True if files of this type are fetched."""
        plain = mimetype.split(";")[0].strip().lower()
        return any(fnmatchcase(plain, pattern.lower()) for pattern in self.types)
