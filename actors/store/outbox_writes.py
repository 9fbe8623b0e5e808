"""Carries out what changes the outbox. Every change of state goes through `_move`, which checks it and tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, select

from actors.clients.events import MessageStateChanged
from actors.clients.types import Seconds
from actors.store.errors import IdempotencyKeyReused, MessageNotQueued, NoSuchMessage, OutboxFull
from actors.store.events import AppendEvent
from actors.store.message import Operations
from actors.store.message_states import OPEN, REFUSED, MessageState, may_follow, of_ack
from actors.store.outbox import (
    MAX_ATTEMPTS,
    Accepted,
    AcceptMessage,
    CancelMessage,
    Claimed,
    ClaimNext,
    ExpireDue,
    GetNextDue,
    GiveUpQueued,
    MarkSending,
    Message,
    NextMessages,
    NoteWaiting,
    PruneMessages,
    RecordAck,
    RequeueMessage,
    SettleMessage,
)
from actors.store.outbox_reads import QUEUED, get_next, get_next_due, is_due, read
from actors.store.outbox_room import has_room, one_more
from actors.store.schema import outbox, storable

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


WRITES: Operations = {
    AcceptMessage: accept,
    CancelMessage: cancel,
    MarkSending: mark_sending,
    ClaimNext: claim,
    SettleMessage: settle,
    RequeueMessage: requeue,
    NoteWaiting: note_waiting,
    RecordAck: record_ack,
    ExpireDue: expire,
    GiveUpQueued: give_up,
    PruneMessages: prune,
}


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
