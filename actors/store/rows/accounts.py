"""The accounts that clients have been linked to: one row each, with the names that a page has told so far.

The last account of a client is the one that what is accepted now belongs to, whether or not it is linked at the moment.
An unnamed row is of a page that did not say whose it is, or of a time before accounts were remembered: the next account
that is told is taken for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, bindparam, delete, select, update
from ulid import ULID

from actors.clients.types import ClientId, LinkedAccount
from actors.store.schema import accounts, outbox

_OF_CLIENT = accounts.c.client_id == bindparam("of_client")
_ALL = select(accounts).where(_OF_CLIENT).order_by(accounts.c.id)
_LAST = select(accounts).where(_OF_CLIENT, accounts.c.is_last)
LINKED_PHONE = select(accounts.c.phone).where(_OF_CLIENT, accounts.c.is_linked).scalar_subquery()
"""The number that client `of_client` is linked to now."""
_LINKED = select(accounts.c.id).where(_OF_CLIENT, accounts.c.is_linked)


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account with the id that messages and keys of events name it by."""

    id: str
    account: LinkedAccount
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class Linked:
    """The account that a client is linked to now, and the one before; they are equal where it has not changed."""

    now: KnownAccount
    before: KnownAccount | None

    @property
    def changed(self) -> bool:
        """True if another account was behind the client before."""
        return self.before is not None and self.before.id != self.now.id


def enter(connection: Connection, client_id: ClientId, account: LinkedAccount) -> Linked:
    """Record that a client is linked to this account. Two rows that turn out to be one account become one."""
    known = tuple(map(_known, connection.execute(_ALL, {"of_client": client_id}).mappings()))
    before = next((one for one in known if one.is_last), None)
    same = [one for one in known if one.account.is_same(account) or (one is before and not one.account.named)]
    now = same[0] if same else KnownAccount(str(ULID()), account)
    for other in same[1:]:
        _merge(connection, other, now)
        before = now if before is not None and before.id == other.id else before
    names = LinkedAccount(account.phone or now.account.phone, account.lid or now.account.lid)
    others = (accounts.c.client_id == client_id, accounts.c.id != now.id, accounts.c.is_last)
    connection.execute(update(accounts).where(*others).values(is_last=False, is_linked=False))
    row = {"phone": names.phone, "lid": names.lid, "is_last": True, "is_linked": True}
    if same:
        connection.execute(update(accounts).where(accounts.c.id == now.id).values(row))
    else:
        connection.execute(accounts.insert(), row | {"id": now.id, "client_id": client_id})
    return Linked(KnownAccount(now.id, names), before)


def leave(connection: Connection, client_id: ClientId) -> None:
    """Record that a client is linked to no account now."""
    of_client = update(accounts).where(accounts.c.client_id == client_id, accounts.c.is_linked)
    connection.execute(of_client.values(is_linked=False))


def forget(connection: Connection, client_id: ClientId) -> None:
    """Delete the accounts of a client."""
    connection.execute(delete(accounts).where(accounts.c.client_id == client_id))


def last(connection: Connection, client_id: ClientId) -> KnownAccount | None:
    """Return the account that a client was linked to last."""
    row = connection.execute(_LAST, {"of_client": client_id}).mappings().first()
    return None if row is None else _known(row)


def linked(connection: Connection, client_id: ClientId) -> str | None:
    """Return the id of the account that a client is linked to now."""
    return connection.execute(_LINKED, {"of_client": client_id}).scalar()


def _merge(connection: Connection, other: KnownAccount, into: KnownAccount) -> None:
    connection.execute(update(outbox).where(outbox.c.account_id == other.id).values(account_id=into.id))
    connection.execute(delete(accounts).where(accounts.c.id == other.id))


def _known(row: RowMapping) -> KnownAccount:
    return KnownAccount(row["id"], LinkedAccount(row["phone"], row["lid"]), row["is_last"])
