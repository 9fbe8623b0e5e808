"""Which clients are to run, and what is remembered of their logins."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, case, delete, select

from actors.clients.types import ClientId, Seconds
from actors.store.database import insert
from actors.store.message import Operations, Read, Write
from actors.store.schema import sessions


@dataclass(frozen=True, slots=True)
class Session:
    """What survives of a client. `paired_at` is None where no pairing was seen; `early_logouts` counts logouts in a row
    that came too soon after their pairing (a ban looks like that)."""

    client_id: ClientId
    wanted: bool
    was_ready: bool
    paired_at: Seconds | None
    early_logouts: int
    updated_at: Seconds


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
    """The client has reached READY: it resumes before those that never did."""

    client_id: ClientId
    at: Seconds


@dataclass(frozen=True, slots=True)
class RecordPairing(Write[None]):
    """A phone has been paired."""

    client_id: ClientId
    at: Seconds


@dataclass(frozen=True, slots=True)
class RecordLogout(Write[int]):
    """WhatsApp has ended the login. Answers how many in a row came within `early_within` seconds of their pairing,
    this one included: 0 for one that did not."""

    client_id: ClientId
    at: Seconds
    early_within: Seconds


@dataclass(frozen=True, slots=True)
class GetSession(Read[Session | None]):
    """What is remembered of one client."""

    client_id: ClientId


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
    _put(connection, message.client_id, message.at, was_ready=True)


def record_pairing(connection: Connection, message: RecordPairing) -> None:
    _put(connection, message.client_id, message.at, paired_at=message.at)


def record_logout(connection: Connection, message: RecordLogout) -> int:
    early = sessions.c.paired_at.is_not(None) & (sessions.c.paired_at > message.at - message.early_within)
    counted = case((early, sessions.c.early_logouts + 1), else_=0)
    _put(connection, message.client_id, message.at, was_ready=False)
    statement = sessions.update().where(sessions.c.client_id == message.client_id)
    answer = statement.values(early_logouts=counted, paired_at=None).returning(sessions.c.early_logouts)
    return int(connection.execute(answer).scalar_one())


def get(connection: Connection, message: GetSession) -> Session | None:
    row = connection.execute(select(sessions).where(sessions.c.client_id == message.client_id)).mappings().first()
    return None if row is None else _session(row)


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
    RecordLogout: record_logout,
}
READS: Operations = {GetSession: get, GetWantedSessions: get_wanted}


def _put(connection: Connection, client_id: ClientId, at: Seconds, **changes: object) -> None:
    changes["updated_at"] = at
    unknown = {"client_id": client_id, "wanted": False, "was_ready": False, "early_logouts": 0}
    statement = insert(connection, sessions).values(unknown | changes)
    connection.execute(statement.on_conflict_do_update(index_elements=["client_id"], set_=changes))


def _session(row: RowMapping) -> Session:
    return Session(**row)
