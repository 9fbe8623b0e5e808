"""The address of the database, its engines and, for SQLite, its durability.

The differences between SQLite and PostgreSQL are here and in `faults`; all other SQL is the same for both.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from actors.store.errors import BadAddress, StoreUnavailable
from actors.store.postgresql import installed, refused_option
from actors.store.rows.unreadable import load_json

Insert = sqlite.Insert | postgresql.Insert

_INSERTS: dict[str, Callable[[Table], Insert]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_DRIVERS = dict.fromkeys(("sqlite", "sqlite+pysqlite"), "sqlite+pysqlite") | dict.fromkeys(
    ("postgresql", "postgres", "postgresql+psycopg"), "postgresql+psycopg"
)
"""The beginnings of an address that are understood, and the driver of each."""
_FILE_OPTIONS = frozenset(
    {"cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout", "uri"}
)
"""The options of an address of a file: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html."""
_LOCK = "SELECT pg_advisory_lock(hashtext('session-manager'), hashtext(current_schema()))"
LET_GO = 1.0
"""The seconds a server may take to notice that the lock's holder is gone; the next process may ask before that."""
_KEEP_ALIVE = ("SET tcp_keepalives_idle = 20", "SET tcp_keepalives_interval = 5", "SET tcp_keepalives_count = 3")
"""The server notices within 35 s that the lock's holder is unreachable, and releases the lock."""
_OUT_OF_REACH = {"keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 35_000}
"""The same in the other direction, in libpq's names (the last in milliseconds): an address may override it."""
_PRAGMA_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Database:
    """The database of the store: `url` is `sqlite:///path/to/file` or `postgresql://user@host/name`.

    `journal_mode` and `synchronous` are SQLite's pragmas; with anything less than FULL a power cut may lose
    acknowledged writes. `patience` is how many seconds SQLite waits for a lock and PostgreSQL for a connection.
    """

    url: str
    journal_mode: str = "WAL"
    synchronous: str = "FULL"
    patience: float = 5.0

    def writing(self, *, alone: bool = False) -> Engine:
        """Return an engine whose transactions may write, for one thread at a time. No pool: closing a connection closes
        it.

        `alone`: on a server, connecting raises StoreUnavailable while another such connection lives in any process, so
        that only one service writes. (A file lies in a directory, which has one owner.)
        """
        engine = self._engine("BEGIN IMMEDIATE", {})
        if alone and engine.dialect.name == "postgresql":
            event.listen(engine, "connect", _lock_out_others)
        return engine

    def reading(self) -> Engine:
        """Return an engine whose transactions see one moment, wait for no writer and cannot write."""
        return self._engine("BEGIN", {"query_only": "ON"})

    @property
    def path(self) -> Path | None:
        """The database file; None for a server."""
        url = self._parsed()
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    def _engine(self, begin: str, pragmas: dict[str, str]) -> Engine:
        url = self._parsed()
        options: dict[str, Any] = {"poolclass": NullPool, "json_serializer": dump_json, "json_deserializer": load_json}
        if url.get_backend_name() == "sqlite":
            return self._sqlite(url, begin, pragmas, options)
        if not installed():
            raise BadAddress(
                "PostgreSQL needs a driver that is not installed: pip install 'session-manager[postgresql]'"
            )
        seconds = max(2, round(self.patience))
        noticing = {name: value for name, value in _OUT_OF_REACH.items() if name not in url.query}
        named = {"connect_timeout": seconds, "application_name": "session-manager"}
        options["connect_args"] = {**noticing, **named}
        if why := refused_option(url.query):
            raise BadAddress(
                f"SM_DATABASE_URL has an option that PostgreSQL does not take: {why}; a schema is named by "
                "?options=-csearch_path%3DNAME"
            )
        if pragmas:
            options["isolation_level"] = "REPEATABLE READ"
            options["execution_options"] = {"postgresql_readonly": True}
        return create_engine(url, **options)

    def _sqlite(self, url: URL, begin: str, pragmas: dict[str, str], options: dict[str, Any]) -> Engine:
        engine = create_engine(url, connect_args={"timeout": self.patience}, **options)
        settings = {
            "journal_mode": self.journal_mode,
            "synchronous": self.synchronous,
            "foreign_keys": "ON",
            **pragmas,
        }
        event.listen(engine, "connect", partial(_furnish, settings=settings, path=self.path))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _parsed(self) -> URL:
        try:
            url = make_url(self.url)
        except (ArgumentError, ValueError) as error:  # ValueError: the port is no number
            raise BadAddress from error
        if url.drivername not in _DRIVERS:
            raise BadAddress
        if url.get_backend_name() == "sqlite":
            if url.database in (None, "", ":memory:"):
                raise BadAddress("SM_DATABASE_URL names no file: sqlite:////path/to/file does")
            if (unknown := set(url.query) - _FILE_OPTIONS) and "uri" not in url.query:
                raise BadAddress(
                    f"SM_DATABASE_URL has an option that SQLite does not know: {', '.join(sorted(unknown))}"
                )
        return url.set(drivername=_DRIVERS[url.drivername])


def insert(connection: Connection, table: Table) -> Insert:
    """Return an INSERT with ON CONFLICT, in this connection's dialect."""
    return insert_in(connection.dialect.name, table)


def insert_in(dialect: str, table: Table) -> Insert:
    """Return the same for statements made before a connection exists: `dialect` is `sqlite` or `postgresql`."""
    return _INSERTS[dialect](table)


dump_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""No NaN: it is not JSON, and PostgreSQL refuses it.

ASCII only: PostgreSQL's text knows neither NUL nor lone surrogates, its json does when they are escaped.
"""


def prepare_file(database: Database) -> None:
    """Create the database file (and its directory) with mode 0600. Does nothing for a server.

    SQLite gives its -wal and -shm files the mode of the database. Raises OSError.
    """
    if (path := database.path) is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)


def _lock_out_others(connection: Any, _record: Any) -> None:
    """Take the server's lock.

    It lasts as long as the connection, and until the server notices its end: wait for that.
    """
    from psycopg.errors import LockNotAvailable  # it is loaded: the connection is its own

    wait = f"SET LOCAL lock_timeout = '{round(LET_GO * 1000)}ms'"
    try:
        with connection.cursor() as cursor:
            for statement in (*_KEEP_ALIVE, wait, _LOCK):
                cursor.execute(statement)
    except LockNotAvailable as error:
        connection.close()
        raise StoreUnavailable(
            "Another service uses this database: stop it first, or give each a database (or schema) of its own"
        ) from error
    connection.commit()


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _furnish(connection: Any, _record: Any, *, settings: dict[str, str], path: Path | None) -> None:
    # sqlite3 would begin transactions by itself, and not before every statement: with None it leaves BEGIN to us.
    connection.isolation_level = None
    connection.text_factory = _text  # else one text that is not UTF-8 loses the whole answer
    for name, value in settings.items():
        if not _PRAGMA_WORD.fullmatch(value):
            raise ValueError(f"{name} of the database is {value!r}: a word such as FULL is expected")
        connection.execute(f"PRAGMA {name} = {value}")
