"""One process owns a data directory."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from actors.store import database as module
from actors.store.database import Database
from actors.store.errors import DataDirInUse, StoreUnavailable
from actors.store.events import AppendEvent
from actors.store.ownership import OWNER_FILE, claim
from actors.store.store import open_store
from tests.rig.processes import until
from tests.store.asking import ONE, PATIENCE, accept
from tests.store.postgresql import PostgreSQL

HOLD = """
import pathlib, sys
from actors.store.ownership import claim
claim(pathlib.Path(sys.argv[1]))
print("owned", flush=True)
sys.stdin.read()
"""


def test_the_owner_is_written_down_and_struck_out_again(tmp_path: Path) -> None:
    data_dir = tmp_path / "new" / "data"
    with claim(data_dir):
        assert (data_dir / OWNER_FILE).read_text() == f"{os.getpid()}\n"
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert (data_dir / OWNER_FILE).read_text() == ""
    claim(data_dir).release()


def test_a_second_claim_names_the_owner_even_within_one_process(tmp_path: Path) -> None:
    first = claim(tmp_path)
    with pytest.raises(DataDirInUse, match=f"process {os.getpid()}") as refused:
        claim(tmp_path)
    assert refused.value.pid == os.getpid()
    first.release()
    first.release()
    claim(tmp_path).release()


def test_another_process_owns_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"owned\n"
        with pytest.raises(DataDirInUse) as refused:
            claim(tmp_path)
        assert refused.value.pid == other.pid
        other.kill()
        other.wait(10)
    assert (tmp_path / OWNER_FILE).read_text() != ""
    claim(tmp_path).release()


def test_a_child_does_not_keep_what_its_parent_let_go(tmp_path: Path) -> None:
    owner = claim(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        owner.release()
        claim(tmp_path).release()
        assert child.stdin is not None
        child.stdin.close()


def test_what_stands_in_the_file_decides_nothing(tmp_path: Path) -> None:
    (tmp_path / OWNER_FILE).write_text("1\n")
    claim(tmp_path).release()
    (tmp_path / OWNER_FILE).write_bytes(b"\xff\xfenonsense")
    claim(tmp_path).release()


def test_an_owner_that_has_not_said_its_number_yet_is_another_process(tmp_path: Path) -> None:
    with claim(tmp_path):
        (tmp_path / OWNER_FILE).write_text("")
        with pytest.raises(DataDirInUse, match="another process"):
            claim(tmp_path)


def test_one_service_writes_to_a_server_whatever_directories_there_are(postgresql: PostgreSQL) -> None:
    database = Database(postgresql.new_schema())
    first = open_store(database, alone=True, retry_after=0.05)
    with pytest.raises(StoreUnavailable, match="Another service uses this database"):
        open_store(database, alone=True)
    beside = open_store(database)  # a command on the same host
    assert accept(beside)
    beside.close(timeout=PATIENCE)
    postgresql.end_connections()
    first.ask(AppendEvent(ONE, "call", {}, 1.0)).get(timeout=PATIENCE)
    with pytest.raises(StoreUnavailable, match="Another service"):
        open_store(database, alone=True)
    other = open_store(Database(postgresql.new_schema()), alone=True)
    other.close(timeout=PATIENCE)
    first.close(timeout=PATIENCE)
    open_store(database, alone=True).close(timeout=PATIENCE)


def test_a_service_whose_lock_another_has_taken_writes_no_more(postgresql: PostgreSQL) -> None:
    database = Database(postgresql.new_schema())
    first = open_store(database, alone=True, retry_after=3600.0)
    accept(first)
    postgresql.end_connections()
    second = open_store(database, alone=True)
    with pytest.raises(StoreUnavailable):
        accept(first)
    with pytest.raises(StoreUnavailable):
        accept(first)
    assert accept(second)
    first.close(timeout=PATIENCE)
    second.close(timeout=PATIENCE)


WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_a_service_whose_end_the_server_has_not_noticed_yet_keeps_nobody_out(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was stopped, or killed, may be started again at once."""
    monkeypatch.setattr(module, "LET_GO", PATIENCE)
    database = Database(postgresql.new_schema())
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(postgresql.address("postgres"), autocommit=True) as watching,
    ):
        with database.writing(alone=True).connect():
            opening = pool.submit(open_store, database, alone=True)
            until(lambda: watching.execute(WAITING).fetchone(), (1,).__eq__, "the next one waits", PATIENCE)
        opening.result(PATIENCE).close(timeout=PATIENCE)
