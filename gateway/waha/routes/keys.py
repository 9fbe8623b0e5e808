"""Calls about API keys. Only their hashes are stored: a key is shown once, and masked in lists."""

from __future__ import annotations

from typing import Any

from actors.store.rows.keys import ApiKey, NoSuchKey
from actors.waha.envelope import session_name
from gateway.schemas.configs import MASK
from gateway.security.auth import Scope
from gateway.waha.calls import WahaRequest
from gateway.waha.errors import BadRequest, NotFound

ACTIONS = {
    "read": Scope.READ,
    "send": Scope.SEND,
    "control": Scope.CONTROL,
    "setting": Scope.ADMIN,
    "app": Scope.ADMIN,
    "delete": Scope.CONTROL,
}
"""WAHA's actions -> our scopes."""
_ALL = (Scope.READ, Scope.SEND, Scope.CONTROL)


async def listed(request: WahaRequest) -> Any:
    """List the keys, each masked."""
    return [_told(request, key) for key in request.gateway.keyring.valid()]


async def create(request: WahaRequest) -> Any:
    """Make a key: an admin's, or one for a session with some actions."""
    return await _made(request, _scopes(request))


async def create_for_media(request: WahaRequest) -> Any:
    """Make a key that may only read."""
    return await _made(request, [Scope.READ])


async def create_for_control(request: WahaRequest) -> Any:
    """Make a key that may start and stop."""
    return await _made(request, [Scope.READ, Scope.CONTROL])


async def delete(request: WahaRequest) -> Any:
    """Revoke a key."""
    try:
        await request.gateway.keyring.revoke(request.given.text("id"))
    except NoSuchKey:
        raise NotFound("Key not found") from None
    return {"result": True}


async def update(request: WahaRequest) -> Any:
    """Revoke a key where it is to be inactive; other changes need a new key, since keys do not change here."""
    if request.given.flag("isActive", True):
        raise BadRequest("A key does not change: create another one, then delete this one")
    return await delete(request)


def _scopes(request: WahaRequest) -> list[Scope]:
    if request.given.flag("isAdmin"):
        return [Scope.ADMIN]
    actions = request.given.object("actions")
    wanted = {ACTIONS[name] for name, allowed in actions.items() if allowed and name in ACTIONS}
    return [scope for scope in Scope if scope in wanted] or [*_ALL]


async def _made(request: WahaRequest, scopes: list[Scope]) -> Any:
    session = request.given.optional_text("session")
    if session is None and scopes != [Scope.ADMIN]:
        raise BadRequest("session should not be empty for a key that is not an admin's")
    clients = None if session is None else [await request.sessions.get(session)]
    key, text = await request.gateway.keyring.create(f"waha {session or 'admin'}", scopes, clients)
    return {**_told(request, key), "key": text}


def _told(request: WahaRequest, key: ApiKey) -> dict[str, Any]:
    clients, scopes = key.clients, key.scopes
    session = None
    if clients is not None and len(clients) == 1:
        (client_id,) = clients
        session = session_name(client_id, request.gateway.configs.find(client_id))
    return {
        "id": key.id,
        "key": f"sm_{key.id}_{MASK}",
        "isActive": key.revoked_at is None,
        "isAdmin": str(Scope.ADMIN) in scopes,
        "session": session,
        "actions": {action: str(scope) in scopes or str(Scope.ADMIN) in scopes for action, scope in ACTIONS.items()},
    }
