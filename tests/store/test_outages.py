"""What a database does that cannot be used: a clear error, nothing acknowledged that is not there, and recovery."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from pykka import Timeout
from sqlalchemy import Engine, event

from actors.clients.operations.messages import SendText
from actors.runtime.testing import ManualClock
from actors.store import errors
from actors.store.database import Database
from actors.store.errors import ServerAway, StoreUnavailable
from actors.store.events import AppendEvent
from actors.store.outbox import AcceptMessage, CountQueued
from actors.store.store import Store, open_store
from tests.store.asking import ANA, ONE, PATIENCE, accept, ask, events_after
from tests.store.locking import locked
from tests.store.postgresql import PostgreSQL

RETRY = 0.05
BIG = "x" * 20_000


@dataclass(frozen=True, slots=True)
class Small(Database):
    """A SQLite database that may have so many pages: as on a disk that is full, every statement says so."""

    pages: int = 0

    def writing(self, *, alone: bool = False) -> Engine:
        engine = Database.writing(self, alone=alone)
        event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count = {self.pages}"))
        return engine


@contextmanager
def opened(database: Database) -> Iterator[Store]:
    store = open_store(database, retry_after=RETRY)
    try:
        yield store
    finally:
        store.close(timeout=PATIENCE)


def fill_up(store: Store) -> tuple[int, StoreUnavailable]:
    """Have messages accepted until one is refused: how many were, and the refusal."""
    for number in range(10_000):
        try:
            accept(store, text=BIG)
        except StoreUnavailable as why:
            return number, why
    raise AssertionError("it is never full")


def fact(number: int = 1) -> AppendEvent:
    return AppendEvent(ONE, "call", {"number": number}, 100.0)


# --- disk full -------------------------------------------------------------------------------------------------------


def test_a_full_disk_refuses_callers_says_why_and_keeps_what_was_accepted(sqlite: Database, tmp_path: Path) -> None:
    with opened(Small(sqlite.url, patience=0.2, pages=120)) as store:
        accepted, why = fill_up(store)
        assert "disk of the database is full" in str(why)
        assert why.retry_after_seconds > 0
        assert ask(store, CountQueued()) == accepted
    with opened(sqlite) as store:
        assert ask(store, CountQueued()) == accepted


def test_facts_wait_for_room_and_are_written_in_order(sqlite: Database) -> None:
    store = open_store(Small(sqlite.url, patience=0.2, pages=120), retry_after=RETRY)
    fill_up(store)
    facts = [store.ask(AppendEvent(ONE, "call", {"number": n, "text": BIG}, 100.0)) for n in range(3)]
    with pytest.raises(Timeout):
        facts[0].get(timeout=3 * RETRY)
    with sqlite3.connect(str(sqlite.path)) as connection:
        connection.execute("DELETE FROM outbox")
    connection.close()
    events = [reply.get(timeout=PATIENCE) for reply in facts]
    assert [found.sequence for found in events if found is not None] == [1, 2, 3]
    assert accept(store)
    store.close(timeout=PATIENCE)


def test_an_outage_is_logged_once_however_often_it_is_tried_again_and_so_is_its_end(
    sqlite: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = ManualClock()
    store = open_store(Small(sqlite.url, patience=0.2, pages=120), retry_after=1.0, clock=clock)
    fill_up(store)
    clock.advance(5.0)
    with pytest.raises(StoreUnavailable):
        accept(store, text=BIG)
    for number in range(3):
        store.tell(AppendEvent(ONE, "call", {"number": number, "text": BIG}, 100.0))
    clock.advance(20.0)
    with sqlite3.connect(str(sqlite.path)) as connection:
        connection.execute("DELETE FROM outbox")
    connection.close()
    clock.advance(20.0)
    store.close(timeout=PATIENCE)
    said = [line for line in capsys.readouterr().out.splitlines() if "actor=store-writer" in line]
    assert [line.split()[2] for line in said if " store." in line] == ["store.unavailable", "store.available"], said


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB. Only root may mount one."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, timeout=10).returncode != 0:
        pytest.skip("no file system can be mounted here: a truly full disk is not tested")
    yield directory
    subprocess.run(["umount", str(directory)], check=True, timeout=10)


def test_a_file_system_without_room_is_survived_and_used_again_when_there_is_some(tiny_disk: Path) -> None:
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"\0" * 300_000)
    with opened(Database(f"sqlite:///{tiny_disk}/store.db", patience=0.2)) as store:
        accepted, why = fill_up(store)
        assert "disk" in str(why)
        waiting = store.ask(AppendEvent(ONE, "call", {"text": BIG}, 100.0))
        ballast.unlink()
        assert waiting.get(timeout=PATIENCE)
        assert accept(store)
        assert ask(store, CountQueued()) == accepted + 1


def test_a_limit_on_the_size_of_files_is_a_clear_error_too(sqlite: Database) -> None:
    with opened(sqlite) as store:
        accept(store)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        try:
            accepted, why = fill_up(store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "disk" in str(why)
        waiting = store.ask(fact())
        assert waiting.get(timeout=PATIENCE)
        assert accept(store)
        assert ask(store, CountQueued()) == accepted + 2


# --- locked ----------------------------------------------------------------------------------------------------------


def test_another_processs_lock_refuses_callers_holds_facts_and_stops_no_reader(sqlite: Database) -> None:
    with opened(sqlite) as store:
        accept(store)
        with locked(sqlite.path):
            with pytest.raises(StoreUnavailable, match="locked by another process"):
                accept(store)
            waiting = store.ask(fact())
            with pytest.raises(StoreUnavailable):
                accept(store)
            assert ask(store, CountQueued()) == 1
        assert waiting.get(timeout=PATIENCE)
        assert accept(store)


def test_a_locked_database_is_not_opened(sqlite: Database) -> None:
    open_store(sqlite).close(timeout=PATIENCE)
    with locked(sqlite.path), pytest.raises(StoreUnavailable, match="locked"):
        open_store(sqlite)


# --- damaged ---------------------------------------------------------------------------------------------------------


def test_a_damaged_file_is_not_opened(sqlite: Database) -> None:
    open_store(sqlite).close(timeout=PATIENCE)
    assert sqlite.path is not None
    sqlite.path.write_bytes(b"\xff" * 50_000)
    with pytest.raises(StoreUnavailable, match="restore a backup"):
        open_store(sqlite)


def overwrite(path: Path, content: bytes) -> None:
    """In place: a file that is cut short first is for a moment a whole database, with nothing in it."""
    with path.open("r+b") as file:
        file.write(content)


def test_damage_under_a_running_store_is_told_and_ends_when_the_file_is_whole_again(sqlite: Database) -> None:
    plain = Database(sqlite.url, journal_mode="DELETE", patience=0.2)
    with opened(plain) as store:
        for _ in range(50):
            accept(store, text=BIG)
        assert plain.path is not None
        whole = plain.path.read_bytes()
        overwrite(plain.path, b"\xff" * len(whole))
        for question in (AcceptMessage(ONE, SendText(ANA, BIG), "3EB0A", 1.0), CountQueued()):
            with pytest.raises(StoreUnavailable, match="restore a backup"):
                ask(store, question)
        waiting = store.ask(fact())
        overwrite(plain.path, whole)
        assert waiting.get(timeout=PATIENCE)
        assert accept(store)


# --- the server ------------------------------------------------------------------------------------------------------


def test_connections_that_break_are_made_again(postgresql: PostgreSQL) -> None:
    with opened(Database(postgresql.new_schema())) as store:
        accept(store)
        ask(store, CountQueued())
        postgresql.end_connections()
        assert ask(store, CountQueued()) == 1
        waiting = store.ask(fact())
        assert waiting.get(timeout=PATIENCE)
        assert accept(store)


def test_callers_are_refused_while_the_server_turns_them_away(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    name = url.partition("@/")[2].partition("?")[0]
    with opened(Database(url)) as store, psycopg.connect(postgresql.address("postgres"), autocommit=True) as admin:
        accept(store)
        admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name)))
        postgresql.end_connections()
        with pytest.raises(StoreUnavailable):
            accept(store)
        waiting = store.ask(fact())
        with psycopg.connect(postgresql.address("postgres"), autocommit=True) as again:
            again.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(name)))
        assert waiting.get(timeout=PATIENCE)
        assert accept(store)


def test_a_server_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="PostgreSQL does not answer"):
        open_store(Database(f"postgresql://nobody@/nothing?host={tmp_path}"))


# --- the rules -------------------------------------------------------------------------------------------------------


def test_facts_beyond_the_limit_are_refused_rather_than_hoarded(sqlite: Database) -> None:
    store = open_store(sqlite, retry_after=60.0, hold_limit=2)
    with locked(sqlite.path):
        replies = [store.ask(fact(number)) for number in range(3)]
        with pytest.raises(StoreUnavailable):
            replies[2].get(timeout=PATIENCE)
        assert not replies[0].is_answered()
    store.close(timeout=PATIENCE)
    assert all(reply.get(timeout=0) for reply in replies[:2])


def test_facts_are_not_lost_by_a_stop_that_finds_the_database_usable_again(sqlite: Database) -> None:
    store = open_store(sqlite, retry_after=60.0)
    with locked(sqlite.path):
        with pytest.raises(StoreUnavailable):
            accept(store)
        store.tell(fact())
    store.close(timeout=PATIENCE)
    with opened(sqlite) as store:
        assert len(events_after(store)) == 1


def test_every_fault_has_a_sentence_that_says_what_to_do_or_what_is_wrong() -> None:
    for sentence in (*errors.SQLITE_FAULTS.values(), *errors.POSTGRESQL_FAULTS.values()):
        assert sentence[0].isupper()
        assert not sentence.endswith(".")


def test_an_error_of_a_statement_is_not_the_databases_fault() -> None:
    error = sqlite3.IntegrityError("UNIQUE constraint failed")
    error.sqlite_errorcode = sqlite3.SQLITE_CONSTRAINT_UNIQUE
    assert errors.as_unavailable(error) is None
    assert errors.as_unavailable(psycopg.errors.UniqueViolation()) is None
    assert errors.as_unavailable(ValueError()) is None


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ("connection to server failed: Connection refused", True),
        ("connection timeout expired", True),
        ("server closed the connection unexpectedly", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  the database system is in recovery mode", True),
        ("FATAL:  sorry, too many clients already", True),
        ("FATAL:  remaining connection slots are reserved for non-replication superuser connections", True),
        ('FATAL:  database "nothing" does not exist', False),
        ('FATAL:  password authentication failed for user "somebody"', False),
    ],
)
def test_a_server_that_is_away_is_told_from_one_that_says_no(said: str, *, passes: bool) -> None:
    assert isinstance(errors.as_unavailable(psycopg.OperationalError(said)), ServerAway) is passes
