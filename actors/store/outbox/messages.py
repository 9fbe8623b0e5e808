"""The messages of the outbox to the store: accept, cancel, claim, settle and read messages.

A message is on disk before its caller gets an answer, and it is marked `sending`, with its WhatsApp id, before anything
leaves. So after a crash at any time its row tells which id to look up, and nothing is sent again blindly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection, func, literal_column, select

from actors.clients.operations.messages import Send
from actors.clients.types import ClientId, Seconds
from actors.runtime import Work
from actors.store.errors import IdempotencyKeyReused, MessageNotQueued, NoSuchMessage, OutboxFull
from actors.store.events import draw_id, first_id_at
from actors.store.message_states import OPEN, REFUSED, HeldBecause, MessageState, of_ack
from actors.store.outbox.ownership import held_for
from actors.store.outbox.rows import (
    BY_KEY,
    BY_MESSAGE_ID,
    FREE,
    QUEUED,
    ROWS,
    SENDING,
    Message,
    by_id,
    chats_of_queued,
    due,
    find,
    has_room,
    insert,
    is_due,
    learn,
    move,
    next_due,
    of_client,
    one_more,
    position_of,
    read,
)
from actors.store.requests import Read, Write
from actors.store.rows.accounts import KnownAccount, last, linked
from actors.store.rows.media import require
from actors.store.schema import outbox

MAX_ATTEMPTS = 2
"""The sends of a message that may crash its client; then it is set aside."""
SET_ASIDE = f"Set aside: sending it took the client down {MAX_ATTEMPTS} times"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message is on disk. `repeated`: by an earlier request with the same key; then it is as it is now."""

    message: Message
    repeated: bool


