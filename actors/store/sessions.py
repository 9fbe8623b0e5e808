"""Which clients are to run, and what is remembered of their logins."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, select

from actors.clients.types import ClientId, Seconds
from actors.store.database import insert
from actors.store.message import Operations, Read, Write
from actors.store.schema import sessions


@dataclass(frozen=True, slots=True)
class Session:
    """What survives of a client. `paired_at` is None where no pairing was seen; `early_logouts` counts logouts in a row
    that came too soon after their pairing (a ban looks like that). `phone` is the account's own number while linked.
    """

    client_id: ClientId
    wanted: bool
    was_ready: bool
    paired_at: Seconds | None
    early_logouts: int
    updated_at: Seconds
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class WantSession(Write[None]):
    """The client is to run, after a restart too."""

    client_id: ClientId
    at: Seconds


@dataclass(frozen=True, slots=True)
class ReleaseSession(Write[None]):
    """The client is no longer to run. What is known of its logouts is kept, for a ban to be inferred from."""

    client_id: ClientId
    at: Seconds


@dataclass(frozen=True, slots=True)
class ForgetSession(Write[None]):
    """Nothing of the client is to be remembered."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class MarkReady(Write[None]):
    """The client has reached READY: it resumes before those that never did; or it is one of these again."""

    client_id: ClientId
    at: Seconds
    ready: bool = True


@dataclass(frozen=True, slots=True)
class RecordPairing(Write[None]):
    """What is known of the client's pairing, and of whom it is linked to, is now this."""

    client_id: ClientId
    paired_at: Seconds | None
    early_logouts: int
    at: Seconds
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class ReadBack(Write[Session | None]):
    """What is remembered of one client, once all that was told of it before is on disk."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class GetSession(Read[Session | None]):
    """What is remembered of one client."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class GetSessions(Read[tuple[Session, ...]]):
    """Of every client of which anything is remembered, by number."""


@dataclass(frozen=True, slots=True)
class GetWantedSessions(Read[tuple[Session, ...]]):
    """Those that are to run: the ones that had reached READY first, then by number."""


def want(connection: Connection, message: WantSession) -> None:
    _put(connection, message.client_id, message.at, wanted=True)


def release(connection: Connection, message: ReleaseSession) -> None:
    _put(connection, message.client_id, message.at, wanted=False, was_ready=False)


def forget(connection: Connection, message: ForgetSession) -> None:
    connection.execute(delete(sessions).where(sessions.c.client_id == message.client_id))


def mark_ready(connection: Connection, message: MarkReady) -> None:
    _put(connection, message.client_id, message.at, was_ready=message.ready)


def record_pairing(connection: Connection, message: RecordPairing) -> None:
    known = {"paired_at": message.paired_at, "early_logouts": message.early_logouts, "phone": message.phone}
    _put(connection, message.client_id, message.at, **known)


def get(connection: Connection, message: GetSession | ReadBack) -> Session | None:
    row = connection.execute(select(sessions).where(sessions.c.client_id == message.client_id)).mappings().first()
    return None if row is None else _session(row)


def get_all(connection: Connection, _message: GetSessions) -> tuple[Session, ...]:
    rows = connection.execute(select(sessions).order_by(sessions.c.client_id))
    return tuple(map(_session, rows.mappings()))


def get_wanted(connection: Connection, _message: GetWantedSessions) -> tuple[Session, ...]:
    wanted = select(sessions).where(sessions.c.wanted)
    rows = connection.execute(wanted.order_by(sessions.c.was_ready.desc(), sessions.c.client_id))
    return tuple(map(_session, rows.mappings()))


WRITES: Operations = {
    WantSession: want,
    ReleaseSession: release,
    ForgetSession: forget,
    MarkReady: mark_ready,
    RecordPairing: record_pairing,
    ReadBack: get,
}
READS: Operations = {GetSession: get, GetSessions: get_all, GetWantedSessions: get_wanted}


def _put(connection: Connection, client_id: ClientId, at: Seconds, **changes: object) -> None:
    changes["updated_at"] = at
    unknown = {"client_id": client_id, "wanted": False, "was_ready": False, "early_logouts": 0}
    statement = insert(connection, sessions).values(unknown | changes)
    connection.execute(statement.on_conflict_do_update(index_elements=["client_id"], set_=changes))


def _session(row: RowMapping) -> Session:
    return Session(**row)
