"""The address of the store from the settings, and the sentences for a store or a system that cannot start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from actors.browser.options import BrowserUnavailable
from actors.settings import Settings, SettingsRefused, StartRefused
from actors.store.database import Database
from actors.store.errors import BadAddress, OtherOrigin, StoreError, StoreUnavailable


def database_of(settings: Settings) -> Database:
    """Return the database: on a server, or a file in the data directory."""
    url = f"sqlite:///{settings.data_dir.absolute() / 'session-manager.db'}"
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    return Database(url, journal_mode=settings.sqlite_journal_mode, synchronous=settings.sqlite_synchronous)


@contextmanager
def refused_store() -> Iterator[None]:
    """Turn an error of the store, or of Chromium, into one sentence for the operator."""
    try:
        yield
    except (BadAddress, OtherOrigin) as error:  # the settings name the wrong store, or none
        raise SettingsRefused([f"{str(error).rstrip('.')}."]) from error
    except (BrowserUnavailable, StoreError, StoreUnavailable) as error:
        raise StartRefused(f"{str(error).rstrip('.')}.") from error


@contextmanager
def refused(settings: Settings) -> Iterator[None]:
    """Turn every error that keeps the system from starting into one sentence for the operator."""
    try:
        with refused_store():
            yield
    except OSError as error:
        place = f"The data directory {settings.data_dir} cannot be used"
        raise StartRefused(f"{place} ({error.strerror or error}): make it writable, or set SM_DATA_DIR.") from error
