"""The shares of connections: one address, or one key, must leave some for the others.

Connections of a trusted proxy are those of many callers: they count for no address, but the requests on them do. A key
has its share whatever the addresses are that it comes from. Everything runs on the server's event loop.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from actors.capacity import connections_allowed, open_files
from gateway.errors import problem_of, respond
from gateway.security.rate_limits import address_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

    from starlette.types import ASGIApp, Receive, Scope, Send

    from actors.settings import Settings


TOO_MANY = "There are too many connections: try again later"


def share_of(settings: Settings) -> int:
    """Return the most connections of one address, and of one key."""
    connections = connections_allowed(settings.max_connections, open_files())
    return min(settings.max_connections_each or -(-connections * 3 // 4), connections)


def proxies_of(settings: Settings) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the addresses whose connections are those of many callers."""
    return tuple(ipaddress.ip_network(proxy) for proxy in settings.trusted_proxies)


def refused(**headers: str) -> HTTPException:
    """Return the refusal of one who has its share already."""
    return HTTPException(503, TOO_MANY, {"Retry-After": "5", **headers})


class Counted:
    """The number that each name has, of at most `most`; the empty name may have any number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number: Counter[str] = Counter()

    def take(self, name: str) -> bool:
        """Count one more; return False, and count nothing, if the name has its share already."""
        if name and self._number[name] >= self._most:
            return False
        if name:
            self._number[name] += 1
        return True

    def give_back(self, name: str) -> None:
        """Count one less."""
        if name:
            self._number[name] -= 1
            if self._number[name] <= 0:
                del self._number[name]


class Shares:
    """What addresses and keys have of the connections of one server."""

    def __init__(self, each: int, proxies: Iterable[IPv4Network | IPv6Network]) -> None:
        self.addresses, self.keys = Counted(each), Counted(each)
        self._proxies = tuple(proxies)
        self.refused = 0
        """The connections and requests that were refused, until somebody sets it to 0."""

    def share(self, peer: Any) -> Share | None:
        """Return the share of a new connection from this peer; None if its address has all that it may have."""
        address = counted(str(peer[0]) if peer else "", self._proxies)
        return Share(self, address) if self.addresses.take(address) else None


class Share:
    """What one connection counts for: an address, and a key."""

    def __init__(self, shares: Shares, address: str) -> None:
        self._shares, self._address = shares, address
        self._key = ""
        """The key of its newest request, or of the one in progress if it is a proxy's."""

    def carry(self, key: str) -> bool:
        """Count for the key of a request from now on; return False if the key has its share already."""
        if key == self._key:
            return True
        if not self._shares.keys.take(key):
            self._shares.refused += 1
            return False
        self._release()
        self._key = key
        return True

    def answered(self) -> None:
        """Count a proxy's connection for no key any more: its next request is another caller's."""
        if self._key and not self._address:
            self._release()

    def end(self) -> None:
        """Count for nothing any more."""
        self._release()
        self._shares.addresses.give_back(self._address)
        self._address = ""

    def _release(self) -> None:
        key, self._key = self._key, ""
        self._shares.keys.give_back(key)


def counted(host: str, proxies: Iterable[IPv4Network | IPv6Network]) -> str:
    """Return the address that a host counts for; empty for that of a trusted proxy, and for what is no address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return "" if any(address in proxy for proxy in proxies) else address_of({"client": (host, 0)})


class ForwardedShares:
    """An ASGI layer: the share of each address in the connections of trusted proxies.

    A request counts while it is answered; a stream is one.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._proxies = app, proxies_of(settings)
        self._addresses = Counted(share_of(settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = counted((scope.get("client") or ("",))[0], self._proxies)
        if not self._addresses.take(address):
            await respond(problem_of(refused()))(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._addresses.give_back(address)
