"""What the dispatcher understands: two commands of callers, facts about clients, and its own timers and answers."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.protocol import LookedUp, Sent
from actors.clients.types import ClientId, Seconds, State
from actors.runtime import Reminder, Work
from actors.store.outbox import Message


@dataclass(frozen=True, slots=True)
class Await(Work):
    """Answers the Message (`actors.store.outbox`) once it is settled, or as it stands after `seconds`.

    `withdraw`: a message that has not left then, or when its client cannot send any more, is cancelled, not kept;
    refuses NotReady in the second case. A message that may have left is answered in `sending` at once when its client
    is lost: nobody knows before it is back.
    """

    client_id: ClientId
    id: str
    seconds: Seconds
    withdraw: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """Fact: a message of this client has been accepted. `expires_at` (epoch seconds) if it has an end."""

    client_id: ClientId
    expires_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Fact: the client can send from now on, or cannot. `crashed`: its browser or page went down."""

    client_id: ClientId
    state: State
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Cancel what this client has queued: it was deleted."""

    client_id: ClientId


# --- timers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """Timer: there may be something to send for this client."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Timer: ask the page once more what became of this message."""

    message: Message
    tries: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Timer: look once more for what is neither settled nor under way; the store or the client did not answer."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class AwaitOver:
    """Timer: this asker has waited long enough."""

    id: str
    ticket: int


@dataclass(frozen=True, slots=True)
class Expire:
    """Timer: something queued is past its end."""


# --- answers that come back from the store and from clients ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextRead:
    """The store has looked for what may leave."""

    client_id: ClientId
    answer: tuple[Message, ...] | Exception


@dataclass(frozen=True, slots=True)
class DueRead:
    """The store has looked for when something may leave."""

    client_id: ClientId
    answer: Seconds | Exception | None


@dataclass(frozen=True, slots=True)
class Marked:
    """On disk: this message is about to leave; none where it was taken back meanwhile."""

    client_id: ClientId
    answer: tuple[Message, ...] | Exception


@dataclass(frozen=True, slots=True)
class Outcome:
    """The client has said what became of a message; an exception where it did not say so."""

    message: Message
    answer: Sent | Exception


@dataclass(frozen=True, slots=True)
class Settled:
    """On disk: how a message that was sent now stands."""

    message: Message
    answer: Message | Exception


@dataclass(frozen=True, slots=True)
class UnsettledRead:
    """The store has looked for what was under way when the client was lost, or the service ended."""

    client_id: ClientId
    answer: tuple[Message, ...] | Exception


@dataclass(frozen=True, slots=True)
class Found:
    """The page has said what it knows of a message. `ticket`: of the look-up; only the newest one counts."""

    message: Message
    answer: LookedUp | Exception
    tries: int
    ticket: int


@dataclass(frozen=True, slots=True)
class LookUpWritten:
    """What a look-up proved is on disk, or could not be written."""

    client_id: ClientId
    answer: Message | Exception


@dataclass(frozen=True, slots=True)
class Known:
    """On disk: how a message stands that was looked up, expired, taken back, or asked for."""

    answer: Message | Exception | None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The store has taken a message back for an asker, or refused to."""

    client_id: ClientId
    id: str
    ticket: int
    answer: Message | Exception


@dataclass(frozen=True, slots=True)
class Standing:
    """How the message of an asker whose time is over stands."""

    id: str
    ticket: int
    answer: Message | Exception | None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """On disk: so many messages of a deleted client have been cancelled."""

    client_id: ClientId
    answer: int | Exception


@dataclass(frozen=True, slots=True)
class Expired:
    """On disk: these have ended unsent."""

    answer: tuple[Message, ...] | Exception


@dataclass(frozen=True, slots=True)
class ExpiryRead(Reminder):
    """The store has looked for the next end."""

    answer: Seconds | Exception | None
