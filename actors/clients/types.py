"""The words of the domain. Plain data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

ClientId = NewType("ClientId", int)
"""The number a consumer gives its client: 1 … MAX_CLIENT_ID."""
MAX_CLIENT_ID = 2**31 - 1

Generation = NewType("Generation", int)
"""Counts the pages one client has opened; facts of an older generation are dropped."""

Seconds = float
"""A duration, or an instant: monotonic seconds of a clock, epoch seconds if a name ends in `_at`, `since`, `until`."""


class State(StrEnum):
    """The state of a client, for consumers. The set is closed; details go into Status."""

    NOT_INITIALIZED = "NOT_INITIALIZED"
    INITIALIZING = "INITIALIZING"
    RECONNECTING = "RECONNECTING"
    QR_REQUIRED = "QR_REQUIRED"
    READY = "READY"
    AUTH_FAILURE = "AUTH_FAILURE"
    DISCONNECTED_RECOVERABLE = "DISCONNECTED_RECOVERABLE"
    DISCONNECTED_LOGOUT = "DISCONNECTED_LOGOUT"
    DISCONNECTED_BANNED = "DISCONNECTED_BANNED"
    ERROR = "ERROR"


STARTING = frozenset({State.INITIALIZING, State.RECONNECTING})
"""A start is under way: POST /init answers 409."""
TERMINAL = frozenset(
    {State.AUTH_FAILURE, State.DISCONNECTED_LOGOUT, State.DISCONNECTED_BANNED, State.ERROR},
)
"""Only a new POST /init leads out; the supervisor cleans up after a while."""
ABSENT = frozenset({State.NOT_INITIALIZED}) | TERMINAL
"""POST /init starts afresh from these."""
RECOVERABLE = STARTING | {State.DISCONNECTED_RECOVERABLE}
"""Recovers by itself, so that waiting is worthwhile."""

PERHAPS_LINKED = RECOVERABLE | {State.ERROR}
"""The states in which a code that was scanned before may have linked a device, and may not."""


class Reason(StrEnum):
    """The reason of a client's state. The set is closed; `Status.reason_text` gives a sentence."""

    BROWSER_CRASHED = "BROWSER_CRASHED"
    BROWSER_HUNG = "BROWSER_HUNG"
    BROWSER_DEAF = "BROWSER_DEAF"
    PAGE_CRASHED = "PAGE_CRASHED"
    PAGE_LEFT = "PAGE_LEFT"
    PAGE_RELOADED = "PAGE_RELOADED"
    PLANNED_UPDATE = "PLANNED_UPDATE"
    MEMORY_LIMIT = "MEMORY_LIMIT"
    DISK_FULL = "DISK_FULL"
    CHROMIUM_FAILED = "CHROMIUM_FAILED"
    PROFILE_IN_USE = "PROFILE_IN_USE"
    PROFILE_UNUSABLE = "PROFILE_UNUSABLE"
    PAGE_UNREACHABLE = "PAGE_UNREACHABLE"
    PAGE_REFUSED = "PAGE_REFUSED"
    PAGE_FOREIGN = "PAGE_FOREIGN"
    PROXY_UNREACHABLE = "PROXY_UNREACHABLE"
    PROXY_LOGIN_REFUSED = "PROXY_LOGIN_REFUSED"
    CERTIFICATE_INVALID = "CERTIFICATE_INVALID"
    BROWSER_UNSUPPORTED = "BROWSER_UNSUPPORTED"
    WA_JS_NOT_READY = "WA_JS_NOT_READY"
    WA_JS_OUTDATED = "WA_JS_OUTDATED"
    START_TIMEOUT = "START_TIMEOUT"
    NETWORK_LOST = "NETWORK_LOST"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    TEMPORARILY_BANNED = "TEMPORARILY_BANNED"
    VERSION_OUTDATED = "VERSION_OUTDATED"
    LOGGED_OUT_BY_PHONE = "LOGGED_OUT_BY_PHONE"
    LOGGED_OUT_BY_API = "LOGGED_OUT_BY_API"
    LOGIN_REFUSED = "LOGIN_REFUSED"
    STORAGE_FAILED = "STORAGE_FAILED"
    CONFLICT = "CONFLICT"
    BANNED = "BANNED"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED"
    TERMS_OF_SERVICE = "TERMS_OF_SERVICE"
    PROXY_BLOCKED = "PROXY_BLOCKED"
    SCREEN_LOCKED = "SCREEN_LOCKED"
    QR_NOT_SCANNED = "QR_NOT_SCANNED"
    PASSKEY_REQUIRED = "PASSKEY_REQUIRED"
    PLATFORM_REFUSED = "PLATFORM_REFUSED"
    PAIRING_CODE_OVER = "PAIRING_CODE_OVER"
    PRIMARY_NOT_MIGRATED = "PRIMARY_NOT_MIGRATED"
    ATTEMPTS_EXHAUSTED = "ATTEMPTS_EXHAUSTED"
    ACTOR_CRASHED = "ACTOR_CRASHED"


class LinkLeft(StrEnum):
    """The reason why a deleted client may still be among the linked devices on its phone. The set is closed."""

    NOT_LINKED = "NOT_LINKED"
    """No login was stored, and no scan was reported: there is nothing to log out."""
    NOT_REQUESTED = "NOT_REQUESTED"
    """The caller did not want a logout."""
    NO_CAPACITY = "NO_CAPACITY"
    """The client did not run, and the service runs as many clients as it may."""
    NOT_REACHED = "NOT_REACHED"
    """The client was not READY in time, or its code was scanned while it was being deleted: it is not known whether
    the device is linked.
    """
    NOT_CONFIRMED = "NOT_CONFIRMED"
    """WhatsApp Web did not confirm the logout in time."""


class Origin(StrEnum):
    """The origin of a start. A caller's own start that fails is reported to the caller; others are retried."""

    CALLER = "CALLER"
    RESUME = "RESUME"


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """The WhatsApp account behind a client, as far as its page says it.

    `phone` is its own number, digits only; `lid` is its LID (`…@lid`). Without both it is unnamed. A page may say the
    number first and the LID later, so two names with either in common are one account. `push_name` is the name that
    the account gives itself.
    """

    phone: str | None = None
    lid: str | None = None
    push_name: str | None = field(default=None, compare=False)

    @property
    def named(self) -> bool:
        """True if anything tells it from another account."""
        return self.phone is not None or self.lid is not None

    def is_same(self, other: LinkedAccount) -> bool:
        """Return True if both are one account for certain."""
        phone = self.phone is not None and self.phone == other.phone
        return phone or (self.lid is not None and self.lid == other.lid)

    def __str__(self) -> str:
        return self.phone or self.lid or "an account that its page does not name"


UNNAMED = LinkedAccount()
"""An account of which the page says nothing."""
