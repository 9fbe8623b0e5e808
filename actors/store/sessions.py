"""The clients that are to run, and the history of their logins."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, select, update

from actors.clients.receipts import DayCount
from actors.clients.types import ClientId, Seconds
from actors.store.database import insert
from actors.store.requests import Read, Write
from actors.store.rows import accounts
from actors.store.rows.unreadable import list_in
from actors.store.schema import client_configs, outbox_chats, received_media, sessions

FORGOTTEN = (sessions, client_configs, outbox_chats, received_media)
"""The tables from which a deletion of a client takes its rows at once; `accounts` has a rule of its own."""


@dataclass(frozen=True, slots=True)
class Session:
    """The stored state of a client.

    `paired_at` is None if no pairing was seen; `early_logouts` counts logouts in a row that came too soon after their
    pairing (a ban looks like that). `phone` is the account's own number while linked.
    `whatsapp_version` is that of its page as last read, `version_seen_at` when the page had it first. `receipts` counts
    the last days' messages. `linked_since` is when a phone was last linked, as far as that was seen.
    """

    client_id: ClientId
    wanted: bool
    was_ready: bool
    paired_at: Seconds | None
    early_logouts: int
    updated_at: Seconds
    phone: str | None = None
    whatsapp_version: str | None = None
    version_seen_at: Seconds | None = None
    receipts: tuple[DayCount, ...] = ()
    linked_since: Seconds | None = None


@dataclass(frozen=True, slots=True)
class WantSession(Write[None]):
    """Record that the client is to run, also after a restart."""

    client_id: ClientId
    at: Seconds

    def run(self, connection: Connection) -> None:
        _put(connection, self.client_id, self.at, wanted=True)


@dataclass(frozen=True, slots=True)
class ReleaseSession(Write[None]):
    """Record that the client is no longer to run. Its logouts are kept, for a ban to be inferred from."""

    client_id: ClientId
    at: Seconds

    def run(self, connection: Connection) -> None:
        _put(connection, self.client_id, self.at, wanted=False, was_ready=False)


@dataclass(frozen=True, slots=True)
class ForgetSession(Write[None]):
    """Delete what is stored of the client, but for its messages, events and history: those are for others to read, and
    go with their age. Its files that came in are deleted by the next round of retention.
    """

    client_id: ClientId

    def run(self, connection: Connection) -> None:
        for table in FORGOTTEN:
            connection.execute(delete(table).where(table.c.client_id == self.client_id))
        accounts.forget(connection, self.client_id)


@dataclass(frozen=True, slots=True)
class MarkReady(Write[None]):
    """Record that the client is READY, so that it resumes before those that are not; or that it is not any more."""

    client_id: ClientId
    at: Seconds
    ready: bool = True

    def run(self, connection: Connection) -> None:
        _put(connection, self.client_id, self.at, was_ready=self.ready)


@dataclass(frozen=True, slots=True)
class RecordPairing(Write[None]):
    """Record the client's pairing and the number it is linked to."""

    client_id: ClientId
    paired_at: Seconds | None
    early_logouts: int
    at: Seconds
    phone: str | None = None

    def run(self, connection: Connection) -> None:
        known = {"paired_at": self.paired_at, "early_logouts": self.early_logouts, "phone": self.phone}
        _put(connection, self.client_id, self.at, **known)


@dataclass(frozen=True, slots=True)
class RecordVersion(Write[None]):
    """Record the version of WhatsApp Web that the client's page is. A version that is known keeps its instant."""

    client_id: ClientId
    version: str
    at: Seconds

    def run(self, connection: Connection) -> None:
        known = sessions.c.whatsapp_version
        other = known.is_(None) | (known != self.version)
        statement = update(sessions).where(sessions.c.client_id == self.client_id, other)
        connection.execute(statement.values(whatsapp_version=self.version, version_seen_at=self.at))


@dataclass(frozen=True, slots=True)
class RecordReceipts(Write[None]):
    """Record the counts of the client's receipts, in place of earlier ones. A client that was forgotten stays so."""

    client_id: ClientId
    days: tuple[DayCount, ...]

    def run(self, connection: Connection) -> None:
        statement = update(sessions).where(sessions.c.client_id == self.client_id)
        connection.execute(statement.values(receipts=self.days))


@dataclass(frozen=True, slots=True)
class ReadBack(Write[Session | None]):
    """Read one client's session, after all earlier writes about it are on disk."""

    client_id: ClientId

    def run(self, connection: Connection) -> Session | None:
        return _of(connection, self.client_id)


@dataclass(frozen=True, slots=True)
class GetSessions(Read[tuple[Session, ...]]):
    """Read the session of every stored client, by number."""

    def run(self, connection: Connection) -> tuple[Session, ...]:
        rows = connection.execute(select(sessions).order_by(sessions.c.client_id))
        return tuple(map(_session, rows.mappings()))


@dataclass(frozen=True, slots=True)
class GetWantedSessions(Read[tuple[Session, ...]]):
    """Read the clients that are to run: those that were READY first, then by number."""

    def run(self, connection: Connection) -> tuple[Session, ...]:
        wanted = select(sessions).where(sessions.c.wanted)
        rows = connection.execute(wanted.order_by(sessions.c.was_ready.desc(), sessions.c.client_id))
        return tuple(map(_session, rows.mappings()))


def _of(connection: Connection, client_id: ClientId) -> Session | None:
    row = connection.execute(select(sessions).where(sessions.c.client_id == client_id)).mappings().first()
    return None if row is None else _session(row)


def _put(connection: Connection, client_id: ClientId, at: Seconds, **changes: object) -> None:
    changes["updated_at"] = at
    unknown = {"client_id": client_id, "wanted": False, "was_ready": False, "early_logouts": 0}
    statement = insert(connection, sessions).values(unknown | changes)
    connection.execute(statement.on_conflict_do_update(index_elements=["client_id"], set_=changes))


def _session(row: RowMapping) -> Session:
    counts = (one for one in list_in(row["receipts"]) or () if isinstance(one, list) and len(one) == 3)
    days = tuple((day, sent, received) for day, sent, received in counts)
    return Session(**{**row, "receipts": days})
