"""API keys: listed, created, revoked. For admins of all clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.clients.types import ClientId
from gateway.admission.authority import Scope
from gateway.admission.keys import FIRST_ID
from gateway.replies import reply
from gateway.schemas.keys import KeyCreated, KeyEntry, KeyRequest, KeyRevoked
from gateway.schemas.shape import iso

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gateway.calls import Gateway


async def keys(gateway: Gateway, _: Request) -> Response:
    """Every valid key, oldest first; never the keys themselves."""
    return reply([*_of_the_setting(gateway), *map(KeyEntry.of, gateway.keyring.valid())])


async def create(gateway: Gateway, request: Request) -> Response:
    """Draw a key, and show it this once."""
    wanted = await gateway.body(request, KeyRequest)
    clients = None if wanted.clients is None else map(ClientId, wanted.clients)
    key, text = await gateway.keyring.create(wanted.name, wanted.scopes, clients)
    return reply(KeyCreated.of(key, key=text), 201)


async def revoke(gateway: Gateway, request: Request) -> Response:
    """End a key, at once."""
    id = request.path_params["id"]
    await gateway.keyring.revoke(id)
    return reply(KeyRevoked(id=id))


def _of_the_setting(gateway: Gateway) -> list[KeyEntry]:
    if not gateway.keyring.has_first:
        return []
    used = iso(gateway.keyring.first_used_at())
    return [KeyEntry(id=FIRST_ID, name=FIRST_ID, scopes=[*Scope], clients=None, created_at=None, last_used_at=used)]
