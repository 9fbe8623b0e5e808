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
    """Return the kind of an address that stands in the URL and may not be reached; None for a name."""
    host = url.host.removesuffix(".").lower()
    if host == "localhost" or host.endswith(".localhost"):  # always this machine: RFC 6761, 6.3
        host = "127.0.0.1"
    try:
        return why_refused(host, allowed)
    except ValueError:  # a name: judged after it is resolved
        return None
