"""Calls about sessions themselves: made, listed, started, stopped, logged out, paired, pictured."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from actors.clients.types import State
from actors.waha.statuses import SCAN_QR_CODE, STATUSES, STOPPED
from gateway.access_log import ABOUT
from gateway.security.auth import Forbidden
from gateway.waha.answers import NOTHING, Picture
from gateway.waha.calls import DEFAULT_SESSION, WahaRequest
from gateway.waha.errors import SessionUnknown, StatusUnexpected, Unprocessable
from gateway.waha.given import digits

_CODE = re.compile(r"([0-9A-Za-z]{4})-?([0-9A-Za-z]{4})")


async def listed(request: WahaRequest) -> Any:
    """List the sessions; the stopped ones too with `all`."""
    infos = await request.sessions.all(request.caller)
    return infos if request.given.flag("all") else [info for info in infos if info["status"] != STOPPED]


async def create(request: WahaRequest) -> Any:
    """Make a session, and start it unless `start` is false."""
    given = request.given
    client_id = await request.sessions.create(
        request.caller, given.optional_text("name"), given.object("config") or None
    )
    if given.flag("start", True):
        await request.sessions.start(client_id, request.http.scope)
    return await request.sessions.info(client_id)


async def one(request: WahaRequest) -> Any:
    """Return a session."""
    return await request.sessions.info(await _its(request))


async def update(request: WahaRequest) -> Any:
    """Replace a session's configuration; it starts again only if it has to."""
    client_id = await _its(request)
    anew = await request.sessions.update(request.caller, client_id, request.given.object("config"))
    if anew and await request.sessions.status(client_id) != STOPPED:
        await request.sessions.stop(client_id)
        await request.sessions.start(client_id, request.http.scope)
    return await request.sessions.info(client_id)


async def delete(request: WahaRequest) -> Any:
    """Log out, stop and forget a session; also one that never was."""
    await _delete(request, request.given.text("session"))
    return NOTHING


async def _delete(request: WahaRequest, name: str) -> None:
    try:
        client_id = await request.sessions.find(name)
    except SessionUnknown:  # there is none: it is as wanted
        return
    _check_sees(request, client_id)
    await request.sessions.delete(client_id)


async def me(request: WahaRequest) -> Any:
    """Return the account of a session, or null."""
    return (await request.sessions.info(await _its(request)))["me"]


async def start(request: WahaRequest) -> Any:
    """Start a session unless it runs."""
    client_id = await _its(request)
    await request.sessions.start(client_id, request.http.scope)
    return await request.sessions.info(client_id)


async def stop(request: WahaRequest) -> Any:
    """Stop a session; its login stays."""
    client_id = await _its(request)
    await request.sessions.stop(client_id)
    return await request.sessions.info(client_id)


async def restart(request: WahaRequest) -> Any:
    """Stop a session and start it."""
    client_id = await _its(request)
    await request.sessions.stop(client_id)
    await request.sessions.start(client_id, request.http.scope)
    return await request.sessions.info(client_id)


async def log_out(request: WahaRequest) -> Any:
    """Log a session out at WhatsApp; its configuration stays."""
    client_id = await _its(request)
    await request.sessions.log_out(client_id, request.http.scope)
    return await request.sessions.info(client_id)


async def start_old(request: WahaRequest) -> Any:
    """Make or change a session and start it. Deprecated by WAHA."""
    name, config = request.given.optional_text("name") or DEFAULT_SESSION, request.given.object("config") or None
    try:
        client_id = await request.sessions.find(name)
    except SessionUnknown:
        client_id = await request.sessions.create(request.caller, name, config)
    else:
        _check_sees(request, client_id)
        if STATUSES[(await request.gateway.bridge.status(client_id)).state] not in (STOPPED, "FAILED"):
            raise Unprocessable(f"Session '{name}' is already started.")
        if config is not None:
            await request.sessions.update(request.caller, client_id, config)
    await request.sessions.start(client_id, request.http.scope)
    return await request.sessions.info(client_id)


async def stop_old(request: WahaRequest) -> Any:
    """Stop a session, or with `logout` forget it. Deprecated by WAHA."""
    name = request.given.optional_text("name") or DEFAULT_SESSION
    if request.given.flag("logout"):
        await _delete(request, name)
        return NOTHING
    client_id = await request.sessions.get(name)
    _check_sees(request, client_id)
    await request.sessions.stop(client_id)
    return NOTHING


async def log_out_old(request: WahaRequest) -> Any:
    """Forget a session. Deprecated by WAHA."""
    await _delete(request, request.given.optional_text("name") or DEFAULT_SESSION)
    return NOTHING


async def qr(request: WahaRequest) -> Any:
    """Return the QR that is shown now, as a picture or (`format=raw`) as its text."""
    raw = request.given.choice("format", "image", {"image": False, "raw": True})
    status = await request.gateway.bridge.status(request.client_id)
    if status.state is not State.QR_REQUIRED or status.qr is None:
        told = await request.sessions.status(request.client_id)
        raise StatusUnexpected(request.session, told, [SCAN_QR_CODE])
    code = status.qr.code
    if raw:
        return {"value": code, "qr": code}
    drawn = await request.gateway.images.data_url(code)
    if drawn is None:
        raise Unprocessable("The code that WhatsApp Web shows cannot be drawn as a QR")
    return Picture(b64decode(drawn.partition(",")[2]))


async def request_code(request: WahaRequest) -> Any:
    """Return a code to type on the phone instead of scanning a QR."""
    phone = digits(request.given.text("phoneNumber"), "phoneNumber")
    shown = await request.gateway.bridge.pairing_code(request.client_id, phone)
    match = _CODE.fullmatch(shown.code)
    return {"code": "-".join(match.groups()) if match else shown.code}


async def screenshot(request: WahaRequest) -> Any:
    """Return a picture of the session's page."""
    return Picture(await request.gateway.bridge.screenshot(request.client_id))


async def _its(request: WahaRequest) -> Any:
    """Return the client of the session in the path. Raises NotFound, Forbidden."""
    client_id = request.http.scope[ABOUT] = await request.sessions.get(request.given.text("session"))
    _check_sees(request, client_id)
    return client_id


def _check_sees(request: WahaRequest, client_id: Any) -> None:
    if not request.caller.sees(client_id):
        raise Forbidden("The key is for other clients only")
