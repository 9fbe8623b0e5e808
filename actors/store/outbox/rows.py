"""The rows of the outbox: one per message, read and changed in a connection's transaction.

Every change of a message's state goes through `move`, which appends its event (`MessageStateChanged`) in the same
transaction. `message_states` defines the order of states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from actors.clients.events import MessageStateChanged
from actors.clients.operations import OPERATIONS
from actors.clients.operations.fields import ACCEPTED
from actors.clients.operations.messages import Send
from actors.clients.types import ClientId, LinkedAccount, Seconds
from actors.store.errors import NoSuchMessage
from actors.store.events import AppendEvent
from actors.store.message_states import OPEN, HeldBecause, MessageState, may_follow
from actors.store.outbox.addresses import chat_in, learn_chat, of_same_chats
from actors.store.rows.unreadable import Unreadable, object_in
from actors.store.schema import accounts, outbox, storable


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one client.

    `id` is the caller's id (a ULID), `message_id` WhatsApp's bare id (`3EB0…`), `full_id` its whole id once it is known
    (`true_5491122334455@c.us_3EB0…`). `operation` is the name of the operation that sends it
    (`actors.clients.operations`), `arguments` are the operation's arguments without the chat. `times` are the times
    (epoch seconds) at which it reached its states. `attempts` counts the sends that crashed the client,
    `failed_uploads` those whose file could not be uploaded. `position` is the order of acceptance. `request_id` is that
    of the call that queued it, `trace_id` that call's W3C trace; the log has both in lines about the message. `media`
    is the digest of the file it sends. `account` is the account it was accepted for, None as long as the client was
    never linked; it never leaves from another. `held` says why it waits though its time has come.
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
    account_id: str | None = None
    held: HeldBecause | None = None
    account: LinkedAccount | None = None
    failed_uploads: int = 0

    @property
    def final(self) -> bool:
        """True if the service has nothing more to do about it: only what WhatsApp acknowledges later changes it."""
        return self.state not in OPEN

    @property
    def text(self) -> str | None:
        """Its text; None if it is no text."""
        return self.arguments.get("text")


def operation_of(message: Message) -> Send:
    """Return the operation that sends the message.

    Raises ValueError if this version has no such operation, or cannot read its arguments.
    """
    kind = OPERATIONS.get(message.operation)
    if kind is None or not issubclass(kind, Send):
        raise ValueError(f"This version of the service cannot send {message.operation}")
    if isinstance(message.arguments, Unreadable):
        raise ValueError(_CONTENT_UNREADABLE)
    try:
        values = {"chat": message.chat, **message.arguments}
        operation: Send = _adapter(message.operation).validate_python(values, context=ACCEPTED)
    except ValidationError as error:
        wrong = ".".join(map(str, error.errors()[0]["loc"])) or "its arguments"
        raise ValueError(f"This version cannot read the content of {message.operation}: {wrong}") from error
    return operation


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(OPERATIONS[name])


# --- reading ----------------------------------------------------------------------------------------------------------

QUEUED = outbox.c.state == literal_column("'queued'")
SENDING = outbox.c.state == literal_column("'sending'")
FREE = QUEUED & outbox.c.held.is_(None)
HELD = QUEUED & outbox.c.held.is_not(None)
"""Literals, so that the partial indexes apply."""

_OWNER = (accounts.c.phone.label("owner_phone"), accounts.c.lid.label("owner_lid"))
ROWS = select(outbox, *_OWNER).join_from(outbox, accounts, accounts.c.id == outbox.c.account_id, isouter=True)
"""The query of whole rows, each with the names of its account."""

_OF_CLIENT = outbox.c.client_id == bindparam("client")
_BY_ID = ROWS.where(outbox.c.id == bindparam("known_id"))
BY_KEY = ROWS.where(_OF_CLIENT, outbox.c.key == bindparam("known_key"))
BY_MESSAGE_ID = ROWS.where(_OF_CLIENT, outbox.c.message_id == bindparam("known_id"))
_COUNT_UP_TO = select(func.count()).select_from(
    select(literal_column("1"))
    .where(FREE, outbox.c.client_id == bindparam("client"))
    # The order is for PostgreSQL, which otherwise reads the whole table if it expects to find enough soon.
    .order_by(outbox.c.client_id, outbox.c.chat, outbox.c.position)
    .limit(bindparam("up_to"))
    .subquery()
)
_NOW: BindParameter[Seconds] = bindparam("now")
_ALIVE = or_(outbox.c.expires_at.is_(None), outbox.c.expires_at > _NOW)
_AT_ONCE, _SCHEDULED = outbox.c.send_at.is_(None), outbox.c.send_at.is_not(None)
_SENDING = select(outbox.c.chat).where(SENDING, _OF_CLIENT)
_NEXT_DUE = select(func.min(outbox.c.send_at)).where(FREE, _SCHEDULED, _OF_CLIENT, outbox.c.send_at > _NOW)
# Two queries, one per index: `send_at IS NULL OR send_at <= ?` would have to sort all waiting messages.
_MOST_URGENT = tuple(
    select(outbox.c.chat, outbox.c.priority, outbox.c.position)
    .where(FREE, _OF_CLIENT, _ALIVE, outbox.c.chat.not_in(bindparam("busy", expanding=True)), timely)
    .order_by(outbox.c.priority.desc(), outbox.c.position)
    .limit(1)
    for timely in (_AT_ONCE, _SCHEDULED & (outbox.c.send_at <= _NOW))
)
_FIRST_DUE = (
    ROWS.where(FREE, _OF_CLIENT, outbox.c.chat.in_(bindparam("chats", expanding=True)), _ALIVE)
    .where(or_(_AT_ONCE, outbox.c.send_at <= _NOW))
    .order_by(outbox.c.position)
    .limit(1)
)
_UPDATE = outbox.update().where(outbox.c.position == bindparam("known_position"))
"""Statements for each acceptance and each claim are built once: building takes longer than running."""


def read(connection: Connection, query: Select[Any], **values: Any) -> tuple[Message, ...]:
    """Return the messages of a query over whole rows, with these values of its parameters."""
    return tuple(map(_message, connection.execute(query, values).mappings()))


def find(connection: Connection, query: Select[Any], **values: Any) -> Message | None:
    """Return the one message of a query, or None."""
    found = read(connection, query, **values)
    return found[0] if found else None


def _message(row: RowMapping) -> Message:
    """Return the message of a row. What cannot be read of it is told as its reason, and it cannot be sent."""
    told = dict(row)
    owner = LinkedAccount(told.pop("owner_phone"), told.pop("owner_lid"))
    told["account"] = owner if row["account_id"] is not None else None
    told["times"] = {name: at for name, at in object_in(row["times"]).items() if isinstance(at, int | float)}
    told["arguments"] = object_in(row["arguments"])
    told["held"] = HeldBecause(row["held"]) if row["held"] in list(HeldBecause) else None
    if isinstance(told["arguments"], Unreadable):
        told["reason"] = row["reason"] or _CONTENT_UNREADABLE
    if row["state"] in list(MessageState):
        told["state"] = MessageState(row["state"])
    else:  # of a newer version, before a downgrade
        told["state"], told["reason"] = MessageState.UNKNOWN, f"This version does not know its state, {row['state']}"
    return Message(**told)


_CONTENT_UNREADABLE = "Its content cannot be read: it is damaged, or of a newer version"


def by_id(connection: Connection, id: str) -> Message:
    """Return the message with this id. Raises NoSuchMessage."""
    found = find(connection, _BY_ID, known_id=id)
    if found is None:
        raise NoSuchMessage(None, id)
    return found


def of_client(client_id: ClientId) -> ColumnElement[bool]:
    """Return the condition for a client's messages."""
    return outbox.c.client_id == client_id


