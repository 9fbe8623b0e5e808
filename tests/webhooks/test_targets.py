"""URLs are judged whole when they are given, and by the same judge when they are asked."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from actors.clients.registry.config import Proxy
from actors.media.fetching import MediaRefused, _address
from actors.texts.hosts import host_fault
from actors.webhooks.definition import InvalidWebhook, changes
from actors.webhooks.targets import refused_literal, target_of

WRONG = [
    "http://a.example:-1/",
    "http://a.example:0/",
    "http://a.example:65536/",
    "http://a.example:99999999999/",
    "http://a.example:80:80/",
    "ftp://a.example/",
    "//a.example/",
    "http:///x",
    "http://./",
    "http://../",
    "http://a..b/",
    "http://.a.example/",
    "http://-a.example/",
    f"http://{'a' * 64}.example/",
    f"http://{'a.' * 130}example/",
    "http://ex%61mple.com/",
    "http://%31%32%37.0.0.1/",
    "http://*.example/",
    "http://user@a.example/",
    "http://user:word@a.example/",
    "http://a.example\\@b.example/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://1.2.3/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://[::1/",
    "http://[1.2.3.4]/",
    "http://[fe80::1%25eth0]/",
    "http://xn--a\u0301/",
    "http://a.example/\x00",
]
RIGHT = [
    "http://a.example:/",
    "https://a.example:65535/x?y=z",
    "HTTP://A.EXAMPLE/",
    "http://a_b.example/",
    "http://a.example./",
    "http://xn--bcher-kva.example/",
    "http://192.0.2.1./",
    "http://[2001:db8::1]:8080/",
    "http://127.0.0.1.nip.io/",
]


@pytest.mark.parametrize("url", WRONG)
def test_what_can_never_be_asked_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(InvalidWebhook, match="url should"):
        changes({"url": url})
    with pytest.raises(MediaRefused, match="The file's address should"):
        _address(url)
    with pytest.raises(ValueError, match=r"^(be|begin|not|write|name|have) "):
        target_of(url)


@pytest.mark.parametrize("url", RIGHT)
def test_what_can_be_asked_is_taken(url: str) -> None:
    assert target_of(url).host


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost.", "LOCALHOST", "x.localhost.", "127.0.0.1.", "[::1]"),
        *("localhost.localdomain", "localhost4", "localhost6.localdomain6.", "ip6-localhost", "IP6-Loopback"),
    ],
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    with pytest.raises(InvalidWebhook, match="loopback"):
        changes({"url": f"http://{host}/"})
    assert refused_literal(target_of(f"http://{host}/"), ()) == "loopback"
    assert refused_literal(target_of(f"http://{host}/"), (ip_network("127.0.0.0/8"), ip_network("::1"))) is None


@pytest.mark.parametrize("host", ["ip6-allnodes", "ip6-allrouters", "ip6-localnet", "ip6-mcastprefix"])
def test_a_name_of_many_machines_is_that_of_no_target(host: str) -> None:
    assert refused_literal(target_of(f"http://{host}/"), ()) == "multicast"


@pytest.mark.parametrize("server", ["..:80", "a..b:80", "-a:80", "[::::]:80", "1.2.3.4.5:80", "127.1:80", "a:0"])
def test_a_proxy_is_judged_by_the_same_judge(server: str) -> None:
    assert Proxy(server).fault is not None


@pytest.mark.parametrize("server", ["localhost:80", "10.0.0.1:3128", "socks5://proxy.example:1080", "[::1]:80"])
def test_a_proxy_in_order_is_taken(server: str) -> None:
    assert Proxy(server).fault is None


def test_a_host_of_any_letters_raises_nothing() -> None:
    for host in ("", ":", "::%", "%", "\x00", "é", "xn--", "a" * 5000, "1" * 5000, "0x", "::1%0"):
        host_fault(host)
