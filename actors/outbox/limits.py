"""What a refusal of WhatsApp means for what waits: a message fails, its chat is held, or the client goes slower. Pure.

    code                                              restricted    what follows
    RESTRICTED  the page has not even filed it        either        the chat is held, the message keeps its id
    463, 475    no first messages to strangers        yes           the chat is held, the message gets a new id
    463, 475                                          no            the message fails: nothing says when it may leave
    429         too many messages                     either        the client goes slower, the message gets a new id
    any other, or none                                either        the message fails

A refused message never left: WhatsApp's server has said no to it. It gets a new id because the page has filed the old
one as failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto

from actors.clients.types import Seconds

RECHECK: Seconds = 60.0
"""How long a chat is held where nobody has said until when. WhatsApp's page assumes the same."""
FIRST: Seconds = 5.0
GROWTH = 2.0
CAP: Seconds = 300.0
"""Between two messages: after the first refusal for being too fast, times as much after each further one, at most."""
MOST_REFUSALS = 10
"""Refusals that count: with as many messages accepted the client is as fast as before."""


class Consequence(Enum):
    """What becomes of a message that was refused."""

    FAIL = auto()
    HOLD = auto()
    SLOW = auto()


@dataclass(frozen=True, slots=True)
class RefusalRule:
    """What a code of WhatsApp's means. `filed`: the page has filed the message as failed, under its id."""

    consequence: Consequence
    filed: bool = True


FAILS = RefusalRule(Consequence.FAIL)
HOLDS = RefusalRule(Consequence.HOLD)
REFUSALS: Mapping[tuple[str, bool], RefusalRule] = {
    ("RESTRICTED", True): RefusalRule(Consequence.HOLD, filed=False),
    ("RESTRICTED", False): RefusalRule(Consequence.HOLD, filed=False),
    ("463", True): HOLDS,
    ("475", True): HOLDS,
    ("429", True): RefusalRule(Consequence.SLOW),
    ("429", False): RefusalRule(Consequence.SLOW),
}
"""Code, and whether the account is known to be restricted -> what follows; all else fails."""


def refusal(code: str | None, *, restricted: bool) -> RefusalRule:
    """What follows from a refusal with this code."""
    return FAILS if code is None else REFUSALS.get((code, restricted), FAILS)


def held(until: Seconds) -> str:
    """Why a message waits, in words."""
    end = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"Held: WhatsApp refuses this account's first messages to strangers until {end}"


@dataclass(frozen=True, slots=True)
class Tempo:
    """How much slower than its pace a client goes, because WhatsApp has refused messages for being too many."""

    refusals: int = 0

    @property
    def slowed(self) -> bool:
        """Whether WhatsApp's limit counts more than the pace, for urgent messages too."""
        return self.refusals > 0

    def refused(self) -> Tempo:
        """One more refusal."""
        return replace(self, refusals=min(self.refusals + 1, MOST_REFUSALS))

    def accepted(self) -> Tempo:
        """One message has gone through: one step back to the pace."""
        return replace(self, refusals=max(self.refusals - 1, 0))

    def rest(self, pace: Seconds) -> Seconds:
        """How long the next message waits; `pace` is what it would wait otherwise."""
        if not self.slowed:
            return pace
        return max(pace, min(CAP, FIRST * GROWTH ** (self.refusals - 1)))


@dataclass(slots=True)
class Holds:
    """The chats of one client that wait for the end of a restriction, and until when (epoch seconds)."""

    until: Seconds | None = None
    """The end of the restriction, as WhatsApp has told it; None where it did not."""
    restricted: bool = False
    chats: dict[str, Seconds] = field(default_factory=dict)

    def hold(self, chat: str, now: Seconds) -> Seconds:
        """Hold a chat. Returns until when."""
        end = self.until if self.restricted and self.until is not None and self.until > now else now + RECHECK
        self.chats[chat] = end
        return end

    def told(self, restricted: bool, until: Seconds | None) -> frozenset[str]:
        """WhatsApp has set the restriction anew, or lifted it. Returns the chats that are not held any more."""
        self.restricted, self.until = restricted, until
        if not restricted:
            return self._let_go(frozenset(self.chats))
        if until is not None:
            self.chats = dict.fromkeys(self.chats, until)
        return frozenset()

    def over(self, now: Seconds) -> frozenset[str]:
        """Let go of the chats whose time is over, and return them."""
        return self._let_go(frozenset(chat for chat, end in self.chats.items() if end <= now))

    @property
    def next_end(self) -> Seconds | None:
        """When the first chat is let go of."""
        return min(self.chats.values(), default=None)

    def _let_go(self, chats: frozenset[str]) -> frozenset[str]:
        for chat in chats:
            del self.chats[chat]
        return chats
