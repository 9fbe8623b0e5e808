"""The supervisor's orders and grants, and a client's facts for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from actors.clients.bans import BanEvidence
from actors.clients.correlation import UNCAUSED, Correlation
from actors.clients.protocol.status import Status
from actors.clients.types import ClientId, Origin, Reason, Seconds


@dataclass(frozen=True, slots=True)
class Start:
    """Start unless running; `reply_to` (a ReplyTo, or None) gets Started | AlreadyRunning or a refusal.

    `pairing` is the supervisor's evidence on this number. With `turn` it is the client's turn to open a page; with a
    `place` it waits for its turn already; else it asks for it.
    """

    origin: Origin
    reply_to: Any = field(default=None, compare=False)
    pairing: BanEvidence = field(default_factory=BanEvidence)
    cause: Correlation = UNCAUSED
    turn: bool = False
    place: int | None = None


@dataclass(frozen=True, slots=True)
class TakePlace:
    """Wait at this place among those that are to resume; 1 is next."""

    place: int


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """Open the page: it is this client's turn."""


@dataclass(frozen=True, slots=True)
class TurnWanted:
    """Ask for the turn to open a page: TakeTurn follows, at once or after a TakePlace. `caller_waits` for it."""

    client_id: ClientId
    caller_waits: bool


@dataclass(frozen=True, slots=True)
class Launched:
    """Fact for the supervisor: the client's Chromium is launched."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class LoadEnded:
    """Fact for the supervisor: the client's page has loaded, or waits."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class Close:
    """End this client: close the browser, then stop the actor. `forget` drops the login.

    `log_out`, with `forget`: log out first; a stored login is resumed for that. It is over after `within` seconds, if
    given.
    """

    forget: bool = False
    within: Seconds | None = None
    log_out: bool = False


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Fact for the supervisor: the client's new status."""

    status: Status


@dataclass(frozen=True, slots=True)
class PairingChanged:
    """Fact for the supervisor: a phone was paired, reported its number, or the login ended; to be stored."""

    client_id: ClientId
    pairing: BanEvidence


@dataclass(frozen=True, slots=True)
class PerhapsLinked:
    """Fact for the supervisor: the code was scanned while the client ended, or may have been."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class ReconnectWanted:
    """Fact for the supervisor: the client lost its page and asks for another attempt."""

    client_id: ClientId
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class ReconnectGranted:
    """Attempt number `attempt` may begin after `delay` seconds."""

    attempt: int
    delay: Seconds


@dataclass(frozen=True, slots=True)
class ReconnectRefused:
    """No attempt is left, or none can help."""

    reason: Reason
    text: str
