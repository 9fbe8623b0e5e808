"""The vocabulary of the outbox: messages on their way out, from the moment a caller was promised one.

A message is on disk before its caller hears so, and it is marked `sending`, with the id WhatsApp will know it by,
before anything leaves. So after a crash at any instant the row says what to look up, and nothing is sent again blindly.
`message_states` says which state may follow which.

Every change of state after `queued` is an event (`MessageStateChanged`) in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, func, literal_column, or_, select

from actors.clients.events import MessageStateChanged
from actors.clients.operations import OPERATIONS
from actors.clients.operations.messages import Send
from actors.clients.types import ClientId, Seconds
from actors.runtime import Work
from actors.store.errors import IdempotencyKeyReused, MessageNotQueued, NoSuchMessage, OutboxFull
from actors.store.events import AppendEvent, draw_id
from actors.store.message import Read, Write
from actors.store.message_states import OPEN, REFUSED, MessageState, may_follow, of_ack
from actors.store.rows.media import require
from actors.store.schema import outbox, storable

MAX_ATTEMPTS = 2
"""A message whose sending has crashed its client this often is set aside."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one client.

    `id` is the caller's (a ULID), `message_id` WhatsApp's bare one (`3EB0…`), `full_id` the whole one once it is known
    (`true_5491122334455@c.us_3EB0…`). `operation` names what sends it (`actors.clients.operations`), `arguments` are
    that one's, besides the chat. `times` says when each state was reached (epoch seconds). `attempts` counts how
    often its sending crashed the client. `position` is the order of acceptance. `request_id` names the call that handed
    it in, `trace_id` that call's W3C trace: whatever is logged of the message says both. `media` is the digest of the
    file it sends.
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
    media: str | None = None

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
    """Take a message. Refuses IdempotencyKeyReused, OutboxFull (where `limit` messages of the client are queued),
    NoSuchMedia (where its file is not in the media store).

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

    def run(self, connection: Connection) -> Accepted:
        """See `Write`."""
        return accept(connection, self)


@dataclass(frozen=True, slots=True)
class CancelMessage(Work, Write[Message]):
    """Take back what has not left. Refuses NoSuchMessage, MessageNotQueued.

    `frees_key`: the caller has been told that nothing was accepted, and may use its idempotency key again.
    """

    client_id: ClientId
    id: str
    at: Seconds
    frees_key: bool = False

    def run(self, connection: Connection) -> Message:
        """See `Write`."""
        return cancel(connection, self)


# --- from whoever sends ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MarkSending(Write[tuple[Message, ...]]):
    """These are about to leave. Answers those that were still queued, in their order: only they may leave."""

    ids: tuple[str, ...]
    at: Seconds

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Write`."""
        return mark_sending(connection, self)


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

    def run(self, connection: Connection) -> Claimed:
        """See `Write`."""
        return claim(connection, self)


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

    def run(self, connection: Connection) -> Message:
        """See `Write`."""
        return settle(connection, self)


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

    def run(self, connection: Connection) -> Message:
        """See `Write`."""
        return requeue(connection, self)


@dataclass(frozen=True, slots=True)
class NoteWaiting(Write[int]):
    """What a client has queued to these chats waits for this `reason` (None: for none). Answers how many."""

    client_id: ClientId
    chats: frozenset[str]
    reason: str | None

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        return note_waiting(connection, self)


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

    def run(self, connection: Connection) -> Message | None:
        """See `Write`."""
        return record_ack(connection, self)


@dataclass(frozen=True, slots=True)
class ExpireDue(Write[tuple[Message, ...]]):
    """Expire what is queued past its `expires_at`, of all clients, at most `limit`: as many answered means ask
    again."""

    at: Seconds
    limit: int = 500

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Write`."""
        return expire(connection, self)


@dataclass(frozen=True, slots=True)
class GiveUpQueued(Write[int]):
    """Nothing queued of this client will leave (it was deleted): cancel it, at most `limit` messages, saying why.

    Answers how many; `limit` means ask again.
    """

    client_id: ClientId
    reason: str
    at: Seconds
    limit: int = 500

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        return give_up(connection, self)


@dataclass(frozen=True, slots=True)
class PruneMessages(Write[int]):
    """Delete what was settled before `before`, with its key, at most `limit`: as many answered means ask again."""

    before: Seconds
    limit: int = 1000

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        return prune(connection, self)


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

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Read`."""
        return get_next(connection, self)


@dataclass(frozen=True, slots=True)
class Unsettled(Read[tuple[Message, ...]]):
    """The first `limit` in `sending`, in order: after a start, what to look up in the page."""

    client_id: ClientId
    limit: int = 1000

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Read`."""
        return get_unsettled(connection, self)