def position_of(connection: Connection, client_id: ClientId, id: str) -> int:
    """Return the position of a client's message. Raises NoSuchMessage."""
    position = connection.execute(select(outbox.c.position).where(outbox.c.id == id, of_client(client_id))).scalar()
    if position is None:
        raise NoSuchMessage(client_id, id)
    return int(position)


def due(connection: Connection, client_id: ClientId, at: Seconds, limit: int, held: frozenset[str]) -> list[Message]:
    """Return the next messages, at most one per chat, the most urgent first.

    Chat by chat: the most urgent message that is due selects the chat, and the first due message in it is the next.
    """
    sending = connection.execute(_SENDING, {"client": client_id}).scalars()
    busy = of_same_chats(connection, client_id, {*sending, *held})
    found: list[Message] = []
    while len(found) < limit:
        chat = _most_urgent_chat(connection, client_id, at, busy)
        if chat is None:
            break
        addresses = of_same_chats(connection, client_id, {chat})
        found.append(_first_due(connection, client_id, at, addresses))
        busy |= addresses
    return found


def chats_of_queued(connection: Connection, ids: frozenset[str]) -> frozenset[str]:
    """Return the chats of those of these messages that are queued."""
    if not ids:
        return ids
    return frozenset(connection.execute(select(outbox.c.chat).where(QUEUED, outbox.c.id.in_(sorted(ids)))).scalars())


def is_due(connection: Connection, client_id: ClientId, at: Seconds, held: frozenset[str]) -> bool:
    """Return True if a queued message is due, even if another message of its chat must leave before."""
    return _most_urgent_chat(connection, client_id, at, set(held)) is not None


