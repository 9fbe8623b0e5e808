"""The dashboard: a page of plain files that asks the same API as everyone else, and the sign-in it needs for that."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway import bodies
from gateway.admission.authority import Forbidden, Unauthorized, caller_of
from gateway.admission.browser_sessions import cookie, is_ours, is_secure
from gateway.errors import InvalidRequest
from gateway.replies import reply
from gateway.schemas.service import SessionAnswer

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway.calls import Gateway

DIRECTORY = Path(__file__).parents[1] / "dashboard"
PAGE = "index.html"
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the page, in memory."""

    kind: str
    content: bytes
    tag: str


def _read(path: Path) -> File:
    content = path.read_bytes()
    return File(_KINDS[path.suffix], content, f'"{sha256(content).hexdigest()[:32]}"')


FILES = {path.name: _read(path) for path in sorted(DIRECTORY.iterdir()) if path.suffix in _KINDS}
"""All there is: no path of a request ever reaches the file system."""


async def page(gateway: Gateway, request: Request) -> Response:
    """The page itself. It says nothing about anybody until its scripts ask."""
    return _file(request, PAGE)


async def file(gateway: Gateway, request: Request) -> Response:
    """What the page loads."""
    return _file(request, request.path_params["file"])


def _file(request: Request, name: str) -> Response:
    found = FILES.get(name)
    if found is None:
        raise HTTPException(404)
    # Kept by browsers, and asked about every time: after an upgrade nobody runs half of the old page.
    headers = {"ETag": found.tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == found.tag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.kind, headers=headers)


async def session(gateway: Gateway, request: Request) -> Response:
    """Who is signed in, and the token that changes need."""
    return _session(gateway, request)


async def sign_in(gateway: Gateway, request: Request) -> Response:
    """Open a session for the key in the form's field `key`. Nobody is signed in by a page of another origin."""
    if not is_ours(request.scope):
        raise Forbidden("Only a page of this service's own origin signs in")
    opened = gateway.browser_sessions.open(await _key(gateway, request))
    if opened is None:
        gateway.rates.count_wrong_key(request.scope)
        raise Unauthorized
    id, session = opened
    answer = SessionAnswer.of(session.caller, key_needed=True, csrf=session.token)
    return reply(answer, headers={"Set-Cookie": cookie(id, secure=is_secure(request.scope))})


async def sign_out(gateway: Gateway, request: Request) -> Response:
    """End the session."""
    gateway.browser_sessions.close(request.scope)
    answer = SessionAnswer.of(None, key_needed=gateway.keyring.needed, csrf=None)
    return reply(answer, headers={"Set-Cookie": cookie("", secure=is_secure(request.scope))})


def _session(gateway: Gateway, request: Request) -> Response:
    caller, found = caller_of(request.scope), gateway.browser_sessions.find(request.scope)
    token = found.token if found is not None else None
    return reply(SessionAnswer.of(caller, key_needed=gateway.keyring.needed, csrf=token))


async def _key(gateway: Gateway, request: Request) -> str:
    body = await bodies.read(request, gateway.settings.body_timeout)
    try:
        keys = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=5).get("key", [])
    except ValueError:
        keys = []
    if len(keys) != 1:
        raise InvalidRequest("The body is not a form with one field `key`")
    return keys[0]
