"""The process ends at every step of a restore: what is there is what was there, or what was restored, and whole."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.store import backup
from actors.store.database import Database
from actors.store.message_states import MessageState
from actors.store.outbox import ListMessages
from actors.store.store import open_store
from tests.store.asking import ONE, PATIENCE, accept, ask
from tests.store.restore_steps import ANYWHERE, KILLED, POSTGRESQL, SQLITE, Step, before

FORK = multiprocessing.get_context("fork")
STEPS = {"the copy is ready": Step(before(backup, "put_in_place"), restored=False), **ANYWHERE}


def live(prepare: Callable[[], None], file: Path, database: Database, data_dir: Path) -> None:
    """The child."""
    prepare()
    backup.restore(file, database, data_dir)


def held(database: Database) -> list[str]:
    store = open_store(database)
    try:
        return [str(message.state) for message in ask(store, ListMessages(ONE))]
    finally:
        store.close(timeout=PATIENCE)


@pytest.mark.parametrize("step", [*STEPS, *SQLITE, *POSTGRESQL])
def test_a_kill_at_any_step_leaves_the_one_or_the_other_whole(database: Database, tmp_path: Path, step: str) -> None:
    steps = STEPS | (SQLITE if database.path is not None else POSTGRESQL)
    if step not in steps:
        return  # a step of the other kind of database
    store, file = open_store(database), tmp_path / "a.backup"
    accept(store)
    backup.backup(database, file)
    accept(store)
    store.close(timeout=PATIENCE)
    child = FORK.Process(target=live, args=(steps[step].prepare, file, database, tmp_path))
    child.start()
    child.join(PATIENCE)
    assert child.exitcode == KILLED
    child.close()
    backup.forget_copies(database, tmp_path)
    assert not list(tmp_path.rglob("*.restoring*"))
    assert held(database) == (["sending"] if steps[step].restored else ["queued", "queued"])
    backup.restore(file, database, tmp_path)
    assert held(database) == [MessageState.SENDING]
