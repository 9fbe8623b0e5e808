"""Keys from the command line, straight in the database: before the first start, or when every admin's key is lost.

A service that runs beside it takes notice within `keyring.REFRESH` seconds. Everything here blocks and belongs to one
thread; everything raises StartRefused where the database cannot be used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from actors.backups import opened_store
from actors.store.keys import AddKey, ApiKey, GetKeys, RevokeKey
from gateway.admission.authority import Scope
from gateway.admission.keys import FIRST_NOT_ADMIN, KeyRefused, draw, is_admin

if TYPE_CHECKING:
    from actors.clients.types import ClientId
    from actors.store.store import Store
    from config.settings import Settings

_SECONDS = 10.0


def listed(settings: Settings) -> list[ApiKey]:
    """The valid keys, oldest first."""
    with opened_store(settings) as store:
        return _valid(store)


def create(
    settings: Settings, name: str, scopes: Iterable[Scope], clients: Iterable[ClientId] | None = None
) -> tuple[ApiKey, str]:
    """Draw a key and keep it; its text is shown this once. `clients` None is for all. Raises KeyRefused."""
    key, text = draw(name, scopes, clients)
    with opened_store(settings) as store:
        if settings.api_key is None and not _valid(store) and not is_admin(key):
            raise KeyRefused(FIRST_NOT_ADMIN)
        store.ask(AddKey(key)).get(timeout=_SECONDS)
    return key, text


def revoke(settings: Settings, id: str) -> None:
    """End a key. Raises NoSuchKey."""
    with opened_store(settings) as store:
        store.ask(RevokeKey(id, time.time())).get(timeout=_SECONDS)


def _valid(store: Store) -> list[ApiKey]:
    return [key for key in store.ask(GetKeys()).get(timeout=_SECONDS) if key.revoked_at is None]
