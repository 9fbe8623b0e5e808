"""The errors of the store, and the database errors that mean it cannot be used.

Refusal                      an answer: the actor that gave it lives on
 ├── StoreUnavailable        the database cannot be used now; nothing was written: try again later
 │    └── ServerAway         its server is not there, or is on its way up or down
 ├── StatementFailed         the database refuses this read or write because of its content; nobody else is concerned
 │    ├── ReadFailed         a read, or a row that cannot be read
 │    └── WriteFailed        a write; others in its group were written
 ├── IdempotencyKeyReused    the caller's key belongs to another message: create a new key
 ├── OutboxFull              the limit of waiting messages is reached: try again later
 ├── NoSuchMessage           no message of the client has this id
 ├── MessageNotQueued        the message has been sent or has ended: too late to cancel
 ├── MessageNotHeld          the message does not wait for another account: there is nothing to release
 └── NeverLinked             the client has no account yet that a message could be released to

StoreError                   the store cannot be opened; ends a start
 ├── StoreTooNew             a newer version of the service has written here
 ├── BadAddress              the text is not an address of a database
 ├── DataDirInUse            another process owns the data directory
 ├── OtherOrigin             the store belongs to another WhatsApp than it is to be used with
 └── BadBackup               the file is not a whole backup, or does not fit the target

`as_unavailable` turns an error of SQLite or PostgreSQL into a refusal that names the fault, by two tables.
Sources: https://www.sqlite.org/rescode.html and the SQLSTATE classes of PostgreSQL 15,
https://www.postgresql.org/docs/15/errcodes-appendix.html. An error in neither table is the fault of the statement.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from actors.runtime import Refusal
from actors.store import postgresql

if TYPE_CHECKING:
    from psycopg import Error


class StoreUnavailable(Refusal):
    """The database cannot be used now: disk full, locked, damaged, or its server gone.

    The request was not acknowledged. On PostgreSQL a connection that breaks during COMMIT leaves it open whether the
    write is there: repeat it with the same key. Try again after `retry_after_seconds`.
    """

    def __init__(self, why: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(why)
        self.retry_after_seconds = retry_after_seconds


class ServerAway(StoreUnavailable):
    """No server answers at the database's address, or it admits no connections yet; mostly temporary."""


class StatementFailed(Refusal):
    """The database refuses this because of its content, not because of its own state; repeating it is no use."""


class ReadFailed(StatementFailed):
    """A read is refused, or a row cannot be read."""


class WriteFailed(StatementFailed):
    """A write is refused."""


class IdempotencyKeyReused(Refusal):
    """The client has a message with this key and another body: that with this id."""

    def __init__(self, key: str, id: str) -> None:
        super().__init__("This Idempotency-Key was used with another body: use a new key for another message")
        self.key, self.id = key, id


class OutboxFull(Refusal):
    """The limit of queued messages of the client is reached. Try again after `retry_after_seconds`."""

    def __init__(self, limit: int, retry_after_seconds: float = 5.0) -> None:
        super().__init__(f"The queue of this client is full, it holds {limit}: try again later")
        self.limit, self.retry_after_seconds = limit, retry_after_seconds


class NoSuchMessage(Refusal):
    """The outbox does not have this message, or no longer."""

    def __init__(self, client_id: int | None, id: str) -> None:
        super().__init__(f"There is no message {id}" + ("" if client_id is None else f" of client {client_id}"))
        self.client_id, self.id = client_id, id


class MessageNotQueued(Refusal):
    """Only a queued message can be cancelled."""

    def __init__(self, id: str, state: str) -> None:
        super().__init__(f"The message is {state}: only a queued one can be cancelled")
        self.id, self.state = id, state


class MessageNotHeld(Refusal):
    """Only a message that is held for another account can be released."""

    def __init__(self, id: str, state: str) -> None:
        super().__init__(f"The message is {state} and not held for another account: there is nothing to release")
        self.id, self.state = id, state


class NeverLinked(Refusal):
    """There is no account that messages could be handed over to."""

    def __init__(self, client_id: int) -> None:
        super().__init__(f"Client {client_id} has no account: link one first")


class StoreError(Exception):
    """The store cannot be opened."""


class StoreTooNew(StoreError):
    """The database has a schema this version does not know."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The database has schema {found}, newer than {known}, the newest this version knows: "
            "start the newer version again, or restore a backup made by this one"
        )
        self.found, self.known = found, known


class DataDirInUse(StoreError):
    """Another process owns the data directory. `pid` is None until that process has written it."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"The data directory {data_dir} is in use by {owner}: stop it first, or use another directory")
        self.data_dir, self.pid = data_dir, pid


