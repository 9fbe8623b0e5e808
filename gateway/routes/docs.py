"""The description of all calls: as a document, and as pages whose every file is the service's own."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.replies import JsonResponse

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway.calls import Gateway

DIRECTORY = Path(__file__).parents[1] / "docs"
SWAGGER_UI = DIRECTORY / "node_modules" / "swagger-ui-dist"
PAGE = "index.html"
FILES = {
    **{name: DIRECTORY / name for name in (PAGE, "page.css", "start.js")},
    **{name: SWAGGER_UI / name for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")},
}
"""All there is: no path of a request ever reaches the file system."""
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".png": "image/png"}


async def openapi(gateway: Gateway, _: Request) -> Response:
    """The OpenAPI document."""
    return JsonResponse(gateway.description.json, headers={"Cache-Control": "no-cache"})


async def page(gateway: Gateway, request: Request) -> Response:
    """Swagger UI on that document."""
    return _file(request, PAGE)


async def file(gateway: Gateway, request: Request) -> Response:
    """What the page loads."""
    return _file(request, request.path_params["file"])


def _file(request: Request, name: str) -> Response:
    path = FILES.get(name)
    if path is None:
        raise HTTPException(404)
    try:
        content, tag = _read(path)
    except FileNotFoundError:
        raise HTTPException(404, "Swagger UI is not installed: run `make setup`, which installs it") from None
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_KINDS[path.suffix], headers=headers)


@cache
def _read(path: Path) -> tuple[bytes, str]:
    """The content, kept once it has been asked for, and what tells it from that of another version."""
    content = path.read_bytes()
    return content, f'"{sha256(content).hexdigest()[:32]}"'
