"""The checks before anything else: hosts, origins, framing, forwarded addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.api import CALLS
from gateway.security.auth import Forbidden
from gateway.security.origins import Hosts, OriginCheck, host_name
from tests.gateway.running import Running

Headers = list[tuple[bytes, bytes]]


async def nowhere(*_: object) -> None:
    raise AssertionError("it was let through")


def hosts(*listed: str, open: bool = False) -> Hosts:
    return Hosts(listed, "127.0.0.1", lambda: open)


def check(*origins: str) -> OriginCheck:
    return OriginCheck(nowhere, hosts(), origins)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"Example.ORG", "example.org"),
        (b"example.org.:80", "example.org"),
        (b"[::1]:3001", "[::1]"),
        (b"[::1]", "[::1]"),
        (b"", ""),
        (b"::1", ""),
        (b"a@b:1:2", "a@b"),
        (b"\xff", "ÿ"),
    ],
)
def test_a_host_is_known_by_its_name_without_port_and_case(header: bytes, name: str) -> None:
    assert host_name(header) == name


def test_without_a_list_any_host_is_ours_where_a_key_is_needed() -> None:
    assert hosts().allow(b"evil.example")


@pytest.mark.parametrize(
    "header",
    [b"localhost", b"LOCALHOST:3001", b"127.0.0.1:3001", b"127.9.9.9", b"[::1]:1", b"wa.localhost", b"localhost."],
)
def test_where_anyone_is_let_in_loopback_is_ours(header: bytes) -> None:
    assert hosts(open=True).allow(header)


@pytest.mark.parametrize(
    "header",
    [b"evil.example", b"127.0.0.1.evil.example", b"localhost.evil.example", b"10.0.0.1", b"[::2]", b"0", b":80"],
)
def test_where_anyone_is_let_in_a_name_made_to_point_at_us_is_not(header: bytes) -> None:
    assert not hosts(open=True).allow(header)


def test_a_list_is_the_whole_list() -> None:
    listed = hosts("wa.example", "*.internal", open=True)
    for good in (b"wa.example", b"WA.example:443", b"a.internal", b"a.b.internal:1"):
        assert listed.allow(good)
    for bad in (b"localhost", b"internal", b"evilinternal", b"x.wa.example", b"wa.example.evil", b"", b"wa.example\0"):
        assert not listed.allow(bad)


def test_good_hosts_are_remembered_only_so_many() -> None:
    listed = hosts("*.internal")
    for number in range(5000):
        assert listed.allow(b"%d.internal" % number)
    assert len(listed._good) == 1000


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"origin", b"https://wa.example"), (b"host", b"wa.example")],
        [(b"host", b"WA.example:443"), (b"origin", b"https://wa.example")],
        [(b"host", b"127.0.0.1:3001"), (b"origin", b"http://127.0.0.1:3001")],
        [(b"host", b"wa.example"), (b"origin", b"https://listed.example:8443")],
        [(b"content-length", b"1")],
    ],
)
def test_what_is_let_through(headers: Headers) -> None:
    check("https://listed.example:8443").check(headers)


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"null",
        b"",
        b"https://listed.example",
        b"http://listed.example:8443",
        b"wa.example",
        b"*",
    ],
)
def test_a_page_of_another_origin_is_refused(origin: bytes) -> None:
    with pytest.raises(Forbidden):
        check("https://listed.example:8443").check([(b"host", b"wa.example"), (b"origin", origin)])


def test_a_page_of_the_same_host_on_another_port_is_another_origin() -> None:
    with pytest.raises(Forbidden):
        check().check([(b"host", b"127.0.0.1:3001"), (b"origin", b"http://127.0.0.1:8080")])


FETCHES = {
    "an image": (b"no-cors", b"image"),
    "a script": (b"no-cors", b"script"),
    "a frame": (b"navigate", b"iframe"),
    "a link": (b"navigate", b"document"),
}
"""What a page of another site makes a browser fetch without an `Origin`: Sec-Fetch-Mode and -Dest."""


def fetch(site: bytes, mode: bytes, dest: bytes, *more: tuple[bytes, bytes]) -> Headers:
    told = ((b"sec-fetch-site", site), (b"sec-fetch-mode", mode), (b"sec-fetch-dest", dest))
    return [(b"host", b"127.0.0.1:3001"), *told, *more]


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
@pytest.mark.parametrize("what", FETCHES)
@pytest.mark.parametrize("path", ["/status", "/api/sendText", "/events/next", "/webhooks/%00"])
def test_without_keys_no_other_site_has_a_browser_call(site: bytes, what: str, path: str) -> None:
    keyless = OriginCheck(nowhere, hosts(open=True), ())
    with pytest.raises(Forbidden, match="SM_ALLOWED_ORIGINS"):
        keyless.check(fetch(site, *FETCHES[what]), path=path)
    check().check(fetch(site, *FETCHES[what]), path=path)  # where a key is needed, a browser has none to send


def test_what_a_person_opens_and_what_our_own_pages_load_is_let_through() -> None:
    keyless = OriginCheck(nowhere, hosts(open=True), ("https://listed.example",))
    for site in (b"same-origin", b"none"):
        keyless.check(fetch(site, b"no-cors", b"image"), path="/media/a.png")
    for page in ("/", "/dashboard", "/docs"):
        keyless.check(fetch(b"cross-site", *FETCHES["a link"]), path=page)
        with pytest.raises(Forbidden):
            keyless.check(fetch(b"cross-site", *FETCHES["a frame"]), path=page)
    listed = (b"referer", b"https://listed.example/chats")
    keyless.check(fetch(b"cross-site", *FETCHES["an image"], listed), path="/media/a.png")
    other = (b"referer", b"https://listed.example.evil/")
    with pytest.raises(Forbidden):
        keyless.check(fetch(b"cross-site", *FETCHES["an image"], other), path="/media/a.png")


def test_an_image_on_another_site_sends_no_message_by_wahas_get(tmp_path: Path) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    sends = "/api/sendText?session=7&phone=5491122334455&text=Hello"
    with Running(tmp_path / "data") as service:
        refused = service.http.get(sends, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
        assert service.http.get(sends).status_code != 403, "a program is let in"


def test_a_listed_origin_gets_what_a_browser_needs_and_no_other_does(tmp_path: Path) -> None:
    listed = {"Origin": "https://app.example"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-cliente-id,x-api-key"}
    with Running(tmp_path / "data", allowed_origins=("https://app.example",)) as service:
        preflight = service.http.options("/init", headers=listed | asks)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        assert "x-api-key" in preflight.headers["access-control-allow-headers"].lower()
        assert "access-control-allow-credentials" not in preflight.headers
        answer = service.http.get("/status", headers=listed | {"X-Cliente-Id": "1"})
        assert answer.status_code == 200
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
        for path in ("/init", "/status"):
            refused = service.http.options(path, headers=asks | {"Origin": "https://evil.example"})
            assert refused.status_code == 403
            assert refused.json()["code"] == "FORBIDDEN"
            assert not any(name.startswith("access-control") for name in refused.headers)


DOCUMENTED = {name.lower() for call in CALLS for name in call.headers} | {
    "x-cliente-id",
    "x-api-key",
    "authorization",
    "content-type",
    "x-request-id",
    "traceparent",
    "tracestate",
}
"""The headers that docs and rows of calls name."""


def test_a_page_of_a_listed_origin_may_send_every_header_that_is_documented(tmp_path: Path) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    with Running(tmp_path / "data", allowed_origins=("https://app.example",)) as service:
        for name in sorted(DOCUMENTED):
            headers = asked | {"Access-Control-Request-Headers": name}
            assert service.http.options("/send", headers=headers).status_code == 200, name
        headers = asked | {"Access-Control-Request-Headers": "x-csrf-token"}
        assert service.http.options("/send", headers=headers).status_code == 400


def test_forwarded_addresses_are_believed_from_listed_proxies_only(tmp_path: Path) -> None:
    def starts(service: Running, client: int, address: str) -> int:
        headers = {"X-Cliente-Id": str(client), "X-Forwarded-For": address}
        return service.http.post("/init", headers=headers).status_code

    with Running(tmp_path / "one", init_address_rate="1/minute") as service:
        assert [starts(service, client, f"192.0.2.{client}") for client in (1, 2)] == [200, 429]
    with Running(tmp_path / "two", init_address_rate="1/minute", trusted_proxies=("127.0.0.0/8",)) as service:
        assert [starts(service, client, f"192.0.2.{client}") for client in (1, 2)] == [200, 200]
        assert starts(service, 3, "192.0.2.9, 192.0.2.2") == 429
        assert starts(service, 4, "192.0.2.9, 192.0.2.2, 127.0.0.9") == 429
