"""What the dispatcher understands: two commands of callers, facts about clients, and its own timers and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from actors.clients.operations.messages import LookedUp, Sent
from actors.clients.types import ClientId, Seconds, State
from actors.runtime import Reminder, Work
from actors.store.outbox import Claimed, Message

Answer = TypeVar("Answer", covariant=True)


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
    """Fact: a message of this client has been accepted, or queued again. `expires_at`: its end, in epoch seconds."""

    client_id: ClientId
    expires_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Fact: the client can send from now on, or cannot. `crashed`: its browser or page went down."""

    client_id: ClientId
    state: State
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class PageFitness:
    """Fact: the client's page has what sending needs, or lacks some of it."""

    client_id: ClientId
    can_send: bool


@dataclass(frozen=True, slots=True)
class Restricted:
    """Fact: WhatsApp refuses this client's first messages to strangers, until `until` (epoch seconds), or not."""

    client_id: ClientId
    restricted: bool
    until: Seconds | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Cancel what this client has queued: it was deleted."""

    client_id: ClientId


# --- timers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look(Reminder):
    """Timer: there may be something to send for this client."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class LetGo(Reminder):
    """Timer: the first of the chats that are held has waited long enough."""

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


# --- answers that come back from the store and from clients; an exception where none was given ------------------------


@dataclass(frozen=True, slots=True)
class OfClient(Reminder, Generic[Answer]):
    """What the store has said about one client."""

    client_id: ClientId
    answer: Answer | Exception


@dataclass(frozen=True, slots=True)
class OfMessage(Generic[Answer]):
    """What has been said about one message, which was known to be as it is here when that was asked."""

    message: Message
    answer: Answer | Exception


@dataclass(frozen=True, slots=True)
class OfAsker(Reminder, Generic[Answer]):
    """What the store has said about the message `id` for one who waits for it."""

    id: str
    ticket: int
    answer: Answer | Exception


class NextClaimed(OfClient[Claimed]):
    """On disk: the next message of this client is about to leave; or none may, now."""


class Noted(OfClient[int]):
    """On disk: what waits says why."""


class UnsettledRead(OfClient[tuple[Message, ...]]):
    """The store has looked for what was under way when the client was lost, or the service ended."""


class LookUpWritten(OfClient[Message]):
    """What a look-up proved is on disk, or could not be written."""


class GivenUp(OfClient[int]):
    """On disk: so many messages of a deleted client have been cancelled."""


class Outcome(OfMessage[Sent]):
    """The client has said what became of a message. It is on no disk yet: unheard, the message is looked up."""


class Settled(OfMessage[Message], Reminder):
    """On disk: how a message that was sent now stands."""


@dataclass(frozen=True, slots=True)
class Found(OfMessage[LookedUp], Reminder):
    """The page has said what it knows of a message. `ticket`: of the look-up; only the newest one counts."""

    tries: int
    ticket: int


class Withdrawn(OfAsker[Message]):
    """The store has taken a message back for an asker, or refused to."""


@dataclass(frozen=True, slots=True)
class Standing(OfAsker[Message | None]):
    """How the message of an asker stands. `glanced`: the page has been asked for him."""

    glanced: bool = False


@dataclass(frozen=True, slots=True)
class Glanced(OfMessage[LookedUp], Reminder):
    """The page has said what it knows of the message of an asker whose time is over."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Known(Reminder):
    """On disk: how a message stands that was looked up, expired, taken back, or asked for."""

    answer: Message | Exception | None


@dataclass(frozen=True, slots=True)
class Expired(Reminder):
    """On disk: these have ended unsent."""

    answer: tuple[Message, ...] | Exception


@dataclass(frozen=True, slots=True)
class ExpiryRead(Reminder):
    """The store has looked for the next end."""

    answer: Seconds | Exception | None
