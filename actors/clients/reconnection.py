"""How often and how soon a client may come back. Pure arithmetic; instants are monotonic seconds given by the caller.

At most `limit` attempts in a row; READY ends the row. The delay is another matter: it starts small again only after a
READY that lasted, so that a client which is lost as soon as it is back does not come back faster and faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from actors.clients.types import Seconds
from actors.runtime import Backoff


@dataclass(frozen=True, slots=True)
class Streak:
    """One client's attempts in a row, the delay it has grown to, and since when it is READY."""

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
        """READY ends the row of attempts; whether it ends the growth of delays is seen at the next loss."""
        if streak.ready_since is not None:
            return streak
        return replace(streak, attempts=0, ready_since=now)

    def lost(self, streak: Streak, now: Seconds, random: Callable[[], float]) -> tuple[Streak, Grant | None]:
        """One more attempt, or None where the row is at its limit. `random` yields [0, 1)."""
        if streak.attempts >= self.limit:
            return streak, None
        stable = streak.ready_since is not None and now - streak.ready_since >= self.stable_after
        delays = 0 if stable else streak.delays
        grant = Grant(streak.attempts + 1, self.backoff.delay(delays + 1, random))
        return Streak(attempts=grant.attempt, delays=delays + 1), grant
