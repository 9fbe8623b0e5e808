"""Backups of the store: made while a service runs, restored while none runs. For commands, without the rest of the
system.

This module knows the paths; `actors.store.backup` makes a copy and puts it in place.
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
from actors.store.origin import origin_of
from actors.store.store import Store, open_store

STORE_SECONDS: Seconds = 5.0
"""Time limit for the store's answers while starting, and for its last commit."""


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Yield the store without the rest, for a command beside a service or before it. Blocks. Raises StartRefused."""
    with refused(settings):
        store = open_store(database_of(settings))
    try:
        yield store
    finally:
        store.close(timeout=STORE_SECONDS)


def back_up(settings: Settings, file: Path) -> None:
    """Write the whole store to one file, also while a service runs. Blocks. Raises StartRefused, OSError."""
    with refused_store():
        backup(database_of(settings), file)


def put_back(settings: Settings, file: Path) -> Restored | None:
    """Replace the whole store with a backup; return None, and do nothing, if a service runs.

    Blocks. Raises StartRefused, OSError: then nothing was changed.
    """
    with refused_store():
        try:
            origin = origin_of(settings.whatsapp_url)
            return restore(file, database_of(settings), settings.data_dir, origin)
        except DataDirInUse:
            return None


def forget_restores(settings: Settings) -> None:
    """Delete the files of interrupted restores. Call before the store is opened; raises OSError."""
    forget_copies(database_of(settings), settings.data_dir)
