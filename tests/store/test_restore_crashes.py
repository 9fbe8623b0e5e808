"""The process ends at every step of a restore: what is there is what was there, or what was restored, and whole."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from actors.store import backup as module
from actors.store.backup import backup, forget_copies, restore
from actors.store.database import Database
from actors.store.message_states import MessageState
from actors.store.outbox import ListMessages
from actors.store.store import open_store
from tests.store.asking import ONE, PATIENCE, accept, ask

FORK = multiprocessing.get_context("fork")
KILLED = 9
OLD, NEW = ["queued", "queued"], ["sending"]


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), KILLED)
    raise AssertionError("killed")


def before(name: str) -> Callable[[], None]:
    """Die instead of this function of the module."""
    return lambda: setattr(module, name, die)


def after(name: str) -> Callable[[], None]:
    """Die at the end of this function of the module."""

    def patch() -> None:
        whole = getattr(module, name)

        def and_die(*arguments: Any) -> None:
            whole(*arguments)
            die()

        setattr(module, name, and_die)

    return patch


def after_the_rename() -> None:
    whole = Path.replace

    def rename_and_die(self: Path, target: Path) -> None:
        whole(self, target)
        die()

    setattr(Path, "replace", rename_and_die)  # noqa: B010 - in the child only; mypy would not have it


ANYWHERE = {
    "the copy is made": (after("_copy_file"), OLD),
    "the copy is upgraded": (after("_upgraded"), OLD),
    "the copy is ready": (before("put_in_place"), OLD),
    "the copy goes on from the present": (after("succeed"), OLD),
}
SQLITE = {
    "the old log is settled": (after("_lock_out"), OLD),
    "the copy is about to be put": (before("_put"), OLD),
    "the rename is done": (after_the_rename, NEW),
    "all is done": (after("_put"), NEW),
}
POSTGRESQL = {
    "rows are about to be deleted": (before("_copy_rows"), OLD),
    "rows are copied": (after("_copy_rows"), OLD),
    "numbers go on": (after("count_on"), OLD),
    "it is committed": (after("_load"), NEW),
}


def live(prepare: Callable[[], None], file: Path, database: Database, data_dir: Path) -> None:
    """The child."""
    prepare()
    restore(file, database, data_dir)


def held(database: Database) -> list[str]:
    store = open_store(database)
    try:
        return [str(message.state) for message in ask(store, ListMessages(ONE))]
    finally:
        store.close(timeout=PATIENCE)


@pytest.mark.parametrize("step", [*ANYWHERE, *SQLITE, *POSTGRESQL])
def test_a_kill_at_any_step_leaves_the_one_or_the_other_whole(database: Database, tmp_path: Path, step: str) -> None:
    steps = ANYWHERE | (SQLITE if database.path is not None else POSTGRESQL)
    if step not in steps:
        return  # a step of the other kind of database
    prepare, expected = steps[step]
    store, file = open_store(database), tmp_path / "a.backup"
    accept(store)
    backup(database, file)
    accept(store)
    store.close(timeout=PATIENCE)
    child = FORK.Process(target=live, args=(prepare, file, database, tmp_path))
    child.start()
    child.join(PATIENCE)
    assert child.exitcode == -KILLED
    child.close()
    forget_copies(database, tmp_path)
    assert not list(tmp_path.rglob("*.restoring*"))
    assert held(database) == expected
    restore(file, database, tmp_path)
    assert held(database) == [MessageState.SENDING]
