"""The vocabulary of the outbox: messages on their way out, from the moment a caller was promised one.

A message is on disk before its caller hears so, and it is marked `sending`, with the id WhatsApp will know it by,
before anything leaves. So after a crash at any instant the row says what to look up, and nothing is sent again blindly.
`outbox_writes` and `outbox_reads` carry these out; `message_states` says which state may follow which.

Every change of state after `queued` is an event (`MessageStateChanged`) in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from actors.clients.operations import OPERATIONS
from actors.clients.operations.messages import Send
from actors.clients.types import ClientId, Seconds
from actors.runtime import Work
from actors.store.events import draw_id
from actors.store.message import Read, Write
from actors.store.message_states import MessageState

MAX_ATTEMPTS = 2
"""A message whose sending has crashed its client this often is set aside."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one client.

    `id` is the caller's (a ULID), `message_id` WhatsApp's bare one (`3EB0…`), `full_id` the whole one once it is known
    (`true_5491122334455@c.us_3EB0…`). `operation` names what sends it (`actors.clients.operations`), `arguments` are
    that one's, besides the chat. `times` says when each state was reached (epoch seconds). `attempts` counts how
    often its sending crashed the client. `position` is the order of acceptance. `request_id` names the call that handed
    it in, `trace_id` that call's W3C trace: whatever is logged of the message says both.
    """

    position: int
    id: str
    client_id: ClientId
    chat: str
    operation: str
    arguments: Mapping[str, Any]
    priority: int
    send_at: Seconds | None
    expires_at: Seconds | None
    key: str | None
    fingerprint: str | None
    message_id: str
    full_id: str | None
    state: MessageState
    reason: str | None
    attempts: int
    times: Mapping[str, Seconds]
    changed_at: Seconds
    request_id: str | None = None
    trace_id: str | None = None

    @property
    def text(self) -> str | None:
        """What it says; None where it is no text."""
        return self.arguments.get("text")


def operation_of(message: Message) -> Send:
    """Return what is to be sent. Raises ValueError where this version does not know such an operation, or not so."""
    kind = OPERATIONS.get(message.operation)
    if kind is None or not issubclass(kind, Send):
        raise ValueError(f"This version of the service cannot send {message.operation}")
    operation: Send = _adapter(message.operation).validate_python({"chat": message.chat, **message.arguments})
    return operation


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(OPERATIONS[name])


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message is on disk. `repeated`: by an earlier request with the same key, and this is how it stands now."""

    message: Message
    repeated: bool


# --- from callers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AcceptMessage(Work, Write[Accepted]):
    """Take a message. Refuses IdempotencyKeyReused, OutboxFull (where `limit` messages of the client are queued).

    `message_id` is drawn by the caller (`actors.clients.pending`). `key` and `fingerprint` (of the request's body)
    go together: the same key with another fingerprint is a mistake of the caller. Of two chats the one with the higher
    `priority` waiting goes first; within a chat the order of acceptance stands.
    """

    client_id: ClientId
    operation: Send
    message_id: str
    at: Seconds
    priority: int = 0
    send_at: Seconds | None = None
    expires_at: Seconds | None = None
    key: str | None = None
    fingerprint: str | None = None
    limit: int | None = None
    request_id: str | None = None
    trace_id: str | None = None
    id: str = field(default_factory=draw_id)


@dataclass(frozen=True, slots=True)
class CancelMessage(Work, Write[Message]):
    """Take back what has not left. Refuses NoSuchMessage, MessageNotQueued.

    `frees_key`: the caller has been told that nothing was accepted, and may use its idempotency key again.
    """

    client_id: ClientId
    id: str
    at: Seconds
    frees_key: bool = False


# --- from whoever sends ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MarkSending(Write[tuple[Message, ...]]):
    """These are about to leave. Answers those that were still queued, in their order: only they may leave."""

    ids: tuple[str, ...]
    at: Seconds


@dataclass(frozen=True, slots=True)
class Claimed:
    """What may leave now, on disk as `sending`; None where nothing may.

    `more`: others of this client are due as well. `next_due` is when the next one is (epoch seconds), if none is now.
    `paced`: the first that is due is not urgent enough.
    """

    message: Message | None
    more: bool = False
    next_due: Seconds | None = None
    paced: bool = False


