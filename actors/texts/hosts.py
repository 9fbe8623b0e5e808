"""Hosts in addresses: names and numbers, judged by their form alone: valid or not, this machine or another. Pure.

A number is written in four parts, or as IPv6 without a zone: `127.1`, `0x7f.1` and `2130706433` mean 127.0.0.1 to some
resolvers and nothing to others (https://url.spec.whatwg.org/#concept-ipv4-parser).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LONGEST = 253
"""Characters of a name: RFC 1035, 3.1."""


def host_fault(host: str) -> str | None:
    """Return the end of "it should …" for a host that cannot be one, else None. IPv6 comes without brackets."""
    try:
        if ":" in host:
            return "have no zone in its address" if IPv6Address(host).scope_id else None
        name = host.lower().removesuffix(".")
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            IPv4Address(name)
            return None
    except ValueError:
        return "write a number of the network in four parts, such as 192.0.2.1, or as IPv6"
    if not name or len(name) > _LONGEST or not all(map(_is_label, name.split("."))):
        return "name a host such as example.com"
    return None


def is_loopback(name: str) -> bool:
    """Return True if a host's name, or an address with or without brackets, can only be this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def is_on_loopback(url: str) -> bool:
    """Return True if an address can only lead to this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # it is no address
        return False


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    try:
        label.removeprefix("xn--").encode("ascii").decode("punycode" if label.startswith("xn--") else "ascii")
    except UnicodeError:
        return False
    return True
