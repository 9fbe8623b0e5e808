"""URLs that the service asks: webhooks and files. One judge, for what is stored and for what is asked. Pure.

Where an address may lead is judged by `addresses`, here for what the URL says itself, and again when it is connected
to.
"""

from __future__ import annotations

from collections.abc import Iterable

import httpx2

from actors.texts.hosts import host_fault
from actors.webhooks.addresses import Network, why_refused

SCHEMES = ("http", "https")
_NAMES = {
    **dict.fromkeys(("localhost", "localhost.localdomain", "localhost4", "localhost4.localdomain4"), "127.0.0.1"),
    **dict.fromkeys(("localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"), "::1"),
    **dict.fromkeys(("ip6-allnodes", "ip6-allrouters"), "ff02::1"),
    **dict.fromkeys(("ip6-localnet", "ip6-mcastprefix"), "ff00::"),
}
"""The names that a fresh /etc/hosts of Debian, Ubuntu, Fedora or Alpine has, and what they stand for there."""


def target_of(text: str) -> httpx2.URL:
    """Return the URL. Raises ValueError with the end of "it should …"; the text never repeats a value."""
    try:
        url = httpx2.URL(text)
        port = url.port
    except (httpx2.InvalidURL, ValueError) as error:  # UnicodeError is a ValueError
        raise ValueError("be a valid address with http:// or https:// and a host") from error
    if url.scheme not in SCHEMES or not url.host or (port is not None and not 1 <= port <= 65535):
        raise ValueError("begin with http:// or https:// and name a host, and perhaps a port from 1 to 65535")
    if url.userinfo:
        raise ValueError("not hold a user name or password")
    fault = host_fault(url.raw_host.decode("ascii"))
    if fault is not None:
        raise ValueError(fault)
    return url


def refused_literal(url: httpx2.URL, allowed: Iterable[Network]) -> str | None:
    """Return the kind of an address that stands in the URL and may not be reached; None for a name of the network."""
    host = url.host.removesuffix(".").lower()
    if host.endswith(".localhost"):  # always this machine: RFC 6761, 6.3
        host = "localhost"
    try:
        return why_refused(_NAMES.get(host, host), allowed)
    except ValueError:  # a name: judged after it is resolved
        return None
