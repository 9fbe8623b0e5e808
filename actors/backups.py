"""Copies of the store: made while a service runs, put back with one or without. What a command needs, without the rest.

Rule of this file: it knows where things are; `actors.store.backup` knows how a copy is made and takes its place.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from actors.clients.types import Seconds
from actors.refusals import database_of, refused, refused_store
from actors.store.backup import as_database, backup, forget_copies, prepared, put_in_place, restore
from actors.store.database import Database
from actors.store.errors import DataDirInUse
from actors.store.keys import ApiKey, read_keys
from actors.store.store import Store, open_store
from actors.store.succession import Restored
from config.settings import Settings

STORE_SECONDS: Seconds = 5.0
"""How long the store may take for what is asked of it while starting, and for its last commit."""


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The store without the rest, for a command beside a service or before it. Blocks. Raises StartRefused."""
    with refused(settings):
        store = open_store(database_of(settings))
    try:
        yield store
    finally:
        store.close(timeout=STORE_SECONDS)


def back_up(settings: Settings, file: Path) -> None:
    """Write all that the store holds to one file, also while a service runs. Blocks. Raises StartRefused, OSError."""
    with refused_store():
        backup(database_of(settings), file)


def put_back(settings: Settings, file: Path) -> Restored | None:
    """Put a backup in the place of all that the store holds; None, and nothing is done, where a service runs.

    Blocks. Raises StartRefused, OSError: then nothing was changed.
    """
    with refused_store():
        try:
            return restore(file, database_of(settings), settings.data_dir)
        except DataDirInUse:
            return None


@contextmanager
def prepared_restore(settings: Settings, file: Path) -> Iterator[PreparedRestore]:
    """A backup made ready to take the place of all that the store holds, beside a running service or without one.

    Blocks. Raises StartRefused.
    """
    database = database_of(settings)
    with refused(settings), prepared(file, database, settings.data_dir) as copy:
        yield PreparedRestore(settings, database, copy)


@dataclass(frozen=True, slots=True)
class PreparedRestore:
    """A checked copy of a backup, in the schema of this version. Both block, and raise StartRefused."""

    settings: Settings
    database: Database
    copy: Path

    def keys(self) -> tuple[ApiKey, ...]:
        """The API keys there will be."""
        with refused(self.settings):
            return read_keys(as_database(self.copy))

    def put_in_place(self) -> Restored:
        """Do it, while the system is paused. Where it raises, nothing was changed."""
        with refused(self.settings):
            return put_in_place(self.copy, self.database)


def handed_over(settings: Settings) -> Path:
    """Where who may write to the data directory puts a backup for the service to restore; emptied at each start."""
    return settings.data_dir / "restore"


def forget_restores(settings: Settings) -> None:
    """Delete what restores that were cut off have left. Before the store is opened; raises OSError."""
    forget_copies(database_of(settings), settings.data_dir)
    if handed_over(settings).exists():
        shutil.rmtree(handed_over(settings))
