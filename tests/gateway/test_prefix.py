"""A service below a path of a proxy: whatever it tells leads back below that path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.options import environment
from actors.settings import is_path_prefix, load
from gateway.prefix import PathPrefix, prefix_of
from tests.gateway.listening import Sse, Ws
from tests.gateway.running import Running

HOOK = {"url": "https://example.com/hook", "events": ["message"]}
TOLD = {"X-Forwarded-Prefix": "/wa/"}


@pytest.fixture(scope="module", params=["set", "forwarded"])
def below(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that knows its path by a setting, or by its proxy."""
    settings: dict[str, Any] = {"path_prefix": "/wa"} if request.param == "set" else {"trusted_proxies": ("127.0.0.1",)}
    with Running(tmp_path_factory.mktemp("data"), **settings) as running:
        if request.param == "forwarded":
            running.http.headers |= TOLD
        yield running


@pytest.mark.parametrize("path", ["/wa/clients", "/clients"])
def test_the_proxy_may_take_the_path_off_or_leave_it(below: Running, path: str) -> None:
    assert below.http.get(path).status_code == 200


def test_what_is_told_leads_back_below_the_path(below: Running) -> None:
    made = below.http.post("/wa/webhooks", json=HOOK)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/wa/webhooks/{made.json()['id']}"
    assert below.http.get(made.headers["Location"]).status_code == 200
    assert below.http.get("/wa/openapi.json").json()["servers"] == [{"url": "/wa"}]


@pytest.mark.parametrize("page", ["dashboard", "docs"])
def test_pages_name_what_they_load_relative_to_themselves(below: Running, page: str) -> None:
    html = below.http.get(f"/wa/{page}").text
    named = re.findall(r'(?:href|src)="([^"#]+)"', html)
    assert named
    for file in named:
        assert not file.startswith("/"), file
        assert below.http.get(f"/wa/{file}").status_code == 200, file


def test_scripts_call_nothing_by_an_address_of_their_own() -> None:
    scripts = list((Path(__file__).parents[2] / "gateway" / "dashboard").glob("*.js"))
    assert scripts
    for script in scripts:
        text = script.read_text("utf-8")
        assert not re.search(r"(fetch|EventSource|WebSocket|src:|href:)\(?\s*['\"`]/", text), script


@pytest.mark.parametrize("stream", [Sse, Ws])
def test_streams_begin_below_the_path(below: Running, stream: Any) -> None:
    headers = TOLD if "X-Forwarded-Prefix" in below.http.headers else {}
    with stream(below, "", path="/wa/events", **headers) as opened:
        assert opened.status in (101, 200)


def test_without_a_prefix_or_from_a_stranger_nothing_changes(tmp_path: Path) -> None:
    with Running(tmp_path) as service:
        assert "servers" not in service.http.get("/openapi.json", headers=TOLD).json()
        assert service.http.get("/wa/clients", headers=TOLD).status_code == 404


@pytest.mark.parametrize(
    ("said", "prefix"),
    [
        (b"/wa", "/wa"),
        (b"/wa/", "/wa"),
        (b"/a/b.c-d_e~f", "/a/b.c-d_e~f"),
        (b"/outer, /inner", "/outer"),
        (b"", ""),
        (b"wa", ""),
        (b"//evil.example", ""),
        (b"/../x", ""),
        (b"/w\xff", ""),
        (b'/"><script>', ""),
    ],
)
def test_what_a_proxy_says_is_judged(said: bytes, prefix: str) -> None:
    found: list[str] = []

    async def app(scope: Any, *_: Any) -> None:
        found.append(prefix_of(scope))

    settings = load(options={"trusted_proxies": ("10.0.0.0/8",)})
    scope = {"type": "websocket", "path": "/x", "headers": [(b"x-forwarded-prefix", said)], "client": ("10.1.2.3", 5)}
    for client in (("10.1.2.3", 5), ("192.0.2.1", 5), ("unix", 0), None):
        with pytest.raises(StopIteration):
            PathPrefix(app, settings)({**scope, "client": client}, None, None).__await__().send(None)  # type: ignore[arg-type]
    assert found == [prefix, "", "", ""]


def test_a_prefix_is_a_path_and_files_of_waha_are_below_it() -> None:
    assert is_path_prefix("/wa")
    assert not any(map(is_path_prefix, ("", "/", "wa", "/wa/", "//wa", "/./wa", "/wa b")))
    assert load(options={"path_prefix": "/wa/"}).path_prefix == "/wa"
    assert load(options={"path_prefix": "/"}).path_prefix is None
    assert environment(load(options={"path_prefix": "/wa"})).base_url == "http://127.0.0.1:3001/wa"