@dataclass(frozen=True, slots=True)
class GetMessage(Read[Message | None]):
    """One message of a client."""

    client_id: ClientId
    id: str

    def run(self, connection: Connection) -> Message | None:
        """See `Read`."""
        return get_message(connection, self)


@dataclass(frozen=True, slots=True)
class GetMessageByKey(Read[Message | None]):
    """The message of a client that was accepted with this idempotency key."""

    client_id: ClientId
    key: str

    def run(self, connection: Connection) -> Message | None:
        """See `Read`."""
        return get_by_key(connection, self)


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

    def run(self, connection: Connection) -> tuple[Message, ...]:
        """See `Read`."""
        return get_list(connection, self)


@dataclass(frozen=True, slots=True)
class CountQueued(Read[int]):
    """How many wait, of one client or all."""

    client_id: ClientId | None = None

    def run(self, connection: Connection) -> int:
        """See `Read`."""
        return get_count(connection, self)


@dataclass(frozen=True, slots=True)
class GetNextDue(Read[Seconds | None]):
    """The earliest `send_at` after `at` among what a client has queued."""

    client_id: ClientId
    at: Seconds

    def run(self, connection: Connection) -> Seconds | None:
        """See `Read`."""
        return get_next_due(connection, self)


@dataclass(frozen=True, slots=True)
class GetNextExpiry(Read[Seconds | None]):
    """The earliest `expires_at` of all that is queued."""

    def run(self, connection: Connection) -> Seconds | None:
        """See `Read`."""
        return get_next_expiry(connection, self)


# --- questions, carried out

QUEUED = outbox.c.state == literal_column("'queued'")
SENDING = outbox.c.state == literal_column("'sending'")
"""Literals, so that the partial indexes apply."""

_URGENT = (outbox.c.priority.desc(), outbox.c.position)


_COUNT_UP_TO = select(func.count()).select_from(
    select(literal_column("1"))
    .where(QUEUED, outbox.c.client_id == bindparam("client"))
    # The order is for PostgreSQL, which would else read the whole table where it expects to find enough soon.
    .order_by(outbox.c.client_id, outbox.c.chat, outbox.c.position)
    .limit(bindparam("up_to"))
    .subquery()
)
# Made once, like every statement that each acceptance needs: making it takes longer than running it.


def message_of(row: RowMapping) -> Message:
    """A row of the table as what is told of it."""
    return Message(**{**row, "state": MessageState(row["state"])})


def read(connection: Connection, query: Select[Any], **values: Any) -> tuple[Message, ...]:
    """All that a query over whole rows finds, with these values for its parameters."""
    return tuple(map(message_of, connection.execute(query, values).mappings()))


def count_queued(connection: Connection, client_id: ClientId, up_to: int) -> int:
    """How many of a client wait; counting stops at `up_to`, so that a full outbox costs no more than its limit."""
    return connection.execute(_COUNT_UP_TO, {"client": client_id, "up_to": up_to}).scalar_one()


def get_next(connection: Connection, message: NextMessages) -> tuple[Message, ...]:
    """Chat by chat: the most urgent message that is due names the chat, the first one due in it goes."""
    sending = select(outbox.c.chat).where(SENDING, outbox.c.client_id == message.client_id)
    busy = set(connection.execute(sending).scalars()) | message.held
    found: list[Message] = []
    while len(found) < message.limit:
        chat = _most_urgent_chat(connection, message.client_id, message.at, busy)
        if chat is None:
            break
        found.append(_first_due(connection, message.client_id, message.at, chat))
        busy.add(chat)
    return tuple(found)


def get_unsettled(connection: Connection, message: Unsettled) -> tuple[Message, ...]:
    under_way = select(outbox).where(SENDING, _of(message.client_id))
    return read(connection, under_way.order_by(outbox.c.position).limit(message.limit))


def get_message(connection: Connection, message: GetMessage) -> Message | None:
    found = read(connection, select(outbox).where(outbox.c.id == message.id, _of(message.client_id)))
    return found[0] if found else None


