"""The state of one client's sending: one message at a time, so that all leave in the order of their acceptance.

Only a slow upload steps beside the queue: then the other chats go on (`uploads`).

Also the pace between two messages, the fields of a message in the log, and timers for instants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from actors.clients.correlation import Correlation
from actors.clients.types import ClientId, LinkedAccount, Seconds, State
from actors.outbox.limits import Holds, Tempo
from actors.outbox.uploads import ClientUploads
from actors.runtime import Actor
from actors.store.outbox import Message


@dataclass(frozen=True, slots=True)
class Pace:
    """The pause between two messages of a client: `seconds`, and up to `jitter` of that more by chance.

    Messages with a priority of `urgent` or more do not wait.
    """

    seconds: Seconds = 0.0
    jitter: float = 0.5
    urgent: int = 1

    def rest(self, chance: float) -> Seconds:
        """Return the pause before an ordinary message; `chance` is 0 … 1."""
        return self.seconds * (1 + self.jitter * chance)


def cause_of(message: Message) -> Correlation:
    """Return the call that queued the message, and its trace."""
    return Correlation(message.request_id, message.trace_id)


def named(message: Message) -> dict[str, Any]:
    """Return the fields that name a message in the log."""
    facts = {"client": message.client_id, "message": message.id, "order": message.message_id}
    return {**facts, **cause_of(message).named}


CHECK: Seconds = 60.0
"""The longest timer for an instant: timers do not notice that the host's clock is set, or that the host sleeps."""


def wait_for(actor: Actor, key: Hashable, at: Seconds, message: object) -> None:
    """Start a timer for this instant (epoch seconds), or earlier: the receiver checks the time, and waits again."""
    actor.start_timer(key, min(max(0.0, at - actor.clock.time()), CHECK), message)


@dataclass(slots=True)
class ClientQueue:
    """The sending of one client.

    `busy` is true from the request for the next message until that message is settled; with `more`, another request
    follows. The pace allows no ordinary message before `not_before` (monotonic seconds).
    """

    state: State = State.NOT_INITIALIZED
    fit: bool = True
    """True if the page has everything that sending needs, as far as reported."""
    busy: bool = False
    claiming: bool = False
    """The store was asked for the next message: a message may be marked already that is not known here yet."""
    more: bool = False
    not_before: Seconds = 0.0
    next_due: Seconds | None = None
    """The time when the next message is due (epoch seconds), as the store last reported it."""
    leaving: Message | None = None
    """The message that the client is sending, and that the queue waits for."""
    doubted: str | None = None
    """The last message whose outcome its page will not report any more."""
    suspects: set[str] = field(default_factory=set)
    """Messages that were with the page when it crashed."""
    look_ups: dict[str, int] = field(default_factory=dict)
    """Message -> ticket of its newest look-up. An older look-up, or one from before the message was sent again, proves
    nothing."""
    tickets: Iterator[int] = field(default_factory=lambda: count(1))
    to_sweep: bool = False
    """A sweep was asked for while a message was being claimed; it runs once the claim is answered."""
    sweeps: int = 0
    """The number of sweeps that wait for the store."""
    claimed: set[str] = field(default_factory=set)
    """Messages that were sent or claimed while a sweep waited for the store: its answer may be out of date for them."""
    more_unsettled: bool = False
    """More messages are in `sending` than are being looked up."""
    account: LinkedAccount | None = None
    """The account that the client was READY with last."""
    tempo: Tempo = field(default_factory=Tempo)
    holds: Holds = field(default_factory=Holds)
    uploads: ClientUploads = field(default_factory=ClientUploads)
    unwritten: int = 0
    """The number of results of look-ups that are not on disk yet."""

    @property
    def ready(self) -> bool:
        """True if the client can send."""
        return self.state is State.READY and self.fit

    def linked(self, account: LinkedAccount) -> None:
        """Take the account of a client that is READY. WhatsApp slowed down the one before, and not this one."""
        if self.account is not None and not self.account.is_same(account):
            self.tempo = Tempo()
        self.account = account

    @property
    def closed(self) -> frozenset[str]:
        """The chats in which nothing may leave now."""
        return self.uploads.chats.union(self.holds.chats)

    @property
    def with_page(self) -> set[str]:
        """The ids of messages that the client is sending."""
        return {*self.uploads.beside, *(() if self.leaving is None else (self.leaving.id,))}

    @property
    def under_way(self) -> set[str]:
        """The ids of messages that the page may still be sending."""
        return self.with_page | ({self.doubted} if self.doubted is not None else set())


ClientQueues = defaultdict[ClientId, ClientQueue]
"""The queues of all clients; a client without a report cannot send."""