# --- of callers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AcceptMessage(Work, Write[Accepted]):
    """Accept a message. Refuses IdempotencyKeyReused, OutboxFull (`limit` messages of the client are queued),
    NoSuchMedia (its file is not in the media store).

    The caller makes `message_id` (`operations.messages.draw_message_id`). `key` and `fingerprint` (of the request's
    body) belong together: the same key with another fingerprint is the caller's mistake. Of two chats, the one with the
    message of higher `priority` goes first; within a chat the order of acceptance counts. It belongs to the account
    that the client was linked to last.
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

    def run(self, connection: Connection) -> Accepted:
        """See `Write`."""
        if self.key is not None and (known := self._earlier(connection, self.key)) is not None:
            return Accepted(known, repeated=True)
        if self.limit is not None and not has_room(connection, self.client_id, self.limit):
            raise OutboxFull(self.limit)
        for file in self.operation.files.values():
            require(connection, file)
        owner = last(connection, self.client_id)
        accepted = insert(connection, self._message_of(owner))
        one_more(connection, self.client_id)
        return Accepted(accepted, repeated=False)

    def _earlier(self, connection: Connection, key: str) -> Message | None:
        known = find(connection, BY_KEY, client=self.client_id, known_key=key)
        if known is not None and known.fingerprint != self.fingerprint:
            raise IdempotencyKeyReused(key, known.id)
        return known

    def _message_of(self, owner: KnownAccount | None) -> Message:
        arguments = self.operation.arguments
        return Message(
            position=0,
            id=self.id,
            client_id=self.client_id,
            chat=arguments.pop("chat"),
            operation=self.operation.operation_name,
            arguments=arguments,
            priority=self.priority,
            send_at=self.send_at,
            expires_at=self.expires_at,
            key=self.key,
            fingerprint=self.fingerprint,
            message_id=self.message_id,
            full_id=None,
            state=MessageState.QUEUED,
            reason=None,
            attempts=0,
            times={MessageState.QUEUED.value: self.at},
            changed_at=self.at,
            request_id=self.request_id,
            trace_id=self.trace_id,
            media=next((file.digest for file in self.operation.files.values()), None),
            account_id=None if owner is None else owner.id,
            account=None if owner is None else owner.account,
        )


@dataclass(frozen=True, slots=True)
class CancelMessage(Work, Write[Message]):
    """Cancel a message that has not left. Refuses NoSuchMessage, MessageNotQueued.

    `frees_key`: the caller was told that nothing was accepted, and may use its idempotency key again.
    """

    client_id: ClientId
    id: str
    at: Seconds
    frees_key: bool = False

    def run(self, connection: Connection) -> Message:
        """See `Write`."""
        known = by_id(connection, self.id)
        if known.client_id != self.client_id:
            raise NoSuchMessage(self.client_id, self.id)
        if known.state is not MessageState.QUEUED:
            raise MessageNotQueued(known.id, known.state)
        freed = {"key": None, "fingerprint": None} if self.frees_key else {}
        return move(connection, known, MessageState.CANCELLED, self.at, **freed)


# --- of the dispatcher ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MarkSending(Write[tuple[Message, ...]]):
    """Mark messages as `sending`. Answers those that were queued, in their order: only they may leave."""

    ids: tuple[str, ...]
    at: Seconds

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Write`."""
        queued = read(connection, ROWS.where(outbox.c.id.in_(self.ids), QUEUED))
        queued = tuple(sorted(queued, key=lambda message: message.position))
        return tuple(move(connection, known, MessageState.SENDING, self.at, reason=None, held=None) for known in queued)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The message that may leave now, on disk as `sending`; None if none may.

    `more`: other messages of this client are due as well. `next_due` is the time when the next one is (epoch seconds),
    if none is due now. `paced`: the first due message is not urgent enough.
    """

    message: Message | None
    more: bool = False
    next_due: Seconds | None = None
    paced: bool = False


@dataclass(frozen=True, slots=True)
class ClaimNext(Work, Write[Claimed]):
    """Mark the next message of a client that may leave as `sending`, in one write.

    Refused at once if the database is unavailable: a message that is marked by an unconfirmed commit has to be looked
    up. Messages of chats in `held`, as in `NextMessages`, and messages with a lower priority than `least` stay. So do
    the `resting` messages, and as long as they are queued all others of their chats.
    """

    client_id: ClientId
    at: Seconds
    held: frozenset[str] = frozenset()
    resting: frozenset[str] = frozenset()
    least: int | None = None

    def run(self, connection: Connection) -> Claimed:
        """See `Write`."""
        held = self.held | chats_of_queued(connection, self.resting)
        found = due(connection, self.client_id, self.at, 1, held)
        if not found:
            return Claimed(None, next_due=next_due(connection, self.client_id, self.at))
        (first,) = found
        if self.least is not None and first.priority < self.least:
            return Claimed(None, paced=True)
        marked = move(connection, first, MessageState.SENDING, self.at, reason=None)
        if is_due(connection, self.client_id, self.at, held):
            return Claimed(marked, more=True)
        return Claimed(marked, next_due=next_due(connection, self.client_id, self.at))


@dataclass(frozen=True, slots=True)
class SettleMessage(Write[Message]):
    """Record that a message has reached `state`. Answers the message as it is now: it may be further on, because
    acknowledgements overtake.

    Refuses NoSuchMessage. `full_id` is recorded if it was unknown, even if the state is no news.
    """

    id: str
    state: MessageState
    at: Seconds
    reason: str | None = None
    full_id: str | None = None

    def run(self, connection: Connection) -> Message:
        """See `Write`."""
        return learn(connection, by_id(connection, self.id), self.state, self.at, self.reason, self.full_id)


@dataclass(frozen=True, slots=True)
class RequeueMessage(Write[Message]):
    """Queue a message in `sending` again, at its old place, because it is proven that it has not left.

    `reason` and `held` say why it waits; `message_id` is a new id, if the page has filed the old id as failed.
    `upload_failed`: its file could not be uploaded. `crashed`: its sending crashed the client; after MAX_ATTEMPTS of
    those it is `failed`, with that reason. Answers the message, which is unchanged if it was not in `sending` any more.
    Refuses NoSuchMessage.
    """

    id: str
    at: Seconds
    crashed: bool = False
    reason: str | None = None
    message_id: str | None = None
    held: HeldBecause | None = None
    upload_failed: bool = False

    def run(self, connection: Connection) -> Message:
        """See `Write`."""
        known = by_id(connection, self.id)
        if known.state is not MessageState.SENDING:
            return known
        attempts = known.attempts + self.crashed
        if attempts >= MAX_ATTEMPTS:
            return move(connection, known, MessageState.FAILED, self.at, attempts=attempts, reason=SET_ASIDE)
        one_more(connection, known.client_id)
        changes: dict[str, Any] = {
            "attempts": attempts,
            "failed_uploads": known.failed_uploads + self.upload_failed,
            "reason": self.reason,
            "message_id": self.message_id or known.message_id,
        }
        owner = last(connection, known.client_id)
        if self.held is None and owner is not None and known.account_id not in (None, owner.id):
            reason = held_for(known.account, owner.account)
            changes |= {"held": HeldBecause.ACCOUNT_CHANGED, "reason": reason}
        else:
            changes |= {"held": self.held}
        return move(connection, known, MessageState.QUEUED, self.at, **changes)


@dataclass(frozen=True, slots=True)
class NoteWaiting(Write[int]):
    """Record the reason why a client's queued messages to these chats wait (None: no reason). Answers how many."""

    client_id: ClientId
    chats: frozenset[str]
    reason: str | None

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        waiting = (FREE, of_client(self.client_id), outbox.c.chat.in_(sorted(self.chats)))
        return connection.execute(outbox.update().where(*waiting), {"reason": self.reason}).rowcount


