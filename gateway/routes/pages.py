"""Pages for people: the dashboard, its sign-in, and the pages of the OpenAPI document.

Only the names listed here reach the file system. Starlette's StaticFiles is not used: it reads files in AnyIO's worker
threads, which remain after the answer (anyio 4.16).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.calls import ApiRequest
from gateway.http import InvalidRequest, read, reply
from gateway.schemas.service import SessionAnswer
from gateway.security.auth import Forbidden, Unauthorized, caller_of
from gateway.security.sessions import cookie, is_ours, is_secure

DASHBOARD = Path(__file__).parents[1] / "dashboard"
DOCS = Path(__file__).parents[1] / "docs"
SWAGGER_UI = DOCS / "node_modules" / "swagger-ui-dist"
PAGE = "index.html"
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
FILES = {path.name: path for path in sorted(DASHBOARD.iterdir()) if path.suffix in _KINDS}
"""The files of the dashboard, by name."""
DOCS_FILES = {
    **{name: DOCS / name for name in (PAGE, "page.css", "start.js")},
    **{name: SWAGGER_UI / name for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")},
}


async def dashboard(request: ApiRequest[None, None]) -> Response:
    """Return the dashboard.

    It shows nothing of anybody until its scripts ask.
    """
    return _file(request, FILES, PAGE)


async def dashboard_file(request: ApiRequest[None, None]) -> Response:
    """Return a file that the dashboard loads."""
    return _file(request, FILES, request.path("file"))


async def docs(request: ApiRequest[None, None]) -> Response:
    """Return this document as pages."""
    return _file(request, DOCS_FILES, PAGE)


async def docs_file(request: ApiRequest[None, None]) -> Response:
    """Return a file that the pages load."""
    return _file(request, DOCS_FILES, request.path("file"))


def _file(request: ApiRequest[None, None], files: Mapping[str, Path], name: str) -> Response:
    if name not in files:
        raise HTTPException(404)
    try:
        content, tag = _read(files[name])
    except FileNotFoundError:
        raise HTTPException(404, "Swagger UI is not installed: run `make setup`, which installs it") from None
    # Browsers keep it, and check it every time: after an upgrade nobody runs half of the old page.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.http.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_KINDS[files[name].suffix], headers=headers)


@cache
def _read(path: Path) -> tuple[bytes, str]:
    """Return a file's content, which is kept in memory, and its ETag."""
    content = path.read_bytes()
    return content, f'"{sha256(content).hexdigest()[:32]}"'


async def session(request: ApiRequest[None, None]) -> Response:
    """Return who is signed in, and the token that changes need."""
    gateway, found = request.gateway, request.gateway.browser_sessions.find(request.http.scope)
    token = found.token if found is not None else None
    return reply(SessionAnswer.of(caller_of(request.http.scope), key_needed=gateway.keyring.needed, csrf=token))


async def sign_in(request: ApiRequest[None, None]) -> Response:
    """Sign in with the key in the form's field `key`.

    Nobody is signed in by a page of another origin.
    """
    gateway, scope = request.gateway, request.http.scope
    if not is_ours(scope):
        raise Forbidden("Only a page of this service's own origin signs in")
    opened = gateway.browser_sessions.open(await _key(request))
    if opened is None:
        gateway.rates.count_wrong_key(scope)
        raise Unauthorized
    id, session = opened
    answer = SessionAnswer.of(session.caller, key_needed=True, csrf=session.token)
    return reply(answer, headers={"Set-Cookie": cookie(id, secure=is_secure(scope))})


async def sign_out(request: ApiRequest[None, None]) -> Response:
    """End the session."""
    gateway, scope = request.gateway, request.http.scope
    gateway.browser_sessions.close(scope)
    answer = SessionAnswer.of(None, key_needed=gateway.keyring.needed, csrf=None)
    return reply(answer, headers={"Set-Cookie": cookie("", secure=is_secure(scope))})


async def _key(request: ApiRequest[None, None]) -> str:
    body = await read(request.http, request.gateway.settings.body_timeout)
    try:
        keys = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=5).get("key", [])
    except ValueError:
        keys = []
    if len(keys) != 1:
        raise InvalidRequest("The body is not a form with one field `key`")
    return keys[0]
