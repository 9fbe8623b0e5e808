"""Copies of the store: made while a service runs, put back while none does. What a command needs, without the rest.

Rule of this file: it knows where things are; `actors.store.backup` knows how a copy is made and takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors.clients.types import Seconds
from actors.refusals import database_of, refused, refused_store
from actors.settings import Settings
from actors.store.backup import Restored, backup, forget_copies, restore
from actors.store.errors import DataDirInUse
from actors.store.store import Store, open_store

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


def forget_restores(settings: Settings) -> None:
    """Delete what restores that were cut off have left. Before the store is opened; raises OSError."""
    forget_copies(database_of(settings), settings.data_dir)
