"""Databases to test on: SQLite in a directory of the test's own, and a private PostgreSQL where there is one.

`database` and `store` come twice, once on each, so that every test that takes them runs on both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.store.database import Database
from actors.store.store import Store, open_store
from tests.store.postgresql import NoPostgreSQL, PostgreSQL, running

LIGHT = (
    "fsync=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "jit=off",
    "max_connections=40",
    "shared_buffers=32MB",
)
"""No test pulls the machine's plug, and none lives long enough to be vacuumed."""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The server of this run."""
    try:
        with running(*LIGHT) as server:
            yield server
    except NoPostgreSQL as why:
        pytest.skip(str(why))


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    """A SQLite database that is not there yet."""
    return Database(f"sqlite:///{tmp_path}/store/session-manager.db", patience=0.2)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> PostgreSQL | None:
    """What the database is on: a server, or none for SQLite."""
    found: PostgreSQL | None = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return found


@pytest.fixture
def database(server: PostgreSQL | None, sqlite: Database) -> Database:
    """A database with nothing in it, on each kind."""
    return sqlite if server is None else Database(server.new_schema())


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """An open store on each kind of database."""
    store = open_store(database)
    yield store
    store.close(timeout=10)
