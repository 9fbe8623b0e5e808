"""Which errors of a database mean that it cannot be used now, and what to tell people about each.

Pure: two tables and a look-up. Sources: https://www.sqlite.org/rescode.html and the SQLSTATE classes of PostgreSQL 15,
https://www.postgresql.org/docs/15/errcodes-appendix.html. An error that is in neither table is the fault of the
statement.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from actors.store import postgresql
from actors.store.errors import ServerAway, StoreUnavailable

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
"""Of what a server says to those it does not let in: what is true for a while only."""
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(error: BaseException) -> bool:
    """Whether waiting is no use: what is stored is broken."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, postgresql.Error):
        return (origin.sqlstate or "").startswith("XX")
    return getattr(origin, "sqlite_errorcode", -1) & 0xFF in _DAMAGE


def as_unavailable(error: BaseException) -> StoreUnavailable | None:
    """The refusal that says what is wrong with the database, or None if the statement is at fault.

    Takes what SQLAlchemy raises, and what the driver raises where SQLAlchemy does not wrap it (while connecting).
    """
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        why = SQLITE_FAULTS.get(getattr(origin, "sqlite_errorcode", -1) & 0xFF)
    elif isinstance(origin, postgresql.Error):
        why = _postgresql_fault(origin)
    else:
        why = None
    kind = ServerAway if _is_away(origin) else StoreUnavailable
    return None if why is None else kind(f"{why} ({_first_line(origin)})")


def _is_away(error: BaseException | None) -> bool:
    """A server that has said no for another reason than its own state has no SQLSTATE either: connecting gives text."""
    if not isinstance(error, postgresql.Error):
        return False
    if error.sqlstate is not None:
        return error.sqlstate.startswith("57")
    return "FATAL:" not in str(error) or any(words in str(error) for words in _PASSES)


def _postgresql_fault(error: postgresql.Error) -> str | None:
    if error.sqlstate is not None:
        return POSTGRESQL_FAULTS.get(error.sqlstate[:2])
    # Both names are used for a server that is not there, and for a connection that broke.
    gone = isinstance(error, postgresql.OperationalError | postgresql.InterfaceError)
    return "PostgreSQL does not answer: start it, or check the database URL" if gone else None


def _first_line(error: BaseException | None) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