class OtherOrigin(StoreError):
    """The store belongs to another WhatsApp. Both are origins, as `https://web.whatsapp.com`."""

    def __init__(self, found: str, wanted: str, what: str = "The store") -> None:
        super().__init__(
            f"{what} belongs to {found} and is not used with {wanted}, where its messages would go to other people: "
            f"set SM_DATA_DIR (or SM_DATABASE_URL) to a place of its own, or SM_WHATSAPP_URL to {found}/"
        )
        self.found, self.wanted = found, wanted


class BadAddress(StoreError):
    """The text cannot be used as an address of a database."""

    def __init__(
        self, why: str = "SM_DATABASE_URL is no address of a database: sqlite:///… or postgresql://… is"
    ) -> None:
        super().__init__(why)


class BadBackup(StoreError):
    """The backup cannot be read or restored; nothing was changed."""


SQLITE_FAULTS = {
    sqlite3.SQLITE_FULL: "The disk of the database is full: free some space",
    sqlite3.SQLITE_BUSY: "The database is locked by another process",
    sqlite3.SQLITE_LOCKED: "The database is locked by another connection",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged: restore a backup",
    sqlite3.SQLITE_NOTADB: "The database file is not a database: restore a backup",
    sqlite3.SQLITE_IOERR: "The database file cannot be read or written: check the disk",
    sqlite3.SQLITE_READONLY: "The database file is read-only: check its permissions and the disk",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened: check the path, permissions and disk",
    sqlite3.SQLITE_PERM: "Access to the database file is denied: check its permissions",
    sqlite3.SQLITE_NOMEM: "There is no memory left for the database",
    sqlite3.SQLITE_PROTOCOL: "The database is locked by another process",
}
"""Primary result codes; an extended code has the primary one in its low eight bits."""

POSTGRESQL_FAULTS = {
    "08": "The connection to PostgreSQL is lost",
    "25": "PostgreSQL takes no writes now (a standby, or read-only)",
    "28": "PostgreSQL refuses the login: check the database URL",
    "3D": "PostgreSQL has no such database: check the database URL",
    "53": "PostgreSQL has no disk, memory or connections left",
    "55": "A table of the database is locked",
    "57": "PostgreSQL is shutting down or starting up",
    "58": "PostgreSQL cannot read or write its files: check its disk",
    "F0": "The configuration file of PostgreSQL is damaged",
    "XX": "PostgreSQL reports an internal error or damaged data",
}
"""SQLSTATE classes. No SQLSTATE at all means that no server answered."""


_PASSES = ("the database system is", "too many clients", "connection slots")
"""The temporary states among a server's reasons for refusing a connection."""
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(error: BaseException) -> bool:
    """Return True if waiting is no use because the stored data is damaged."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if postgresql.is_error(origin):
        return (origin.sqlstate or "").startswith("XX")
    return getattr(origin, "sqlite_errorcode", -1) & 0xFF in _DAMAGE


def as_unavailable(error: BaseException) -> StoreUnavailable | None:
    """Return the refusal that names the database's fault, or None if the statement is at fault.

    Takes SQLAlchemy's errors, and the driver's where SQLAlchemy does not wrap them (while connecting).
    """
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        why = SQLITE_FAULTS.get(getattr(origin, "sqlite_errorcode", -1) & 0xFF)
    elif postgresql.is_error(origin):
        why = _postgresql_fault(origin)
    else:
        why = None
    kind = ServerAway if _is_away(origin) else StoreUnavailable
    return None if why is None else kind(f"{why} ({_first_line(origin)})")


def _is_away(error: BaseException | None) -> bool:
    """Return True for a server that is away.

    A refusal for another reason has no SQLSTATE either: connecting gives text.
    """
    if not postgresql.is_error(error):
        return False
    if error.sqlstate is not None:
        return error.sqlstate.startswith("57")
    return "FATAL:" not in str(error) or any(words in str(error) for words in _PASSES)


def _postgresql_fault(error: Error) -> str | None:
    from psycopg import InterfaceError, OperationalError  # it is loaded: the error is its own

    if error.sqlstate is not None:
        return POSTGRESQL_FAULTS.get(error.sqlstate[:2])
    # Both names are used for a missing server, and for a connection that broke.
    gone = isinstance(error, OperationalError | InterfaceError)
    return "PostgreSQL does not answer: start it, or check the database URL" if gone else None


def _first_line(error: BaseException | None) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
