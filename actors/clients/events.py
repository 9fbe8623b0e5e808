"""What can happen to a client, as the tables of `lifecycle` know it: facts of its page, and what the shell makes of
commands, timers and failures. Plain data.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.protocol import (
    Banned,
    Blocked,
    Conflict,
    LinkLost,
    LinkResumed,
    LoggedOut,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
)
from actors.clients.types import Reason


@dataclass(frozen=True, slots=True)
class StartFresh:
    """A start with nothing stored."""


@dataclass(frozen=True, slots=True)
class StartStored:
    """A start that resumes a stored login."""


@dataclass(frozen=True, slots=True)
class AttemptDue:
    """The delay before a granted reconnection is over."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The page is gone or of no use; another attempt may help."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The start that a caller waits for has failed, or nothing can make it succeed."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class PatienceOver:
    """The state has waited as long as it may."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The supervisor grants no more attempts."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The client was told to end; a logout that is part of that has been tried."""


Event = (
    StartFresh
    | StartStored
    | AttemptDue
    | QrShown
    | QrIdle
    | QrScanned
    | Ready
    | LinkLost
    | LinkResumed
    | LoggedOut
    | Banned
    | Conflict
    | Blocked
    | Lost
    | StartFailed
    | PatienceOver
    | Exhausted
    | Closed
)
EVENTS: tuple[type, ...] = Event.__args__
