"""Hosts in addresses: names and numbers, judged by their form alone, wherever somebody gives one. Pure.

A number is written in four parts, or as IPv6 without a zone: `127.1`, `0x7f.1` and `2130706433` mean 127.0.0.1 to some
resolvers and nothing to others (https://url.spec.whatwg.org/#concept-ipv4-parser).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

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


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    try:
        label.removeprefix("xn--").encode("ascii").decode("punycode" if label.startswith("xn--") else "ascii")
    except UnicodeError:
        return False
    return True
