"""The messages of the outbox and the accounts they were accepted for.

A message leaves from its own account only, and only that account's page is asked about it. When a client turns out to
be linked to another account, what is queued is held until its account is back or somebody decides, and what was under
way is unknown: no other page can tell what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from actors.clients.events import AccountChanged
from actors.clients.types import ClientId, LinkedAccount, Seconds
from actors.runtime import Work
from actors.store.errors import MessageNotHeld, NeverLinked, NoSuchMessage
from actors.store.events import AppendEvent
from actors.store.message_states import HeldBecause, MessageState
from actors.store.outbox.rows import (
    FREE,
    HELD,
    QUEUED,
    ROWS,
    SENDING,
    Message,
    by_id,
    change,
    forget_room,
    move,
    of_client,
    one_more,
    read,
)
from actors.store.requests import Read, Write
from actors.store.rows.accounts import KnownAccount, enter, last
from actors.store.schema import accounts, outbox

CANCELLED = "Cancelled: it was accepted for an account that the client is not linked to any more"


def held_for(owner: LinkedAccount | None, now: LinkedAccount) -> str:
    """Return the reason why a message waits for its account, as a sentence."""
    for_whom = "an account that was forgotten" if owner is None else str(owner)
    return f"Held: accepted for {for_whom}, and the client is linked to {now} now. Release it to that one, or cancel it"


def lost_with(owner: LinkedAccount | None) -> str:
    """Return the reason why nobody knows what became of a message."""
    return (
        f"It was under way from {owner or 'an account that was forgotten'} when the client was linked to another "
        "account, whose page cannot tell what became of it"
    )


def link(
    connection: Connection, client_id: ClientId, account: LinkedAccount, at: Seconds, *, holds: bool = True
) -> None:
    """Record that a client is linked to this account, and what follows for its messages.

    Without `holds` everything that is queued goes on from the account that is linked now. What is under way stays so:
    the dispatcher knows which of it no page ever had.
    """
    linked = enter(connection, client_id, account)
    now, mine = linked.now, of_client(client_id)
    nobodys = (mine, outbox.c.account_id.is_(None), or_(QUEUED, SENDING))
    connection.execute(update(outbox).where(*nobodys).values(account_id=now.id))
    other = outbox.c.account_id != now.id
    if holds:
        held = _hold(connection, client_id, now)
    else:
        held = 0
        connection.execute(update(outbox).where(QUEUED, mine, other).values(account_id=now.id))
    back = _let_go(connection, mine, outbox.c.account_id == now.id)
    under_way = connection.execute(select(func.count()).select_from(outbox).where(SENDING, mine, other)).scalar_one()
    if back:
        forget_room(connection, client_id)
    if linked.changed:
        told = _told(linked.before, now) | {"held": held, "resumed": back, "unknown": under_way}
        AppendEvent(client_id, AccountChanged.type, told, at).run(connection)


def _hold(connection: Connection, client_id: ClientId, now: KnownAccount) -> int:
    """Hold what is queued for other accounts, and say so. Return how many messages were not held before."""
    mine, other = of_client(client_id), outbox.c.account_id != now.id
    newly = connection.execute(
        update(outbox).where(FREE, mine, other).values(held=HeldBecause.ACCOUNT_CHANGED)
    ).rowcount
    owners = select(outbox.c.account_id, accounts.c.phone, accounts.c.lid).distinct()
    joined = owners.join_from(outbox, accounts, accounts.c.id == outbox.c.account_id, isouter=True)
    for id, phone, lid in connection.execute(joined.where(QUEUED, mine, other)).all():
        named = LinkedAccount(phone, lid)
        reason = held_for(named if named.named else None, now.account)
        of_owner = update(outbox).where(QUEUED, mine, outbox.c.account_id == id)
        connection.execute(of_owner.values(reason=reason))
    return newly


def _let_go(connection: Connection, *which: ColumnElement[bool]) -> int:
    free = update(outbox).where(HELD, *which).values(held=None, reason=None)
    return connection.execute(free).rowcount


def _told(before: KnownAccount | None, now: KnownAccount) -> dict[str, Any]:
    former = LinkedAccount() if before is None else before.account
    present = now.account
    return {
        "phone": present.phone,
        "lid": present.lid,
        "previous_phone": former.phone,
        "previous_lid": former.lid,
    }


@dataclass(frozen=True, slots=True)
class HeldMessages:
    """The number of messages that wait for an account."""

    account: LinkedAccount
    messages: int


@dataclass(frozen=True, slots=True)
class GetHeld(Read[tuple[HeldMessages, ...]]):
    """Read how many messages of a client wait because it is linked to another account, by the account they are for."""

    client_id: ClientId

    def run(self, connection: Connection) -> tuple[HeldMessages, ...]:
        """See `Read`."""
        counted = select(accounts.c.phone, accounts.c.lid, func.count().label("messages"))
        joined = counted.join_from(outbox, accounts, accounts.c.id == outbox.c.account_id, isouter=True)
        grouped = joined.where(HELD, of_client(self.client_id)).group_by(outbox.c.account_id, *_NAMES)
        rows = connection.execute(grouped.order_by(*_NAMES))
        return tuple(HeldMessages(LinkedAccount(phone, lid), messages) for phone, lid, messages in rows)


_NAMES = (accounts.c.phone, accounts.c.lid)


@dataclass(frozen=True, slots=True)
class ReleaseMessage(Work, Write[Message]):
    """Hand a held message over to the account that the client is linked to, or was last. Answers the message.

    Refuses NoSuchMessage, MessageNotHeld, NeverLinked.
    """

    client_id: ClientId
    id: str

    def run(self, connection: Connection) -> Message:
        """See `Write`."""
        known, owner = by_id(connection, self.id), _owner(connection, self.client_id)
        if known.client_id != self.client_id:
            raise NoSuchMessage(self.client_id, self.id)
        if known.state is not MessageState.QUEUED or known.held is None:
            raise MessageNotHeld(known.id, known.state)
        one_more(connection, self.client_id)
        return change(connection, known, account_id=owner.id, account=owner.account, held=None, reason=None)


@dataclass(frozen=True, slots=True)
class ReleaseHeld(Work, Write[int]):
    """Hand all held messages of a client over, as `ReleaseMessage` does. Answers how many. Refuses NeverLinked."""

    client_id: ClientId

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        owner, which = _owner(connection, self.client_id), (HELD, of_client(self.client_id))
        free = update(outbox).where(*which).values(account_id=owner.id, held=None, reason=None)
        forget_room(connection, self.client_id)
        return connection.execute(free).rowcount


@dataclass(frozen=True, slots=True)
class CancelHeld(Work, Write[int]):
    """Cancel held messages of a client, at most `limit`. Answers how many; if `limit`, ask again."""

    client_id: ClientId
    at: Seconds
    limit: int = 500

    def run(self, connection: Connection) -> int:
        """See `Write`."""
        some = ROWS.where(HELD, of_client(self.client_id)).order_by(outbox.c.position).limit(self.limit)
        held = read(connection, some)
        for message in held:
            move(connection, message, MessageState.CANCELLED, self.at, reason=CANCELLED, held=None)
        return len(held)


def _owner(connection: Connection, client_id: ClientId) -> KnownAccount:
    owner = last(connection, client_id)
    if owner is None:
        raise NeverLinked(client_id)
    return owner
