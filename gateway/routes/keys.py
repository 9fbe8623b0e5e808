"""API keys: listed, created, revoked. For admins of all clients."""

from __future__ import annotations

from starlette.responses import Response

from actors.clients.types import ClientId
from gateway.calls import ApiRequest
from gateway.http import reply
from gateway.schemas.keys import KeyCreated, KeyEntry, KeyRequest, KeyRevoked
from gateway.schemas.shape import iso
from gateway.security.auth import Scope
from gateway.security.keys import FIRST_ID, Keyring


async def keys(request: ApiRequest[None, None]) -> Response:
    """List the valid keys, oldest first; never their secrets."""
    keyring = request.gateway.keyring
    return reply([*_of_the_setting(keyring), *map(KeyEntry.of, keyring.valid())])


async def create(request: ApiRequest[KeyRequest, None]) -> Response:
    """Create a key.

    The answer is the only one that shows it.
    """
    wanted = request.body
    clients = None if wanted.clients is None else map(ClientId, wanted.clients)
    key, text = await request.gateway.keyring.create(wanted.name, wanted.scopes, clients, once=True)
    return reply(KeyCreated.of(key, key=text), 201)


async def revoke(request: ApiRequest[None, None]) -> Response:
    """Revoke a key.

    The answer names what goes on: webhooks that the key made or changed last, and messages that are not sent yet.
    """
    id = request.path("id")
    return reply(KeyRevoked.of(id, await request.gateway.keyring.revoke(id)))


def _of_the_setting(keyring: Keyring) -> list[KeyEntry]:
    if not keyring.has_first:
        return []
    used = iso(keyring.first_used_at())
    return [KeyEntry(id=FIRST_ID, name=FIRST_ID, scopes=[*Scope], clients=None, created_at=None, last_used_at=used)]
