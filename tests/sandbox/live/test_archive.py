"""The files of a page: where they lie, what is asked of WhatsApp, and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.live import archive
from sandbox.live.app import PageHosts, live
from sandbox.live.archive import PageArchive, PageFile, SourceFailed, WhatsAppSource
from sandbox.live.root_key import WHATSAPP_ROOT
from sandbox.protocol.dictionary import Dictionary
from sandbox.protocol.server import ProtocolServer

STATIC = "https://static.whatsapp.net"


@pytest.fixture
def kept(tmp_path: Path) -> PageArchive:
    return PageArchive(tmp_path / "page")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://web.whatsapp.com/", "web.whatsapp.com/index.html"),
        (f"{STATIC}/rsrc.php/v4/a.js", "static.whatsapp.net/rsrc.php/v4/a.js"),
        (f"{STATIC}/a.js?x=1", "static.whatsapp.net/a.js?x=1"),
    ],
)
def test_a_file_lies_where_wget_puts_it(kept: PageArchive, url: str, place: str) -> None:
    kept.keep(url, PageFile(b"text", {"content-type": "text/javascript"}))
    assert (kept.directory / place).read_bytes() == b"text"
    assert kept.find(url) == PageFile(b"text", {"content-type": "text/javascript"})


def test_a_file_without_headers_has_the_type_of_its_name_or_its_beginning(kept: PageArchive) -> None:
    for name, body in (("a.js", b"1"), ("page", b"<!DOCTYPE html>"), ("unknown", b"\0")):
        place = kept.directory / "web.whatsapp.com" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    found = [kept.find(f"https://web.whatsapp.com/{name}") for name in ("a.js", "page", "unknown")]
    assert [file and file.headers["content-type"] for file in found] == [
        "text/javascript; charset=utf-8",
        "text/html; charset=utf-8",
        "application/octet-stream",
    ]


def test_a_query_that_is_not_kept_is_its_path(kept: PageArchive) -> None:
    kept.keep("https://web.whatsapp.com/", PageFile(b"page"))
    assert kept.find("https://web.whatsapp.com/?post_logout=1") == PageFile(b"page")


def test_a_long_query_has_a_name_that_a_disk_takes(kept: PageArchive) -> None:
    url = f"{STATIC}/a.js?{'x' * 5000}"
    kept.keep(url, PageFile(b"1"))
    assert kept.find(url) is not None
    assert kept.find(f"{url}y") is None


@pytest.mark.parametrize("path", ["../../secret", "%2e%2e/%2e%2e/secret", "..%2f..%2fsecret", "a%00b"])
def test_no_address_leads_out_of_the_directory(kept: PageArchive, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (kept.directory / "web.whatsapp.com").mkdir(parents=True)
    assert kept.find(f"https://web.whatsapp.com/{path}") is None
    kept.keep(f"https://web.whatsapp.com/{path}", PageFile(b"overwritten"))
    assert (tmp_path / "secret").read_bytes() == b"secret"


# --- WhatsApp's hosts, and the source behind them


def asked(app: ASGIApp, story: Callable[[httpx2.AsyncClient], Awaitable[None]]) -> None:
    """Run the story with a client of that application."""

    async def run() -> None:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
            await story(client)

    asyncio.run(run())


class Origin:
    """In the place of WhatsApp's servers: remembers what it is asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        self.requests.append((str(request.url), dict(request.headers)))
        if request.url.path == "/gone":
            return Response(status_code=404)
        return Response(f"R='{WHATSAPP_ROOT.hex()}'", media_type="text/javascript", headers={"set-cookie": "wa=1"})


def test_a_missing_file_is_fetched_once_and_kept_as_it_came(kept: PageArchive) -> None:
    origin, server = Origin(), ProtocolServer(Dictionary([]))

    async def story(upstream: httpx2.AsyncClient) -> None:
        hosts = PageHosts(server, kept, WhatsAppSource(upstream))
        transport = httpx2.ASGITransport(app=live(server, hosts))
        async with httpx2.AsyncClient(transport=transport, cookies={"secret": "1"}) as page:
            for _ in range(2):
                answer = await page.get(f"{STATIC}/a.js", headers={"origin": "https://web.whatsapp.com"})
                assert answer.text == f"R='{server.authority.root.public.hex()}'"
                assert answer.headers["access-control-allow-origin"] == "https://web.whatsapp.com"
                assert "set-cookie" not in answer.headers
        assert (hosts.fetched, hosts.given, hosts.keys_replaced) == (1, 2, 2)

    asked(origin.app, story)
    (url, headers), *more = origin.requests
    assert (url, more) == (f"{STATIC}/a.js", [])
    assert not {"cookie", "origin", "referer"} & headers.keys()
    found = kept.find(f"{STATIC}/a.js")
    assert found is not None
    assert WHATSAPP_ROOT.hex().encode() in found.body


def test_nothing_but_files_of_the_page_is_asked_of_whatsapp(kept: PageArchive) -> None:
    origin, server = Origin(), ProtocolServer(Dictionary([]))

    async def story(upstream: httpx2.AsyncClient) -> None:
        hosts = PageHosts(server, kept, WhatsAppSource(upstream))
        transport = httpx2.ASGITransport(app=live(server, hosts))
        async with httpx2.AsyncClient(transport=transport) as page:
            assert (await page.post("https://crashlogs.whatsapp.net/wa_clb_data?x=1", content=b"x")).status_code == 204
            assert (await page.get("https://mmg.whatsapp.net/v/file")).status_code == 404
            assert (await page.get(f"{STATIC}/gone")).status_code == 404
            report = (await page.get("https://127.0.0.1/api/page")).json()
        assert report["unanswered"] == 3
        assert report["named"] == [
            "POST https://crashlogs.whatsapp.net/wa_clb_data: only files are given",
            "GET https://mmg.whatsapp.net/v/file: the directory has no such file",
            f"GET {STATIC}/gone: {STATIC}/gone answers 404",
        ]

    asked(origin.app, story)
    assert [url for url, _ in origin.requests] == [f"{STATIC}/gone"]


def test_the_control_api_is_no_web_pages(kept: PageArchive) -> None:
    server = ProtocolServer(Dictionary([]))

    async def story(page: httpx2.AsyncClient) -> None:
        answer = await page.get("https://127.0.0.1/api/state", headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
        assert (await page.get("https://127.0.0.1/api/state")).status_code == 200

    asked(live(server, PageHosts(server, kept, None)), story)


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 10)

    async def story(upstream: httpx2.AsyncClient) -> None:
        with pytest.raises(SourceFailed, match="more than 10 bytes"):
            await WhatsAppSource(upstream).fetch(f"{STATIC}/a.js", {})

    asked(Origin().app, story)
