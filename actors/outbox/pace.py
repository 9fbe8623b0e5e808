"""How fast the messages of one client follow one another."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.types import Seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """At least `seconds` between two messages of a client, up to `jitter` of it more by chance; urgent ones go past.

    `urgent` is the least priority that does.
    """

    seconds: Seconds = 0.0
    jitter: float = 0.5
    urgent: int = 1

    def rest(self, chance: float) -> Seconds:
        """How long an ordinary message waits after another; `chance` is 0 … 1."""
        return self.seconds * (1 + self.jitter * chance)
