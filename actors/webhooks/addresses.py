"""The addresses a webhook may not reach: everything but the public internet, unless the operator allows its network.

Pure, and about addresses only; names are resolved in `http`, which connects to the very address that was checked here.
An address that carries another inside (IPv4-mapped, 6to4, Teredo, NAT64) is checked as both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Address", "Network", "networks", "why_refused"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # "this" network: Linux takes it for the loopback
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "fec0::/10",  # site-local
        "2001::/23",
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
    )
)
_NEVER = ("multicast", "unspecified", "broadcast")
"""Not a host: no setting allows these."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks from `10.0.0.0/8`, `::1`, …; raises ValueError naming an invalid text."""
    return tuple(ip_network(text, strict=False) for text in texts)


def why_refused(address: Address | str, allowed: Iterable[Network] = ()) -> str | None:
    """Return the kind of an address that may not be reached (`loopback`, `private`, …), None for an allowed address.

    An IPv6 zone (`%eth0`) is refused with its address. Raises ValueError for a text that is not an address.
    """
    address = ip_address(address) if isinstance(address, str) else address
    allowed = tuple(allowed)
    for inner in _all_of(address):
        kind = _kind(inner)
        if kind is not None and (kind in _NEVER or not _is_in(inner, allowed)):
            return kind
    return None


def _all_of(address: Address) -> Iterator[Address]:
    """Yield the addresses to check. An address that stands only for an IPv4 address is not checked itself."""
    carried = list(_carried(address)) if isinstance(address, IPv6Address) else []
    yield from carried
    if not carried or not _stands_for_ipv4(address):
        yield address


def _stands_for_ipv4(address: Address) -> bool:
    return isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64[0])


def _carried(address: IPv6Address) -> Iterator[IPv4Address]:
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    low = int(address) & 0xFFFFFFFF
    if any(address in network for network in _NAT64) or (address in _COMPATIBLE and low > 1):
        yield IPv4Address(low)


def _is_in(address: Address, allowed: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in allowed)


def _kind(address: Address) -> str | None:
    kinds = {
        "unspecified": address.is_unspecified,
        "broadcast": str(address) == "255.255.255.255",
        "multicast": address.is_multicast,
        "loopback": address.is_loopback,
        "link-local": address.is_link_local,
        "reserved": address.is_reserved or _is_in(address, _NOT_PUBLIC),
        "private": not address.is_global,
    }
    return next((kind for kind, applies in kinds.items() if applies), None)