@dataclass(frozen=True, slots=True)
class RecordAck(Write[Message | None]):
    """Record WhatsApp's acknowledgement of a bare message id. Answers the message; None if it is not of this outbox.

    `ack` as in `message_states.ACKS`. News that is older than the state changes nothing, and neither does news from the
    page of another account than the message's.
    """

    client_id: ClientId
    message_id: str
    ack: int
    at: Seconds
    full_id: str | None = None

    def run(self, connection: Connection) -> Message | None:
        """See `Write`."""
        known = find(connection, BY_MESSAGE_ID, client=self.client_id, known_id=self.message_id)
        state = of_ack(self.ack)
        if known is None or state is None or not _is_of_linked(connection, known):
            return known
        reason = REFUSED if state is MessageState.FAILED else None
        return learn(connection, known, state, self.at, reason, self.full_id)


def _is_of_linked(connection: Connection, known: Message) -> bool:
    """Return True unless the client is linked to another account than the message's."""
    return known.account_id is None or linked(connection, known.client_id) in (None, known.account_id)


@dataclass(frozen=True, slots=True)
class ExpireDue(Write[tuple[Message, ...]]):
    """Expire queued messages past their `expires_at`, of all clients. Answers them; if they are `limit`, ask again."""

    at: Seconds
    limit: int = 500

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Write`."""
        past = ROWS.where(QUEUED, outbox.c.expires_at.is_not(None), outbox.c.expires_at <= self.at)
        expired = read(connection, past.order_by(outbox.c.expires_at).limit(self.limit))
        return tuple(move(connection, known, MessageState.EXPIRED, self.at) for known in expired)


@dataclass(frozen=True, slots=True)
class GiveUpQueued(Write[int]):
    """Cancel queued messages of a deleted client, with this reason. Answers how many; if `limit`, ask again."""

    client_id: ClientId
    reason: str
    at: Seconds
    limit: int = 500

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        query = ROWS.where(QUEUED, of_client(self.client_id))
        queued = read(connection, query.order_by(outbox.c.position).limit(self.limit))
        for known in queued:
            move(connection, known, MessageState.CANCELLED, self.at, reason=self.reason)
        return len(queued)


@dataclass(frozen=True, slots=True)
class PruneMessages(Write[int]):
    """Delete messages that were settled before `before`, with their keys. Answers how many; if `limit`, ask again."""

    before: Seconds
    limit: int = 1000

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        settled = outbox.c.state.not_in(sorted(OPEN)) & (outbox.c.changed_at < self.before)
        oldest = select(outbox.c.position).where(settled).order_by(outbox.c.position).limit(self.limit)
        return connection.execute(outbox.delete().where(outbox.c.position.in_(oldest))).rowcount


# --- queries ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextMessages(Read[tuple[Message, ...]]):
    """The messages that may leave now: at most one per chat and `limit` in all, the most urgent first.

    Without messages before their `send_at` or past their `expires_at`, and without chats that have a message in
    `sending` or are in `held`.
    """

    client_id: ClientId
    at: Seconds
    limit: int = 1
    held: frozenset[str] = frozenset()

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Read`."""
        return tuple(due(connection, self.client_id, self.at, self.limit, self.held))


@dataclass(frozen=True, slots=True)
class Unsettled(Read[tuple[Message, ...]]):
    """The first `limit` messages in `sending`, in order: those to look up in the page after a start."""

    client_id: ClientId
    limit: int = 1000

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Read`."""
        under_way = ROWS.where(SENDING, of_client(self.client_id))
        return read(connection, under_way.order_by(outbox.c.position).limit(self.limit))


