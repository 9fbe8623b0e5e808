"""Which addresses may be reached."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.webhooks.addresses import networks, why_refused

PUBLIC = "8.8.8.8 1.1.1.1 93.184.216.34 2606:4700::1111 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808".split()  # noqa: SIM905
REFUSED = {
    "loopback": [
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
    "private": [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "fc00::1",
        "fd12::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:c0a8:101::",
        "192.0.2.1",
        "198.18.0.1",
        "2001:db8::1",
    ],
    "link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "::ffff:224.0.0.1"],
    "unspecified": ["0.0.0.0", "::", "::ffff:0.0.0.0"],
    "broadcast": ["255.255.255.255"],
    "reserved": [
        "0.1.2.3",
        "240.0.0.1",
        "192.0.0.1",
        "192.88.99.1",
        "fec0::1",
        "2001:10::1",
        "64:ff9b:1::808:808",
        "3fff::1",
    ],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_reached(address: str) -> None:
    assert why_refused(address) is None


@pytest.mark.parametrize(("kind", "address"), [(kind, address) for kind, all_ in REFUSED.items() for address in all_])
def test_what_is_not_is_refused_and_named(kind: str, address: str) -> None:
    assert why_refused(address) == kind


def test_an_operator_may_allow_networks_and_nothing_else_opens() -> None:
    allowed = networks(["10.1.0.0/16", "::1", "127.0.0.1"])
    assert why_refused("10.1.2.3", allowed) is None
    assert why_refused("::ffff:10.1.2.3", allowed) is None
    assert why_refused("::1", allowed) is None
    assert why_refused("10.2.0.1", allowed) == "private"
    assert why_refused("127.0.0.2", allowed) == "loopback"


@pytest.mark.parametrize("address", [*REFUSED["multicast"], *REFUSED["unspecified"], *REFUSED["broadcast"]])
def test_what_is_no_host_cannot_be_allowed(address: str) -> None:
    assert why_refused(address, networks(["0.0.0.0/0", "::/0"])) is not None


@pytest.mark.parametrize("text", ["", "example.com", "10.0.0.0/33", "fe80::%"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text.replace("/", ".") or "."):
        networks([text])


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_that_python_calls_local_gets_through(address: IPv4Address | IPv6Address) -> None:
    if why_refused(address) is None:
        assert address.is_global or (isinstance(address, IPv6Address) and address.ipv4_mapped)
        kinds = (address.is_multicast, address.is_loopback, address.is_link_local, address.is_unspecified)
        assert not any(kinds)


@given(st.ip_addresses(v=4))
def test_an_address_inside_an_address_is_judged_like_itself(inner: IPv4Address) -> None:
    mapped = ip_address(f"::ffff:{inner}")
    translated = ip_address(int(ip_address("64:ff9b::")) + int(inner))
    assert why_refused(mapped) == why_refused(inner)
    assert (why_refused(translated) is None) == (why_refused(inner) is None)
