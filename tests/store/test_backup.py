"""Backups: whole, checked, and restored to either kind of database."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from actors.clients.events import MessageStateChanged
from actors.store.backup import backup, restore
from actors.store.database import Database
from actors.store.errors import BadBackup, DataDirInUse, StoreTooNew, StoreUnavailable
from actors.store.events import AppendEvent, Event
from actors.store.message_states import OPEN, MessageState
from actors.store.outbox import ListMessages, Message
from actors.store.ownership import claim
from actors.store.rows.keys import read_keys
from actors.store.schema import migrate
from actors.store.sessions import GetWantedSessions, Session, WantSession
from actors.store.store import Store, open_store
from tests.store.asking import ONE, PATIENCE, accept, ask, events_after, sending
from tests.store.postgresql import PostgreSQL

Contents = tuple[tuple[Session, ...], tuple[Message, ...], tuple[Event, ...]]


def fill(store: Store) -> None:
    ask(store, WantSession(ONE, 50.0))
    accept(store, text="olá \0 👋", key="k", fingerprint="f")
    sending(store)
    for number in range(600):
        store.tell(AppendEvent(ONE, "call", {"number": number, "text": "\0\ud800"}, 100.0))
    ask(store, WantSession(ONE, 50.0))


def contents(store: Store) -> Contents:
    return ask(store, GetWantedSessions()), ask(store, ListMessages(ONE)), events_after(store, limit=5000)


def reopened(database: Database, look: Callable[[Store], Contents] = contents) -> Contents:
    store = open_store(database)
    try:
        return look(store)
    finally:
        store.close(timeout=PATIENCE)


def test_nobody_gets_at_the_file_that_is_being_replaced(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command wrote there would be lost; its log would be taken for the new file's."""
    open_store(sqlite).close(timeout=PATIENCE)
    backup(sqlite, tmp_path / "a.backup")
    real, tried, waits = Path.replace, [], sqlite3.connect(str(sqlite.path))

    def try_first(self: Path, target: Path) -> Path:
        for beside in (sqlite, replace(sqlite, journal_mode="DELETE")):
            with pytest.raises(StoreUnavailable, match="locked"):
                open_store(beside)
            with pytest.raises(StoreUnavailable, match="locked"):
                read_keys(beside)
        tried.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", try_first)
    restore(tmp_path / "a.backup", sqlite, tmp_path)
    assert tried == [sqlite.path]
    with closing(waits), pytest.raises(sqlite3.OperationalError, match="readonly"):
        waits.execute("PRAGMA journal_mode = WAL")
    assert sorted(file.name for file in (tmp_path / "store").iterdir()) == ["owner.pid", "session-manager.db"]


def assert_restored(found: Contents, whole: Contents) -> None:
    """All of it; only that open messages are to be looked up, and events tell so."""
    assert found[0] == whole[0]
    assert found[2][: len(whole[2])] == whole[2]
    assert {event.type for event in found[2][len(whole[2]) :]} <= {MessageStateChanged.type}
    assert len(found[1]) == len(whole[1])
    for message, was in zip(found[1], whole[1], strict=True):
        assert message.state is (MessageState.SENDING if was.state in OPEN else was.state)
        assert replace(message, state=was.state, times=was.times, changed_at=was.changed_at) == was


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "today.backup"


@pytest.fixture
def whole(store: Store, database: Database, file: Path) -> Contents:
    """What a store held when `file` was written; the store goes on."""
    file.parent.mkdir()
    fill(store)
    held = contents(store)
    backup(database, file)
    return held


def test_a_backup_of_a_running_store_is_restored_whole(
    whole: Contents, store: Store, database: Database, file: Path, tmp_path: Path
) -> None:
    accept(store)
    store.close(timeout=PATIENCE)
    restore(file, database, tmp_path)
    assert len(whole[2]) == 601
    assert_restored(reopened(database), whole)


def test_counting_goes_on_where_the_backup_left_it(
    whole: Contents, store: Store, database: Database, file: Path, tmp_path: Path
) -> None:
    store.close(timeout=PATIENCE)
    restore(file, database, tmp_path)
    store = open_store(database)
    assert accept(store).position > max(message.position for message in whole[1])
    event = ask(store, AppendEvent(ONE, "call", {}, 100.0))
    assert event is not None
    told = len(contents(store)[2]) - len(whole[2]) - 1  # of messages that are to be looked up
    assert told == 1
    assert (event.position, event.sequence) == (whole[2][-1].position + told + 1, whole[2][-1].sequence + told + 1)
    store.close(timeout=PATIENCE)


