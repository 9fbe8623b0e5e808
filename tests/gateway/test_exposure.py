"""What the network sees: loopback only without a key, HTTPS where a certificate is set, headers on pages."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

from actors.browser.fake import FakeBrowser
from actors.settings import Settings, StartRefused
from actors.store.rows.keys import ApiKey
from actors.system import System
from gateway.security.auth import Scope
from gateway.security.exposure import check_certificate, refuse_exposure
from gateway.security.keys import draw
from gateway.security.origins import HEADERS, PageHeaders
from gateway.server import Server, ServiceEnd, listen
from tests.gateway.running import PATIENCE, Running, until

KEY, TEXT = draw("ops", [Scope.ADMIN], None)
_SELF_SIGNED = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=127.0.0.1 "
    "-addext subjectAltName=IP:127.0.0.1"
)
REVOKED = ApiKey("id", "old", b"", frozenset({"admin"}), None, 1.0, None, 2.0)


def settings_of(**given: Any) -> Settings:
    return Settings(**given)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_loopback_needs_no_key(host: str) -> None:
    refuse_exposure(settings_of(host=host), [])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "192.0.2.1", "no-such-host.invalid"])
def test_any_other_address_needs_one_that_is_valid(host: str) -> None:
    for keys in ([], [REVOKED]):
        with pytest.raises(StartRefused, match=r"listens on loopback only, and SM_HOST is .*: set SM_API_KEY"):
            refuse_exposure(settings_of(host=host), keys)
    refuse_exposure(settings_of(host=host), [REVOKED, KEY])
    refuse_exposure(settings_of(host=host, api_key="a-key-of-16-chars"), [])


def stored(settings: Settings) -> tuple[ApiKey, ...]:
    return System(settings, FakeBrowser()).keys()


def test_the_service_refuses_to_start_exposed_and_starts_nothing(tmp_path: Path) -> None:
    browser = FakeBrowser()
    server = Server(settings_of(host="0.0.0.0", data_dir=tmp_path), browser)
    with listen("127.0.0.1", 0) as listener, pytest.raises(StartRefused, match="loopback only"):
        asyncio.run(server.run(listener))
    assert list(tmp_path.iterdir()) == []


def test_keys_of_the_store_count_from_the_first_request_on(tmp_path: Path) -> None:
    settings = settings_of(data_dir=tmp_path / "data")
    (tmp_path / "data").mkdir()
    assert stored(settings) == ()
    with Running(tmp_path / "data") as service:
        created = service.post("/keys", json={"name": "ops", "scopes": ["admin"]}).json()
    assert [key.id for key in stored(settings)] == [created["id"]]
    server = Server(settings, FakeBrowser())
    listener = listen("127.0.0.1", 0)
    host, port = listener.getsockname()
    thread = threading.Thread(target=lambda: asyncio.run(server.run(listener)), name="service")
    thread.start()
    try:
        assert httpx2.get(f"http://{host}:{port}/clients", timeout=PATIENCE).status_code == 401
    finally:
        until(lambda: server.system._supervisor, bool, "the system has started")
        server.end(ServiceEnd("SIGTERM"))
        thread.join(10)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("there is no openssl to make a certificate with")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [openssl, *_SELF_SIGNED.split(), "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )
    return cert, key


def test_https_is_served_with_the_certificate_and_http_is_not(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    server = Server(settings_of(data_dir=tmp_path / "data", tls_cert=cert, tls_key=key), FakeBrowser())
    listener = listen("127.0.0.1", 0)
    host, port = listener.getsockname()
    thread = threading.Thread(target=lambda: asyncio.run(server.run(listener)), name="service")
    thread.start()
    try:
        trusted = ssl.create_default_context(cafile=cert)
        with httpx2.Client(base_url=f"https://{host}:{port}", verify=trusted, timeout=PATIENCE) as https:
            until(lambda: https.get("/clients").status_code, lambda status: status == 200, "the system has started")
            assert "max-age" in https.get("/health").headers["strict-transport-security"]
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://{host}:{port}/health")
    finally:
        server.end(ServiceEnd("SIGTERM"))
        thread.join(10)


def test_a_certificate_that_cannot_be_used_refuses_the_start(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    check_certificate(settings_of())
    check_certificate(settings_of(tls_cert=cert, tls_key=key))
    (tmp_path / "empty.pem").touch()
    for bad in (
        {"tls_cert": key, "tls_key": cert},
        {"tls_cert": tmp_path / "empty.pem", "tls_key": key},
        {"tls_cert": tmp_path, "tls_key": key},
    ):
        with pytest.raises(StartRefused, match="cannot be used"):
            check_certificate(settings_of(**bad))
    with pytest.raises(StartRefused, match="no such file"):
        check_certificate(settings_of(tls_cert=tmp_path / "none.pem", tls_key=key))


def headers_of(app: ASGIApp) -> httpx2.Headers:
    async def ask() -> httpx2.Headers:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://page") as client:
            return (await client.get("/")).headers

    return asyncio.run(ask())


def test_pages_get_every_header_they_do_not_bring_and_json_none() -> None:
    page = headers_of(PageHeaders(HTMLResponse("<p>")))
    assert {name.decode(): value.decode() for name, value in HEADERS.items()}.items() <= dict(page).items()
    assert "unsafe" not in page["content-security-policy"]
    own = headers_of(PageHeaders(HTMLResponse("<p>", headers={"Content-Security-Policy": "own"})))
    assert own.get_list("content-security-policy") == ["own"]
    assert "content-security-policy" not in headers_of(PageHeaders(JSONResponse({})))


def test_every_answer_forbids_guessing_its_type_and_does_not_name_the_server(service: Running) -> None:
    for path in ("/health", "/status", "/nowhere"):
        answer = service.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_no_key_is_in_the_log_or_in_an_answer(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Running(tmp_path / "data", api_key=TEXT, log_level="debug") as service:
        created = service.post("/keys", json={"name": "n", "scopes": ["read"]}).json()
        listed = service.get("/keys").text
        service.call("DELETE", f"/keys/{created['id']}")
    told = listed + "".join(capfd.readouterr())
    assert created["id"] in told
    for secret in (TEXT, created["key"]):
        assert secret not in told
        assert secret.split("_", 2)[2] not in told
