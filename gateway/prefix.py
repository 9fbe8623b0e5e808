"""The path below which the service is reached, if a proxy puts it below one: `/wa` of `https://example.org/wa/`.

It is SM_PATH_PREFIX, or X-Forwarded-Prefix of a trusted proxy. Whether the proxy takes it off the request's path or
leaves it there: the rest of the service never sees it in a path. Addresses that the service tells have it: Location,
the servers of the OpenAPI document, files of WAHA. Pages name their files and calls relative to themselves.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from actors.settings import is_path_prefix

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from actors.settings import Settings

_PREFIX = "path_prefix"
_LOCATION = b"location"


def prefix_of(scope: Scope) -> str:
    """Return the path below which the caller reaches the service, as `/wa`; mostly empty."""
    found: str = scope.get(_PREFIX, "")
    return found


class PathPrefix:
    """Takes the prefix off the path, notes it for `prefix_of`, and puts it before the path of a Location."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._own = app, settings.path_prefix or ""
        self._proxies = [ipaddress.ip_network(proxy) for proxy in settings.trusted_proxies]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        prefix = (self._forwarded(scope) if self._proxies else "") or self._own
        if not prefix:
            return self._app(scope, receive, send)
        path, raw = scope["path"], scope.get("raw_path")
        scope = {**scope, _PREFIX: prefix}
        if path == prefix or path.startswith(prefix + "/"):
            scope["path"] = path[len(prefix) :] or "/"
            if raw is not None:
                scope["raw_path"] = raw.removeprefix(prefix.encode("ascii")) or b"/"

        async def below(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(name, _below(prefix, name, value)) for name, value in message["headers"]]
            await send(message)

        return self._app(scope, receive, below if scope["type"] == "http" else send)

    def _forwarded(self, scope: Scope) -> str:
        """Return what a trusted proxy says; empty if it says nothing, or the caller is none."""
        said = next((value for name, value in scope["headers"] if name == b"x-forwarded-prefix"), b"")
        prefix = said.decode("latin-1").partition(",")[0].strip().rstrip("/")
        if not is_path_prefix(prefix) or not scope.get("client"):
            return ""
        try:
            address = ipaddress.ip_address(scope["client"][0])
        except ValueError:
            return ""
        return prefix if any(address in proxies for proxies in self._proxies) else ""


def _below(prefix: str, name: bytes, value: bytes) -> bytes:
    ours = name.lower() == _LOCATION and value.startswith(b"/") and not value.startswith(b"//")
    return prefix.encode("ascii") + value if ours else value