def get_by_key(connection: Connection, message: GetMessageByKey) -> Message | None:
    found = read(connection, select(outbox).where(outbox.c.key == message.key, _of(message.client_id)))
    return found[0] if found else None


def get_list(connection: Connection, message: ListMessages) -> tuple[Message, ...]:
    query = select(outbox).where(_of(message.client_id)).order_by(outbox.c.position).limit(message.limit)
    if message.after is not None:
        query = query.where(outbox.c.position > _position_of(connection, message.client_id, message.after))
    if message.state is not None:
        # A literal too: the open states are found by their partial index.
        query = query.where(outbox.c.state == literal_column(f"'{message.state.value}'"))
    if message.to is not None:
        query = query.where(outbox.c.chat == message.to)
    return read(connection, query)


def get_count(connection: Connection, message: CountQueued) -> int:
    queued = select(func.count()).select_from(outbox).where(QUEUED)
    if message.client_id is not None:
        queued = queued.where(_of(message.client_id))
    return connection.execute(queued).scalar_one()


def is_due(connection: Connection, client_id: ClientId, at: Seconds, held: frozenset[str]) -> bool:
    """Whether something that is queued is due, though perhaps not before another of its chat has left."""
    return _most_urgent_chat(connection, client_id, at, set(held)) is not None


def get_next_due(connection: Connection, message: GetNextDue) -> Seconds | None:
    scheduled = select(func.min(outbox.c.send_at)).where(QUEUED, outbox.c.send_at.is_not(None), _of(message.client_id))
    later = scheduled.where(outbox.c.send_at > message.at)
    return cast(Seconds | None, connection.execute(later).scalar_one())


def get_next_expiry(connection: Connection, _message: GetNextExpiry) -> Seconds | None:
    query = select(func.min(outbox.c.expires_at)).where(QUEUED, outbox.c.expires_at.is_not(None))
    return cast(Seconds | None, connection.execute(query).scalar_one())


def _most_urgent_chat(connection: Connection, client_id: ClientId, at: Seconds, busy: set[str]) -> str | None:
    # Two queries, one an index: `send_at IS NULL OR send_at <= ?` would have to sort all that waits.
    timings = (outbox.c.send_at.is_(None), outbox.c.send_at.is_not(None) & (outbox.c.send_at <= at))
    query = select(outbox.c.chat, outbox.c.priority, outbox.c.position)
    free = query.where(QUEUED, _of(client_id), _alive(at), outbox.c.chat.not_in(busy)).order_by(*_URGENT).limit(1)
    firsts = [row for timing in timings for row in connection.execute(free.where(timing))]
    best = min(firsts, key=lambda row: (-row.priority, row.position), default=None)
    return None if best is None else best.chat


def _first_due(connection: Connection, client_id: ClientId, at: Seconds, chat: str) -> Message:
    due = or_(outbox.c.send_at.is_(None), outbox.c.send_at <= at)
    query = select(outbox).where(QUEUED, _of(client_id), outbox.c.chat == chat, due, _alive(at))
    (first,) = read(connection, query.order_by(outbox.c.position).limit(1))
    return first


def _alive(at: Seconds) -> ColumnElement[bool]:
    return or_(outbox.c.expires_at.is_(None), outbox.c.expires_at > at)


def _of(client_id: ClientId) -> ColumnElement[bool]:
    return outbox.c.client_id == client_id


def _position_of(connection: Connection, client_id: ClientId, id: str) -> int:
    position = connection.execute(select(outbox.c.position).where(outbox.c.id == id, _of(client_id))).scalar()
    if position is None:
        raise NoSuchMessage(client_id, id)
    return int(position)


# --- room: without counting at every acceptance, for counting ten thousand rows takes longer than writing one
# What is remembered is never less than what is queued, up to the limit, which is one for the life of a connection. It
# grows by whatever is queued, on the connection of the one writer, and is counted anew once it says that there is no
# room; so it costs a count where the outbox is, or was, nearly full, and else hardly ever.

_AT_MOST = "queued at most"


def has_room(connection: Connection, client_id: ClientId, limit: int) -> bool:
    """Whether fewer than `limit` messages of the client are queued."""
    at_most = connection.info.setdefault(_AT_MOST, {})
    if at_most.get(client_id, limit) >= limit:
        at_most[client_id] = count_queued(connection, client_id, limit)
    return bool(at_most[client_id] < limit)