@dataclass(frozen=True, slots=True)
class GetMessage(Read[Message | None]):
    """A message of a client."""

    client_id: ClientId
    id: str

    def run(self, connection: Connection) -> Message | None:
        """See `Read`."""
        return find(connection, ROWS.where(outbox.c.id == self.id, of_client(self.client_id)))


@dataclass(frozen=True, slots=True)
class GetMessageByKey(Read[Message | None]):
    """The message of a client that was accepted with this idempotency key."""

    client_id: ClientId
    key: str

    def run(self, connection: Connection) -> Message | None:
        """See `Read`."""
        return find(connection, BY_KEY, client=self.client_id, known_key=self.key)


@dataclass(frozen=True, slots=True)
class ListMessages(Read[tuple[Message, ...]]):
    """Messages of a client in the order of acceptance, or the newest first: those after message `after` (an id) in
    that order, in a state, to a chat, or all.

    `since` and `until` are epoch seconds of their acceptance, the second excluded. Refuses NoSuchMessage if `after` is
    not a message of the client (any more).
    """

    client_id: ClientId
    state: MessageState | None = None
    to: str | None = None
    after: str | None = None
    limit: int = 100
    newest_first: bool = False
    since: Seconds | None = None
    until: Seconds | None = None

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Read`."""
        place = outbox.c.position
        query = ROWS.where(of_client(self.client_id)).limit(self.limit)
        query = query.order_by(place.desc() if self.newest_first else place)
        if self.after is not None:
            known = position_of(connection, self.client_id, self.after)
            query = query.where(place < known if self.newest_first else place > known)
        # The id of a message is a ULID, drawn when it was accepted: its first characters are that time.
        if self.since is not None:
            query = query.where(outbox.c.id >= first_id_at(self.since))
        if self.until is not None:
            query = query.where(outbox.c.id < first_id_at(self.until))
        if self.state is not None:
            # A literal too: the open states are found by their partial index.
            query = query.where(outbox.c.state == literal_column(f"'{self.state.value}'"))
        if self.to is not None:
            query = query.where(outbox.c.chat == self.to)
        return read(connection, query)


@dataclass(frozen=True, slots=True)
class CountQueued(Read[int]):
    """The number of queued messages, of one client or all."""

    client_id: ClientId | None = None

    def run(self, connection: Connection) -> int:
        """See `Read`."""
        queued = select(func.count()).select_from(outbox).where(QUEUED)
        if self.client_id is not None:
            queued = queued.where(of_client(self.client_id))
        return connection.execute(queued).scalar_one()


@dataclass(frozen=True, slots=True)
class GetNextDue(Read[Seconds | None]):
    """The earliest `send_at` after `at` of a client's queued messages."""

    client_id: ClientId
    at: Seconds

    def run(self, connection: Connection) -> Seconds | None:
        """See `Read`."""
        return next_due(connection, self.client_id, self.at)


@dataclass(frozen=True, slots=True)
class GetNextExpiry(Read[Seconds | None]):
    """The earliest `expires_at` of all queued messages."""

    def run(self, connection: Connection) -> Seconds | None:
        """See `Read`."""
        query = select(func.min(outbox.c.expires_at)).where(QUEUED, outbox.c.expires_at.is_not(None))
        return cast(Seconds | None, connection.execute(query).scalar_one())