@dataclass(frozen=True, slots=True)
class ClaimNext(Work, Write[Claimed]):
    """Take the next message of a client that may leave, and mark it `sending`, in one write. Refused at once where the
    database cannot be used: what was marked in a commit that nobody heard of has to be looked for.

    As in `NextMessages`: not one of a chat in `held`. What is less urgent than `least` may not leave yet.
    """

    client_id: ClientId
    at: Seconds
    held: frozenset[str] = frozenset()
    least: int | None = None


@dataclass(frozen=True, slots=True)
class SettleMessage(Write[Message]):
    """A message has reached `state`. Answers how it stands now, which may be further on: acknowledgements overtake.

    Refuses NoSuchMessage. `full_id` is kept where it was not known, even if the state is old news.
    """

    id: str
    state: MessageState
    at: Seconds
    reason: str | None = None
    full_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequeueMessage(Write[Message]):
    """It is proven that a message in `sending` has not left. Answers it queued again, at its old place, with the
    `reason` why it waits, and under another `message_id` where the page has filed the old one as failed.

    `crashed`: its sending took the client down; after MAX_ATTEMPTS of those it is `failed` and says so. A message that
    is not in `sending` any more is answered as it is. Refuses NoSuchMessage.
    """

    id: str
    at: Seconds
    crashed: bool = False
    reason: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class NoteWaiting(Write[int]):
    """What a client has queued to these chats waits for this `reason` (None: for none). Answers how many."""

    client_id: ClientId
    chats: frozenset[str]
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecordAck(Write[Message | None]):
    """WhatsApp has acknowledged a bare message id. Answers the message, or None where it is not of this outbox.

    `ack` as in `message_states.ACKS`. Older news than what is known changes nothing.
    """

    client_id: ClientId
    message_id: str
    ack: int
    at: Seconds
    full_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExpireDue(Write[tuple[Message, ...]]):
    """Expire what is queued past its `expires_at`, of all clients, at most `limit`: as many answered means ask
    again."""

    at: Seconds
    limit: int = 500


@dataclass(frozen=True, slots=True)
class GiveUpQueued(Write[int]):
    """Nothing queued of this client will leave (it was deleted): cancel it, at most `limit` messages, saying why.

    Answers how many; `limit` means ask again.
    """

    client_id: ClientId
    reason: str
    at: Seconds
    limit: int = 500


@dataclass(frozen=True, slots=True)
class PruneMessages(Write[int]):
    """Delete what was settled before `before`, with its key, at most `limit`: as many answered means ask again."""

    before: Seconds
    limit: int = 1000


# --- questions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextMessages(Read[tuple[Message, ...]]):
    """What may leave now: at most one message a chat and `limit` in all, most urgent first.

    Not those before their `send_at` or past their `expires_at`, and none of a chat that has one in `sending` or is in
    `held`.
    """

    client_id: ClientId
    at: Seconds
    limit: int = 1
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unsettled(Read[tuple[Message, ...]]):
    """The first `limit` in `sending`, in order: after a start, what to look up in the page."""

    client_id: ClientId
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class GetMessage(Read[Message | None]):
    """One message of a client."""

    client_id: ClientId
    id: str


@dataclass(frozen=True, slots=True)
class GetMessageByKey(Read[Message | None]):
    """The message of a client that was accepted with this idempotency key."""

    client_id: ClientId
    key: str


@dataclass(frozen=True, slots=True)
class ListMessages(Read[tuple[Message, ...]]):
    """Messages of a client in their order, from the one after `after` (an id), in a state, to a chat, or all.

    Refuses NoSuchMessage where `after` is not a message of the client (any more).
    """

    client_id: ClientId
    state: MessageState | None = None
    to: str | None = None
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class CountQueued(Read[int]):
    """How many wait, of one client or all."""

    client_id: ClientId | None = None


@dataclass(frozen=True, slots=True)
class GetNextDue(Read[Seconds | None]):
    """The earliest `send_at` after `at` among what a client has queued."""

    client_id: ClientId
    at: Seconds


@dataclass(frozen=True, slots=True)
class GetNextExpiry(Read[Seconds | None]):
    """The earliest `expires_at` of all that is queued."""
