"""What is under way for one client: one message at a time, so that all leave in the order of their acceptance.

How fast they follow one another, what the log says of each, and when what waits for an instant is looked at again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from actors.clients.correlation import Correlation
from actors.clients.types import ClientId, Seconds, State
from actors.outbox.limits import Holds, Tempo
from actors.runtime import Actor
from actors.store.outbox import Message


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


def cause_of(message: Message) -> Correlation:
    """The call, and its trace."""
    return Correlation(message.request_id, message.trace_id)


def named(message: Message) -> dict[str, Any]:
    """What a line of the log says of a message."""
    facts = {"client": message.client_id, "message": message.id, "order": message.message_id}
    return {**facts, **cause_of(message).named}


CHECK: Seconds = 60.0
"""Timers do not notice that the host's clock is set, or that the host sleeps: so often it is looked at again."""


def wait_for(actor: Actor, key: Hashable, at: Seconds, message: object) -> None:
    """Have the actor told at this instant (epoch seconds), or sooner: whoever is told looks, and waits again."""
    actor.start_timer(key, min(max(0.0, at - actor.clock.time()), CHECK), message)


@dataclass(slots=True)
class ClientQueue:
    """`busy` from the look for the next message until that message is settled; `more` asks for another look after it.

    `not_before` is when the pace allows the next ordinary message (monotonic seconds).
    """

    state: State = State.NOT_INITIALIZED
    fit: bool = True
    """Whether the page has what sending needs, as far as it was heard of."""
    busy: bool = False
    claiming: bool = False
    """The store has been asked for the next message: it may be marked, and which one is not known here yet."""
    more: bool = False
    not_before: Seconds = 0.0
    next_due: Seconds | None = None
    """When the next message is due (epoch seconds), as far as the store has told."""
    leaving: Message | None = None
    """The message the client has been given."""
    doubted: str | None = None
    """The message that was last given to a page which will not say what became of it."""
    suspects: set[str] = field(default_factory=set)
    """Messages that were with the page when it crashed."""
    look_ups: dict[str, int] = field(default_factory=dict)
    """Messages that are being looked up, and the ticket of the look-up that counts: an older one, or one from before
    the message left again, proves nothing."""
    tickets: Iterator[int] = field(default_factory=lambda: count(1))
    to_sweep: bool = False
    """A sweep came in between: it is made up for once it is known what leaves."""
    sweeps: int = 0
    """Sweeps whose read is on its way."""
    claimed: set[str] = field(default_factory=set)
    """Messages that were under way, or claimed, while a sweep was on its way: what it read of them may be old."""
    more_unsettled: bool = False
    """Others are in `sending` behind those that are being looked up."""
    tempo: Tempo = field(default_factory=Tempo)
    holds: Holds = field(default_factory=Holds)
    unwritten: int = 0
    """What look-ups have proved, on its way to disk."""

    @property
    def ready(self) -> bool:
        """Whether the client can send."""
        return self.state is State.READY and self.fit

    @property
    def under_way(self) -> set[str]:
        """What the page had when it was last heard of."""
        leaving = None if self.leaving is None else self.leaving.id
        return {id for id in (leaving, self.doubted) if id is not None}


ClientQueues = defaultdict[ClientId, ClientQueue]
"""Of all clients; one that was not heard of yet cannot send."""