def next_due(connection: Connection, client_id: ClientId, at: Seconds) -> Seconds | None:
    """Return the earliest `send_at` after `at` of a client's queued messages."""
    return cast(Seconds | None, connection.execute(_NEXT_DUE, {"client": client_id, "now": at}).scalar_one())


def _most_urgent_chat(connection: Connection, client_id: ClientId, at: Seconds, busy: set[str]) -> str | None:
    asked = {"client": client_id, "now": at, "busy": sorted(busy)}
    firsts = [row for query in _MOST_URGENT for row in connection.execute(query, asked)]
    best = min(firsts, key=lambda row: (-row.priority, row.position), default=None)
    return None if best is None else best.chat


def _first_due(connection: Connection, client_id: ClientId, at: Seconds, addresses: set[str]) -> Message:
    (first,) = read(connection, _FIRST_DUE, client=client_id, now=at, chats=sorted(addresses))
    return first


# --- room: not counted at every acceptance, because counting ten thousand rows takes longer than writing one
# The remembered number is never below the number of queued messages, up to the limit, which is constant for the life of
# a connection. It grows with each queued message, on the connection of the only writer, and is counted anew when it
# reports no room. So it costs a count only if the outbox is, or was, nearly full.

_AT_MOST = "queued at most"


def has_room(connection: Connection, client_id: ClientId, limit: int) -> bool:
    """Return True if fewer than `limit` messages of the client are queued."""
    at_most = connection.info.setdefault(_AT_MOST, {})
    if at_most.get(client_id, limit) >= limit:
        at_most[client_id] = connection.execute(_COUNT_UP_TO, {"client": client_id, "up_to": limit}).scalar_one()
    return bool(at_most[client_id] < limit)


def forget_room(connection: Connection, client_id: ClientId) -> None:
    """Count anew at the next acceptance: many messages of the client have become queued at once."""
    connection.info.get(_AT_MOST, {}).pop(client_id, None)


def one_more(connection: Connection, client_id: ClientId) -> None:
    """Record that one more message of the client is queued."""
    at_most = connection.info.get(_AT_MOST, {})
    if client_id in at_most:
        at_most[client_id] += 1


# --- changing ---------------------------------------------------------------------------------------------------------

_INSERT = outbox.insert().returning(outbox.c.position)


def insert(connection: Connection, message: Message) -> Message:
    """Insert a message. Return it with its position."""
    arguments = _storable(message.arguments)
    row = {name: getattr(message, name) for name in Message.__slots__ if name not in ("position", "account")}
    position = connection.execute(_INSERT, {**row, "arguments": arguments}).scalar_one()
    return replace(message, position=position, arguments=arguments)


def _storable(value: Any) -> Any:
    """Return the JSON value with texts that every database can hold."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {name: _storable(each) for name, each in value.items()}
        case list() | tuple():
            return [_storable(each) for each in value]
        case _:
            return value


def move(connection: Connection, known: Message, state: MessageState, at: Seconds, **changes: Any) -> Message:
    """Change the state of a message, and append its event. Return the message as it is now."""
    changes |= {"state": state, "times": {**known.times, state.value: at}, "changed_at": at}
    moved = replace(known, **changes)
    _update(connection, known, **changes)
    AppendEvent(known.client_id, MessageStateChanged.type, _payload(known, moved), at).run(connection)
    return moved


def learn(
    connection: Connection, known: Message, state: MessageState, at: Seconds, reason: str | None, full_id: str | None
) -> Message:
    """Change the state if that is news; record the full id in any case. Return the message as it is now."""
    if known.full_id is None and full_id is not None:
        learn_chat(connection, known.client_id, known.chat, full_id)
    full_id = known.full_id or full_id
    if may_follow(known.state, state):
        return move(connection, known, state, at, reason=reason, full_id=full_id)
    if full_id != known.full_id:
        _update(connection, known, full_id=full_id)
    return replace(known, full_id=full_id)


def change(connection: Connection, known: Message, **changes: Any) -> Message:
    """Change other fields than the state, which tells nobody. Return the message as it is now."""
    _update(connection, known, **changes)
    return replace(known, **changes)


def _update(connection: Connection, known: Message, **changes: Any) -> None:
    changes.pop("account", None)
    connection.execute(_UPDATE, {**changes, "known_position": known.position})


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
    """Return the chat's LID: as the caller wrote it, or from WhatsApp's id of the message (`true_CHAT_BARE`)."""
    chats = (message.chat, chat_in(message.full_id) or "")
    return next((chat for chat in chats if chat.endswith("@lid")), None)
