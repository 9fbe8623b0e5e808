"""Answers questions about the outbox."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, func, literal_column, or_, select

from actors.clients.types import ClientId, Seconds
from actors.store.errors import NoSuchMessage
from actors.store.message import Operations
from actors.store.message_states import MessageState
from actors.store.outbox import (
    CountQueued,
    GetMessage,
    GetMessageByKey,
    GetNextDue,
    GetNextExpiry,
    ListMessages,
    Message,
    NextMessages,
    Unsettled,
)
from actors.store.schema import outbox

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


READS: Operations = {
    NextMessages: get_next,
    Unsettled: get_unsettled,
    GetMessage: get_message,
    GetMessageByKey: get_by_key,
    ListMessages: get_list,
    CountQueued: get_count,
    GetNextDue: get_next_due,
    GetNextExpiry: get_next_expiry,
}


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
