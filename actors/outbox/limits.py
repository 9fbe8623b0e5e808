"""WhatsApp's refusals and their consequences: a message fails, its chat is held, or the client sends slower. Pure.

    code                                              restricted    consequence
    RESTRICTED  the page has not even filed it        either        the chat is held, the message keeps its id
    463, 475    no first messages to strangers        yes           the chat is held, the message gets a new id
    463, 475                                          no            the message fails: it is unknown when it may leave
    429         too many messages                     either        the client sends slower, the message gets a new id
    ERROR_UPLOAD  the file could not be uploaded      either        it is tried again (`uploads`), under a new id
    any other, or none                                either        the message fails

A refused message never left: WhatsApp's server has rejected it. It gets a new id because the page has filed the old id
as failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto

from actors.clients.types import Seconds

RECHECK: Seconds = 60.0
"""The time for which a chat is held if WhatsApp does not give an end. WhatsApp's page assumes the same."""
FIRST: Seconds = 5.0
GROWTH = 2.0
CAP: Seconds = 300.0
"""The pause between two messages: FIRST after the first 429, GROWTH times as long after each further 429, CAP at
most."""
MOST_REFUSALS = 10
"""The most refusals that count: after as many accepted messages the client is as fast as before."""


class Consequence(Enum):
    """The consequence of a refusal for the message."""

    FAIL = auto()
    HOLD = auto()
    SLOW = auto()
    UPLOAD_AGAIN = auto()


@dataclass(frozen=True, slots=True)
class RefusalRule:
    """The meaning of a code of WhatsApp's. `filed`: the page has filed the message as failed, under its id."""

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
    ("ERROR_UPLOAD", True): RefusalRule(Consequence.UPLOAD_AGAIN),
    ("ERROR_UPLOAD", False): RefusalRule(Consequence.UPLOAD_AGAIN),
}
"""Code, and whether the account is known to be restricted -> rule. All others fail."""


def refusal(code: str | None, *, restricted: bool) -> RefusalRule:
    """Return the rule for a refusal with this code."""
    return FAILS if code is None else REFUSALS.get((code, restricted), FAILS)


def held(until: Seconds) -> str:
    """Return the reason why a message waits, as a sentence."""
    end = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"Held: WhatsApp refuses this account's first messages to strangers until {end}"


@dataclass(frozen=True, slots=True)
class Tempo:
    """The slow-down of a client because WhatsApp has refused messages as too many."""

    refusals: int = 0

    @property
    def slowed(self) -> bool:
        """True if messages wait for WhatsApp's limit, urgent messages too."""
        return self.refusals > 0

    def refused(self) -> Tempo:
        """Return the tempo after one more refusal."""
        return replace(self, refusals=min(self.refusals + 1, MOST_REFUSALS))

    def accepted(self) -> Tempo:
        """Return the tempo after an accepted message: one step back to the pace."""
        return replace(self, refusals=max(self.refusals - 1, 0))

    def rest(self, pace: Seconds) -> Seconds:
        """Return the pause before the next message; `pace` is the usual one."""
        if not self.slowed:
            return pace
        return max(pace, min(CAP, FIRST * GROWTH ** (self.refusals - 1)))


@dataclass(slots=True)
class Holds:
    """The chats of one client that wait for the end of a restriction, with that end (epoch seconds)."""

    until: Seconds | None = None
    """The end of the restriction; None if WhatsApp did not give it."""
    restricted: bool = False
    chats: dict[str, Seconds] = field(default_factory=dict)

    def hold(self, chat: str, now: Seconds) -> Seconds:
        """Hold a chat. Return the end."""
        end = self.until if self.restricted and self.until is not None and self.until > now else now + RECHECK
        self.chats[chat] = end
        return end

    def told(self, restricted: bool, until: Seconds | None) -> frozenset[str]:
        """Set or lift the restriction. Return the chats that are not held any more."""
        self.restricted, self.until = restricted, until
        if not restricted:
            return self._let_go(frozenset(self.chats))
        if until is not None:
            self.chats = dict.fromkeys(self.chats, until)
        return frozenset()

    def over(self, now: Seconds) -> frozenset[str]:
        """Release the chats whose time is over, and return them."""
        return self._let_go(frozenset(chat for chat, end in self.chats.items() if end <= now))

    @property
    def next_end(self) -> Seconds | None:
        """The time when the first chat is released; None without any."""
        return min(self.chats.values(), default=None)

    def _let_go(self, chats: frozenset[str]) -> frozenset[str]:
        for chat in chats:
            del self.chats[chat]
        return chats
