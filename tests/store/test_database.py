"""How the database is reached: files for their owner only, pragmas as asked, readers that cannot write."""

from __future__ import annotations

import stat
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from actors.store.database import Database, dump_json, prepare_file
from actors.store.sessions import ReadBack, WantSession
from actors.store.store import open_store
from tests.store.asking import ONE, PATIENCE, ask


def test_the_files_of_the_database_are_for_their_owner_only(sqlite: Database) -> None:
    store = open_store(sqlite)
    ask(store, WantSession(ONE, 1.0))
    ask(store, ReadBack(ONE))
    assert sqlite.path is not None
    files = list(sqlite.path.parent.iterdir())
    assert {path.name.removeprefix(sqlite.path.name) for path in files} == {"", "-wal", "-shm"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(sqlite.path.parent.stat().st_mode) == 0o700
    store.close(timeout=PATIENCE)


def test_a_file_that_was_open_to_others_is_closed_to_them(sqlite: Database) -> None:
    prepare_file(sqlite)
    assert sqlite.path is not None
    sqlite.path.chmod(0o644)
    prepare_file(sqlite)
    assert stat.S_IMODE(sqlite.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("mode", "synchronous", "number"), [("WAL", "FULL", 2), ("DELETE", "NORMAL", 1)])
def test_pragmas_are_as_asked(sqlite: Database, mode: str, synchronous: str, number: int) -> None:
    database = Database(sqlite.url, mode, synchronous)
    prepare_file(database)
    with database.writing().connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == mode.lower()
        assert connection.execute(text("PRAGMA synchronous")).scalar() == number
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_the_default_loses_nothing_in_a_power_cut(sqlite: Database) -> None:
    assert (Database(sqlite.url).journal_mode, Database(sqlite.url).synchronous) == ("WAL", "FULL")


def test_a_pragma_is_a_word_and_no_sql(sqlite: Database) -> None:
    prepare_file(sqlite)
    with (
        pytest.raises(ValueError, match="synchronous"),
        Database(sqlite.url, synchronous="OFF; DROP").writing().connect(),
    ):
        pass


def test_readers_cannot_write(database: Database) -> None:
    open_store(database).close(timeout=PATIENCE)
    with database.reading().connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("DELETE FROM sessions"))


def test_a_reader_sees_one_moment(database: Database) -> None:
    store = open_store(database)
    with database.reading().begin() as connection:
        count = text("SELECT count(*) FROM sessions")
        assert connection.execute(count).scalar() == 0
        ask(store, WantSession(ONE, 1.0))
        assert connection.execute(count).scalar() == 0
    store.close(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("url", "backend", "path"),
    [
        ("sqlite:////var/lib/x.db", "sqlite", "/var/lib/x.db"),
        ("postgresql://me@host/name", "postgresql", None),
        ("postgres://me@host/name", "postgresql", None),
        ("postgresql+psycopg://me@host/name", "postgresql", None),
    ],
)
def test_addresses_are_taken_as_people_write_them(url: str, backend: str, path: str | None) -> None:
    database = Database(url)
    assert database.reading().dialect.name == backend
    assert database.reading().driver == ("pysqlite" if backend == "sqlite" else "psycopg")
    assert (None if database.path is None else str(database.path)) == path


class Asked(Exception):
    """How a connection would be made."""


@pytest.mark.parametrize(
    ("query", "idle"), [("", 20), ("?keepalives_idle=7", "7")], ids=["by itself", "as the address says"]
)
def test_a_server_that_is_out_of_reach_is_noticed_within_a_minute(query: str, idle: int | str) -> None:
    """A host that is gone closes nothing: without these, whoever waits for its answer waits for two hours."""

    def refuse(_dialect: object, _record: object, _words: object, options: dict[str, Any]) -> None:
        raise Asked(options)

    for engine in (
        Database(f"postgresql://me@host/name{query}").writing(),
        Database("postgresql://me@host/x").reading(),
    ):
        event.listen(engine, "do_connect", refuse)
        with pytest.raises(Asked) as asked:
            engine.connect()
        (options,) = asked.value.args
        assert int(options["keepalives_interval"]) * int(options["keepalives_count"]) + 20 < 60
        assert 0 < int(options["tcp_user_timeout"]) < 60_000
        assert options["keepalives_idle"] == (idle if engine.url.query else 20)


def test_json_is_ascii_and_small() -> None:
    assert dump_json({"a": ["é", "\0", "\ud800"]}) == '{"a":["\\u00e9","\\u0000","\\ud800"]}'