def one_more(connection: Connection, client_id: ClientId) -> None:
    """A message of the client is queued now that was not."""
    at_most = connection.info.get(_AT_MOST, {})
    if client_id in at_most:
        at_most[client_id] += 1


# --- changes, carried out: every change of state goes through `_move`, which checks it and tells it

SET_ASIDE = f"Set aside: sending it took the client down {MAX_ATTEMPTS} times"

_OF_CLIENT = outbox.c.client_id == bindparam("client")
_BY_ID = select(outbox).where(outbox.c.id == bindparam("known_id"))
_BY_KEY = select(outbox).where(_OF_CLIENT, outbox.c.key == bindparam("known_key"))
_BY_MESSAGE_ID = select(outbox).where(_OF_CLIENT, outbox.c.message_id == bindparam("known_id"))
_INSERT = outbox.insert().returning(outbox.c.position)


def accept(connection: Connection, message: AcceptMessage) -> Accepted:
    if message.key is not None and (known := _by_key(connection, message)) is not None:
        if known.fingerprint != message.fingerprint:
            raise IdempotencyKeyReused(message.key)
        return Accepted(known, repeated=True)
    if message.limit is not None and not has_room(connection, message.client_id, message.limit):
        raise OutboxFull(message.limit)
    for file in message.operation.files.values():
        require(connection, file)
    accepted = Accepted(_insert(connection, message), repeated=False)
    one_more(connection, message.client_id)
    return accepted


def cancel(connection: Connection, message: CancelMessage) -> Message:
    known = _by_id(connection, message.id)
    if known.client_id != message.client_id:
        raise NoSuchMessage(message.client_id, message.id)
    if known.state is not MessageState.QUEUED:
        raise MessageNotQueued(known.id, known.state)
    freed = {"key": None, "fingerprint": None} if message.frees_key else {}
    return _move(connection, known, MessageState.CANCELLED, message.at, **freed)


def mark_sending(connection: Connection, message: MarkSending) -> tuple[Message, ...]:
    queued = read(connection, select(outbox).where(outbox.c.id.in_(message.ids), QUEUED).order_by(outbox.c.position))
    return tuple(_move(connection, known, MessageState.SENDING, message.at, reason=None) for known in queued)


def claim(connection: Connection, message: ClaimNext) -> Claimed:
    client_id, at = message.client_id, message.at
    found = get_next(connection, NextMessages(client_id, at, 1, message.held))
    if not found:
        return Claimed(None, next_due=get_next_due(connection, GetNextDue(client_id, at)))
    (first,) = found
    if message.least is not None and first.priority < message.least:
        return Claimed(None, paced=True)
    marked = _move(connection, first, MessageState.SENDING, at, reason=None)
    if is_due(connection, client_id, at, message.held):
        return Claimed(marked, more=True)
    return Claimed(marked, next_due=get_next_due(connection, GetNextDue(client_id, at)))


def settle(connection: Connection, message: SettleMessage) -> Message:
    known = _by_id(connection, message.id)
    return _learn(connection, known, message.state, message.at, message.reason, message.full_id)


def requeue(connection: Connection, message: RequeueMessage) -> Message:
    known = _by_id(connection, message.id)
    if known.state is not MessageState.SENDING:
        return known
    attempts = known.attempts + message.crashed
    if attempts >= MAX_ATTEMPTS:
        return _move(connection, known, MessageState.FAILED, message.at, attempts=attempts, reason=SET_ASIDE)
    one_more(connection, known.client_id)
    id = message.message_id or known.message_id
    changes = {"attempts": attempts, "reason": message.reason, "message_id": id}
    return _move(connection, known, MessageState.QUEUED, message.at, **changes)


def note_waiting(connection: Connection, message: NoteWaiting) -> int:
    waiting = (QUEUED, outbox.c.client_id == message.client_id, outbox.c.chat.in_(sorted(message.chats)))
    return connection.execute(outbox.update().where(*waiting), {"reason": message.reason}).rowcount


def record_ack(connection: Connection, message: RecordAck) -> Message | None:
    found = read(connection, _BY_MESSAGE_ID, client=message.client_id, known_id=message.message_id)
    state = of_ack(message.ack)
    if not found or state is None:
        return found[0] if found else None
    reason = REFUSED if state is MessageState.FAILED else None
    return _learn(connection, found[0], state, message.at, reason, message.full_id)


