"""The migrations: they lead from every older schema to the one in the code, and keep what is there."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Inspector, inspect, text

from actors.clients.types import ClientId
from actors.store import store as _tables  # noqa: F401 - brings in every table there is
from actors.store.database import Database, prepare_file
from actors.store.errors import StoreTooNew
from actors.store.events import ROW_BYTES, AppendEvent, PruneEvents
from actors.store.journal import GetTransitions
from actors.store.outbox import GetMessage
from actors.store.schema import MIGRATIONS, metadata, migrate, newest_revision, revision_of
from actors.store.sessions import GetSessions, ReadBack, RecordReceipts, RecordVersion, Session
from actors.store.store import open_store
from tests.store.asking import PATIENCE, accept, ask

_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_POSTGRESQL = "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = current_schema()"


@pytest.fixture
def fresh(database: Database) -> Database:
    prepare_file(database)
    return database


def test_an_empty_database_gets_the_tables_of_the_code_at_once(fresh: Database) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection)
        assert described(connection) == described_by_the_code(connection)
        assert revision_of(connection) == newest_revision()


def test_what_an_older_version_stored_is_there_after_the_upgrade(fresh: Database) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection, "0001")
        connection.execute(text("INSERT INTO sessions VALUES (7, true, true, 5.0, 1, 6.0)"))
        journal = "INSERT INTO transitions (client_id, before, after, event, at) VALUES"
        connection.execute(text(f"{journal} (7, 'READY', 'ERROR', 'Exhausted', 9.0)"))
    store = open_store(fresh)
    client = ClientId(7)
    assert ask(store, ReadBack(client)) == Session(client, True, True, 5.0, 1, 6.0)
    assert [told.at for told in ask(store, GetTransitions(client))] == [9.0]
    assert accept(store, client=client).position == 1
    store.close(timeout=PATIENCE)


def test_a_message_that_waited_through_the_upgrade_names_no_call(fresh: Database) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection, "0005")
        columns = "id, client_id, chat, text, priority, message_id, state, attempts, times, changed_at"
        values = "'A', 7, '5491122334455@c.us', 'hello', 0, '3EB0AA', 'queued', 0, '{}', 1.0"
        connection.execute(text(f"INSERT INTO outbox ({columns}) VALUES ({values})"))
    store = open_store(fresh)
    message = ask(store, GetMessage(ClientId(7), "A"))
    assert message is not None
    assert (message.text, message.request_id, message.trace_id) == ("hello", None, None)
    store.close(timeout=PATIENCE)


OLDER = sorted(file.stem[1:5] for file in (MIGRATIONS / "versions").glob("r*.py"))[:-1]


@pytest.mark.parametrize("revision", OLDER)
def test_every_older_schema_leads_to_the_newest(fresh: Database, revision: str) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection, revision)
        assert revision_of(connection) == revision
    with fresh.writing().begin() as connection:
        migrate(connection)
        assert revision_of(connection) == newest_revision()
        assert described(connection) == described_by_the_code(connection)


def test_a_session_from_before_versions_and_receipts_has_none_and_takes_them(fresh: Database) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection, "0009")
        connection.execute(text("INSERT INTO sessions VALUES (7, true, true, 5.0, 1, 6.0, '549')"))
        migrate(connection, "0010")
        connection.execute(text("INSERT INTO sessions VALUES (8, true, true, 5.0, 1, 6.0, '549', '2.3000.1', 4.0)"))
    store = open_store(fresh)
    assert ask(store, GetSessions()) == (
        Session(ClientId(7), True, True, 5.0, 1, 6.0, "549"),
        Session(ClientId(8), True, True, 5.0, 1, 6.0, "549", "2.3000.1", 4.0),
    )
    ask(store, RecordVersion(ClientId(7), "2.3000.2", 9.0))
    ask(store, RecordReceipts(ClientId(7), ((1, 2, 3),)))
    assert ask(store, ReadBack(ClientId(7))) == Session(
        ClientId(7), True, True, 5.0, 1, 6.0, "549", "2.3000.2", 9.0, ((1, 2, 3),)
    )
    store.close(timeout=PATIENCE)


def test_events_of_an_older_version_count_by_their_size(fresh: Database) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection, "0006")
        for sequence in (1, 2, 3):
            row = f"'id-{sequence}', 7, {sequence}, 5.0, 'call', '{{\"n\":{sequence}}}'"
            connection.exec_driver_sql(
                f"INSERT INTO events (id, client_id, sequence, at, type, payload) VALUES ({row})"
            )
    store = open_store(fresh)
    size = len('{"n":1}call') + ROW_BYTES
    assert ask(store, PruneEvents(0.0, 100, 0.0, keep_bytes=2 * size)) == 1
    ask(store, AppendEvent(ClientId(7), "call", {"n": 4}, 6.0))
    assert ask(store, PruneEvents(0.0, 100, 0.0, keep_bytes=2 * size)) == 1
    store.close(timeout=PATIENCE)


def test_migrating_again_changes_nothing(fresh: Database) -> None:
    for _ in range(2):
        open_store(fresh).close(timeout=PATIENCE)


def test_a_migration_that_breaks_leaves_the_old_schema_whole(fresh: Database) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection, "0001")
        connection.execute(text("CREATE TABLE outbox (mine INTEGER)"))
        before = described(connection)
    with pytest.raises(Exception, match="outbox"), fresh.writing().begin() as connection:
        migrate(connection)
    with fresh.writing().begin() as connection:
        assert described(connection) == before
        assert revision_of(connection) == "0001"


def test_a_newer_schema_is_not_touched(fresh: Database) -> None:
    with fresh.writing().begin() as connection:
        migrate(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreTooNew, match="9999"):
        open_store(fresh)


def described_by_the_code(connection: Connection) -> dict[str, object]:
    metadata.drop_all(connection)
    metadata.create_all(connection)
    return described(connection)


def described(connection: Connection) -> dict[str, object]:
    """Tables, columns, constraints and indexes as the database itself tells them."""
    inspector = inspect(connection)
    tables = sorted(set(inspector.get_table_names()) - {"alembic_version", "sqlite_sequence"})
    return {"tables": {name: _table(inspector, name) for name in tables}, "indexes": _indexes(connection)}


def _table(inspector: Inspector, name: str) -> object:
    columns = [
        (column["name"], str(column["type"]), column["nullable"], column["default"])
        for column in inspector.get_columns(name)
    ]
    unique = sorted((one["name"], tuple(one["column_names"])) for one in inspector.get_unique_constraints(name))
    foreign = sorted((one["name"] or "", one["referred_table"]) for one in inspector.get_foreign_keys(name))
    return columns, inspector.get_pk_constraint(name)["constrained_columns"], unique, foreign


def _indexes(connection: Connection) -> dict[str, str]:
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    # SQLite keeps the statement as it was written.
    found = [(str(row.name), str(row.sql)) for row in connection.execute(text(query))]
    return {name: " ".join(sql.split()) for name, sql in found if not name.startswith("alembic_version")}
