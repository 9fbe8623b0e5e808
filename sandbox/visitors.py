"""The check of callers: programs on this machine and our own pages, not the web pages that a developer visits.

A browser lets any page call loopback. It names that page in `Origin`, or at least its relation in `Sec-Fetch-Site`; a
site whose name was made to point at loopback (DNS rebinding) has that name in `Host`. Programs send neither header.
Sources: https://fetch.spec.whatwg.org/, https://www.w3.org/TR/fetch-metadata/.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.answers import refusal

PLAYED = "web.whatsapp.com"
"""The name that programs may give to the sandbox, as it plays that site; nobody else can make it point here."""
_ELSEWHERE = frozenset({"cross-site", "same-site"})
_POLICY_VIOLATION = 1008


class Visitors:
    """Refuses strangers, and passes all other calls on unchanged. `public`: every address of this machine is ours."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = (), *, public: bool = False) -> None:
        self._app, self._public = app, public
        self._names = frozenset({PLAYED, *(name.lower() for name in names)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        why = self.refuses({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})
        if why is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": why})
        else:
            await refusal(403, "STRANGER", why)(scope, receive, send)

    def refuses(self, headers: dict[str, str]) -> str | None:
        """Return why a request with these headers is refused; None if it is not."""
        host, origin = headers.get("host", "").lower(), headers.get("origin")
        if host and not self._is_ours(name_of(host)):
            return f"the Host {host} is not the sandbox's: --name gives it that name"
        if origin is not None and origin.lower().partition("://")[2] not in (host, PLAYED):
            return f"pages of {origin} may not call the sandbox"
        opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
        if origin is None and headers.get("sec-fetch-site") in _ELSEWHERE and not opened:
            return "pages of other sites may not call the sandbox"
        return None

    def _is_ours(self, name: str) -> bool:
        return name in self._names or is_loopback(name) or (self._public and _address(name) is not None)


def is_loopback(name: str) -> bool:
    """Return True if a host's name, or an address with or without brackets, can only be this machine."""
    address = _address(name)
    return address.is_loopback if address is not None else name == "localhost" or name.endswith(".localhost")


def name_of(host: str) -> str:
    """Return the name in a Host header, without the port; IPv6 in its brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].removesuffix(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