def expire(connection: Connection, message: ExpireDue) -> tuple[Message, ...]:
    past = select(outbox).where(QUEUED, outbox.c.expires_at.is_not(None), outbox.c.expires_at <= message.at)
    expired = read(connection, past.order_by(outbox.c.expires_at).limit(message.limit))
    return tuple(_move(connection, known, MessageState.EXPIRED, message.at) for known in expired)


def give_up(connection: Connection, message: GiveUpQueued) -> int:
    of_client = select(outbox).where(QUEUED, outbox.c.client_id == message.client_id)
    queued = read(connection, of_client.order_by(outbox.c.position).limit(message.limit))
    for known in queued:
        _move(connection, known, MessageState.CANCELLED, message.at, reason=message.reason)
    return len(queued)


def prune(connection: Connection, message: PruneMessages) -> int:
    settled = outbox.c.state.not_in(sorted(OPEN)) & (outbox.c.changed_at < message.before)
    oldest = select(outbox.c.position).where(settled).order_by(outbox.c.position).limit(message.limit)
    return connection.execute(outbox.delete().where(outbox.c.position.in_(oldest))).rowcount


def _insert(connection: Connection, message: AcceptMessage) -> Message:
    arguments = message.operation.arguments
    new = Message(
        position=0,
        chat=arguments.pop("chat"),
        operation=message.operation.operation_name,
        arguments=_storable(arguments),
        full_id=None,
        state=MessageState.QUEUED,
        reason=None,
        attempts=0,
        times={MessageState.QUEUED.value: message.at},
        changed_at=message.at,
        media=next((file.digest for file in message.operation.files.values()), None),
        **{name: getattr(message, name) for name in _TAKEN_OVER},
    )
    row = {name: getattr(new, name) for name in Message.__slots__ if name != "position"}
    position = connection.execute(_INSERT, row).scalar_one()
    return replace(new, position=position)


_TAKEN_OVER = (
    "id",
    "client_id",
    "priority",
    "send_at",
    "expires_at",
    "key",
    "fingerprint",
    "message_id",
    "request_id",
    "trace_id",
)


def _storable(value: Any) -> Any:
    """Return what is to be JSON with texts that every database can hold."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {name: _storable(each) for name, each in value.items()}
        case list() | tuple():
            return [_storable(each) for each in value]
        case _:
            return value


def _by_key(connection: Connection, message: AcceptMessage) -> Message | None:
    found = read(connection, _BY_KEY, client=message.client_id, known_key=message.key)
    return found[0] if found else None


def _by_id(connection: Connection, id: str) -> Message:
    found = read(connection, _BY_ID, known_id=id)
    if not found:
        raise NoSuchMessage(None, id)
    return found[0]


def _learn(
    connection: Connection, known: Message, state: MessageState, at: Seconds, reason: str | None, full_id: str | None
) -> Message:
    """Go to a state if that is news; take the full id either way."""
    full_id = known.full_id or full_id
    if may_follow(known.state, state):
        return _move(connection, known, state, at, reason=reason, full_id=full_id)
    if full_id != known.full_id:
        _update(connection, known, full_id=full_id)
    return replace(known, full_id=full_id)


def _move(connection: Connection, known: Message, state: MessageState, at: Seconds, **changes: Any) -> Message:
    changes |= {"state": state, "times": {**known.times, state.value: at}, "changed_at": at}
    moved = replace(known, **changes)
    _update(connection, known, **changes)
    AppendEvent(known.client_id, MessageStateChanged.type, _payload(known, moved), at).run(connection)
    return moved


def _update(connection: Connection, known: Message, **changes: Any) -> None:
    connection.execute(outbox.update().where(outbox.c.position == known.position), changes)


def _payload(before: Message, after: Message) -> dict[str, Any]:
    user, _, server = after.chat.partition("@")
    return {
        "id": after.id,
        "message_id": after.full_id or after.message_id,
        "chat": after.chat,
        "phone": user if server == "c.us" else None,
        "lid": _lid(after),
        "state": after.state,
        "previous_state": before.state,
        "reason": after.reason,
    }


def _lid(message: Message) -> str | None:
    """The chat's LID: as the caller wrote it, or as WhatsApp's id of the message (`true_CHAT_BARE`) has it."""
    _, _, rest = (message.full_id or "").partition("_")
    chats = (message.chat, rest.partition("_")[0])
    return next((chat for chat in chats if chat.endswith("@lid")), None)
