"""The operator's rules for all clients: durations, limits, and the number of reconnections.

Pure arithmetic and plain data. Instants are monotonic seconds given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from actors.clients.operations import Effect, Operation
from actors.clients.operations.account import LogOut
from actors.clients.types import Reason, Seconds, State
from actors.runtime import Backoff


@dataclass(frozen=True, slots=True)
class Patience:
    """The time limits of waiting states, in seconds. READY and the terminal states do not wait."""

    start: float = 60.0
    qr: float = 300.0
    link: float = 600.0

    def of(self, state: State) -> float | None:
        """Return the seconds `state` may last, None if it may last for ever."""
        return {
            State.INITIALIZING: self.start,
            State.RECONNECTING: self.start,
            State.QR_REQUIRED: self.qr,
            State.DISCONNECTED_RECOVERABLE: self.link,
        }.get(state)


OVERDUE: dict[State, tuple[Reason, str]] = {
    State.INITIALIZING: (Reason.START_TIMEOUT, "WhatsApp Web was not ready in time"),
    State.RECONNECTING: (Reason.START_TIMEOUT, "WhatsApp Web did not resume the stored login in time"),
    State.QR_REQUIRED: (Reason.QR_NOT_SCANNED, "QR not scanned in time"),
    State.DISCONNECTED_RECOVERABLE: (Reason.NETWORK_LOST, "WhatsApp stayed out of reach"),
}
"""The reason and text of PatienceOver, for every state that waits."""


@dataclass(frozen=True, slots=True)
class Times:
    """The time limits of a page, in seconds."""

    patience: Patience = field(default_factory=Patience)
    """Of a state that waits."""
    send: Seconds = 30.0
    log_out: Seconds = 15.0
    connect: Seconds = 12.0
    """Until a client that is to be deleted is READY, so that it can log out."""
    answer: Seconds = 30.0
    """Of any other answer of the page."""
    close: Seconds = 15.0
    """Until a page that was ordered to close is killed, and as long again until it is given up."""
    probe_interval: Seconds = 15.0
    probe_timeout: Seconds = 5.0
    server_check: Seconds = 60.0
    """Between two queries to WhatsApp's server; 0 means none."""
    update_within: Seconds = 86_400.0
    update_quiet: Seconds = 60.0

    def of(self, operation: Operation[Any]) -> Seconds:
        """Return the time limit of an operation."""
        if isinstance(operation, LogOut):
            return self.log_out
        return (self.send if operation.effect is Effect.SEND else self.answer) + operation.upload


# --- reconnection -----------------------------------------------------------------------------------------------------
#
# At most `limit` attempts in a row; READY ends the row. The delay is separate: it starts small again only after a READY
# that lasted, so that a client which is lost as soon as it is back does not return faster and faster.


@dataclass(frozen=True, slots=True)
class Streak:
    """One client's attempts in a row, its present delay, and the time of its READY."""

    attempts: int = 0
    delays: int = 0
    ready_since: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Attempt number `attempt` may begin after `delay` seconds."""

    attempt: int
    delay: Seconds


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's rules, the same for every client."""

    backoff: Backoff
    limit: int = 3
    stable_after: Seconds = 60.0

    def ready(self, streak: Streak, now: Seconds) -> Streak:
        """Record READY, which ends the row of attempts; whether it ends the growth of delays is decided at the next
        loss.
        """
        if streak.ready_since is not None:
            return streak
        return replace(streak, attempts=0, ready_since=now)

    def lost(self, streak: Streak, now: Seconds, random: Callable[[], float]) -> tuple[Streak, Grant | None]:
        """Return one more attempt, or None if the row is at its limit. `random` yields [0, 1)."""
        if streak.attempts >= self.limit:
            return streak, None
        stable = streak.ready_since is not None and now - streak.ready_since >= self.stable_after
        delays = 0 if stable else streak.delays
        grant = Grant(streak.attempts + 1, self.backoff.delay(delays + 1, random))
        return Streak(attempts=grant.attempt, delays=delays + 1), grant


LOADS_EACH = 2
"""The pages that may load, for each Chromium that may be launched: loading takes longer."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's rules: durations in seconds, memory in bytes; a limit of 0 is none."""

    times: Times = field(default_factory=Times)
    reconnection: Policy = field(default_factory=lambda: Policy(Backoff(first=1.0, cap=60.0)))
    cleanup_delay: Seconds = 60.0
    start_concurrency: int = 2
    """The number of Chromiums that are launched at a time, in each lane."""
    max_clients: int = 0
    limited_by: str = "SM_MAX_CLIENTS"
    client_memory: int = 0

    @property
    def load_concurrency(self) -> int:
        """The number of clients that launch, or whose pages load, in each lane: each takes a core for seconds."""
        return LOADS_EACH * self.start_concurrency
