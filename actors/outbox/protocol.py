"""The messages of the dispatcher: callers' commands, facts about clients, its timers, and answers to its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from actors.clients.operations.messages import LookedUp, Sent
from actors.clients.types import ClientId, LinkedAccount, Seconds, State
from actors.runtime import Reminder, Work
from actors.store.outbox import Claimed, Message

Answer = TypeVar("Answer", covariant=True)


@dataclass(frozen=True, slots=True)
class Await(Work):
    """Wait for a message. Answers the Message (`actors.store.outbox`) once it is settled, or as it is after `seconds`.

    With `withdraw`, a message that has not left by then, or by the time its client cannot send any more, is cancelled;
    in the second case the asker is refused with NotReady. When its client is lost, a message that may have left is
    answered at once, in `sending`: nobody knows more before the client is back.
    """

    client_id: ClientId
    id: str
    seconds: Seconds
    withdraw: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """Fact: a message of this client was accepted, or queued again. `expires_at` is in epoch seconds."""

    client_id: ClientId
    expires_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Fact: the client's state, at a change to or from READY. `crashed`: its browser or page crashed. `account` is the
    one that it is READY with.
    """

    client_id: ClientId
    state: State
    crashed: bool = False
    account: LinkedAccount | None = None


@dataclass(frozen=True, slots=True)
class PageFitness:
    """Fact: the client's page has everything that sending needs, or lacks some of it."""

    client_id: ClientId
    can_send: bool


@dataclass(frozen=True, slots=True)
class Restricted:
    """Fact: WhatsApp refuses this client's first messages to strangers until `until` (epoch seconds), or no more."""

    client_id: ClientId
    restricted: bool
    until: Seconds | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Cancel the queued messages of a deleted client."""

    client_id: ClientId


# --- timers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look(Reminder):
    """Timer: this client may have a message to send."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class LetGo(Reminder):
    """Timer: the first of the held chats is released."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class StepAside(Reminder):
    """Timer: the client has been uploading a file for so long that its other chats should go on."""

    message: Message


@dataclass(frozen=True, slots=True)
class UploadAgain(Reminder):
    """Timer: an upload that has failed may be tried again."""

    message: Message


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Timer: look the message up in the page again."""

    message: Message
    tries: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Timer: look again for messages in `sending` that nobody sends; the store or the client did not answer."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class AwaitOver:
    """Timer: the time of this asker is over."""

    id: str
    ticket: int


@dataclass(frozen=True, slots=True)
class Expire:
    """Timer: a queued message has expired."""


# --- answers of the store and of clients; an exception if there is none -----------------------------------------------


@dataclass(frozen=True, slots=True)
class OfClient(Reminder, Generic[Answer]):
    """The store's answer about one client."""

    client_id: ClientId
    answer: Answer | Exception


@dataclass(frozen=True, slots=True)
class OfMessage(Generic[Answer]):
    """An answer about one message. `message` is the message as it was when the question was asked."""

    message: Message
    answer: Answer | Exception


@dataclass(frozen=True, slots=True)
class OfAsker(Reminder, Generic[Answer]):
    """The store's answer about message `id`, for the asker with this ticket."""

    id: str
    ticket: int
    answer: Answer | Exception


class NextClaimed(OfClient[Claimed]):
    """The store has marked the next message of this client as `sending`; or none may leave now."""


class Noted(OfClient[int]):
    """The reason why messages wait is on disk."""


class UnsettledRead(OfClient[tuple[Message, ...]]):
    """The messages that were under way when the client was lost, or the service ended."""


class LookUpWritten(OfClient[Message]):
    """The result of a look-up is on disk, or could not be written."""


class GivenUp(OfClient[int]):
    """The number of messages of a deleted client that were cancelled."""


class Outcome(OfMessage[Sent]):
    """The client's answer to a sending. It is not on disk yet: if it is lost, the message is looked up."""


class Settled(OfMessage[Message], Reminder):
    """The message after its sending, on disk."""


@dataclass(frozen=True, slots=True)
class Found(OfMessage[LookedUp], Reminder):
    """The page's answer to a look-up. Only the one with the newest ticket counts."""

    tries: int
    ticket: int


class Withdrawn(OfAsker[Message]):
    """The store has cancelled a message for an asker, or refused to."""


@dataclass(frozen=True, slots=True)
class Standing(OfAsker[Message | None]):
    """The present state of an asker's message. `glanced`: the page was asked about it for this asker."""

    glanced: bool = False


@dataclass(frozen=True, slots=True)
class Glanced(OfMessage[LookedUp], Reminder):
    """The page's answer about the message of an asker whose time is over."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Known(Reminder):
    """A message as it is on disk, after it was looked up, expired, cancelled or read."""

    answer: Message | Exception | None


@dataclass(frozen=True, slots=True)
class Expired(Reminder):
    """The messages that have expired, on disk."""

    answer: tuple[Message, ...] | Exception


@dataclass(frozen=True, slots=True)
class ExpiryRead(Reminder):
    """The earliest expiry of all queued messages."""

    answer: Seconds | Exception | None
