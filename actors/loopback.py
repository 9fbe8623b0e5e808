"""Whether a name or an address can only be this machine. It loads nothing: commands ask, who need no store."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(name: str) -> bool:
    """Return True if a host's name, or an address with or without brackets, can only be this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def is_on_loopback(url: str) -> bool:
    """Return True if an address can only lead to this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # it is no address
        return False