def test_a_backup_of_either_is_restored_to_sqlite(whole: Contents, file: Path, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path}/elsewhere/store.db")
    restore(file, other, tmp_path / "elsewhere")
    assert_restored(reopened(other), whole)


def test_a_backup_of_either_is_restored_to_postgresql(
    whole: Contents, file: Path, tmp_path: Path, postgresql: PostgreSQL
) -> None:
    other = Database(postgresql.new_schema())
    restore(file, other, tmp_path)
    assert_restored(reopened(other), whole)


def test_a_backup_is_for_its_owner_only_and_replaces_the_one_before(
    whole: Contents, store: Store, database: Database, file: Path
) -> None:
    first = file.stat().st_ino
    accept(store)
    backup(database, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_ino != first
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_writing_goes_on_during_backups(store: Store, database: Database, tmp_path: Path) -> None:
    fill(store)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            accept(store)

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(5):
        backup(database, tmp_path / f"{number}.backup")
    stop.set()
    writer.join()
    sizes = []
    for number in range(5):
        with sqlite3.connect(tmp_path / f"{number}.backup") as connection:
            sizes.append(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])
        connection.close()
    assert sizes == sorted(sizes)


def test_nothing_is_restored_under_a_running_service(sqlite: Database, file: Path, tmp_path: Path) -> None:
    with claim(tmp_path), pytest.raises(DataDirInUse):
        restore(file, sqlite, tmp_path)


def test_an_older_backup_is_upgraded(sqlite: Database, tmp_path: Path) -> None:
    old = Database(f"sqlite:///{tmp_path}/old.backup", journal_mode="DELETE")
    with old.writing().begin() as connection:
        migrate(connection, "0001")
        connection.exec_driver_sql("INSERT INTO sessions VALUES (1, true, true, NULL, 0, 6.0)")
    restore(tmp_path / "old.backup", sqlite, tmp_path)
    assert [session.client_id for session in reopened(sqlite)[0]] == [ONE]


@pytest.mark.parametrize("damage", ["missing", "text", "empty", "cut", "other", "newer"])
def test_what_is_no_whole_backup_is_refused_and_changes_nothing(tmp_path: Path, sqlite: Database, damage: str) -> None:
    store = open_store(sqlite)
    fill(store)
    held, file = contents(store), tmp_path / "a.backup"
    backup(sqlite, file)
    store.close(timeout=PATIENCE)
    spoil(file, damage)
    with pytest.raises(StoreTooNew if damage == "newer" else BadBackup):
        restore(file, sqlite, tmp_path)
    assert reopened(sqlite) == held


def spoil(file: Path, damage: str) -> None:
    match damage:
        case "missing":
            file.unlink()
        case "text":
            file.write_text("to do: buy milk\n" * 1000)
        case "empty":
            file.write_bytes(b"")
        case "cut":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        case "other":
            file.unlink()
            execute(file, "CREATE TABLE milk (litres)")
        case "newer":
            execute(file, "UPDATE alembic_version SET version_num = '9999'")


def execute(file: Path, sql: str) -> None:
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(sql)
    connection.close()


def test_a_damaged_database_is_replaced_by_a_backup(sqlite: Database, tmp_path: Path) -> None:
    store = open_store(sqlite)
    fill(store)
    held, file = contents(store), tmp_path / "a.backup"
    backup(sqlite, file)
    store.close(timeout=PATIENCE)
    assert sqlite.path is not None
    sqlite.path.write_bytes(b"\xff" * 10_000)
    sqlite.path.with_name(sqlite.path.name + "-wal").write_bytes(b"\xee" * 10_000)
    restore(file, sqlite, tmp_path)
    assert_restored(reopened(sqlite), held)


def test_there_is_no_backup_of_nothing(sqlite: Database, tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match="no database"):
        backup(sqlite, tmp_path / "a.backup")
    assert not list(tmp_path.iterdir())


def test_a_schema_that_was_not_upgraded_is_not_dumped_from_postgresql(postgresql: PostgreSQL, tmp_path: Path) -> None:
    old = Database(postgresql.new_schema())
    with old.writing().begin() as connection:
        migrate(connection, "0001")
    with pytest.raises(BadBackup, match="0001"):
        backup(old, tmp_path / "a.backup")
