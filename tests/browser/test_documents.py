"""What answers in place of WhatsApp Web: it is told at once where waiting cannot help, with what to do."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actors.browser import documents, launch
from actors.browser.browser import ChromiumBrowser
from actors.browser.documents import DocumentAnswer
from actors.clients.protocol import BrowserGone
from actors.clients.registry.config import Proxy
from actors.clients.types import Reason
from tests.browser.pages import SECONDS, Opened, options, running
from tests.browser.test_proxy import HttpProxy

HOME = "https://web.whatsapp.com/"
LONG = SECONDS * 10
"""A patience that no test here uses up: what is told, is told before."""
CAPTIVE = "<!doctype html><title>Hotel Wifi</title><form>Room number</form>"
UNSUPPORTED = "<!doctype html><title>WhatsApp Web</title><p>WhatsApp works with Google Chrome 100+</p>"


@contextmanager
def answering(status: int = 200, body: str = "", tls: ssl.SSLContext | None = None, **headers: str) -> Iterator[str]:
    """The address of a server on 127.0.0.1 that always answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http{'' if tls is None else 's'}://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def end_of(tmp_path: Path, url: str, proxy: Proxy | None = None, patience: float = LONG) -> BrowserGone:
    """How a start ends there."""
    given = options(tmp_path, url, start_patience=patience)
    with running(ChromiumBrowser(given, proxy=lambda _: proxy)) as browser:
        gone: BrowserGone = Opened(browser).told.until(BrowserGone)
        return gone


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("server", "reason", "text"),
    [
        (lambda: answering(403, "no"), Reason.PAGE_REFUSED, "answered 403"),
        (lambda: answering(403), Reason.PAGE_REFUSED, "answered 403"),
        (lambda: answering(429, "no", Retry_After="60"), Reason.PAGE_REFUSED, "Retry-After: 60"),
        (lambda: answering(511, CAPTIVE), Reason.PAGE_FOREIGN, "sign-in first"),
        (lambda: answering(302, Location="http://localhost:1/login"), Reason.PAGE_FOREIGN, "leads to localhost"),
        (lambda: answering(200, CAPTIVE), Reason.PAGE_FOREIGN, "Hotel Wifi"),
        (lambda: answering(200, UNSUPPORTED), Reason.BROWSER_UNSUPPORTED, "Google Chrome 100+"),
    ],
)
def test_what_waiting_cannot_help_is_told_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: Callable[[], AbstractContextManager[str]],
    reason: Reason,
    text: str,
) -> None:
    monkeypatch.setattr(launch, "LOADING", 0.3)
    with server() as url:
        gone = end_of(tmp_path, url)
    assert gone.reason is reason
    assert text in gone.text


@pytest.mark.e2e
def test_a_server_that_is_down_for_a_moment_is_waited_for_and_then_named(tmp_path: Path) -> None:
    with answering(503, "later") as url:
        gone = end_of(tmp_path, url, patience=2.0)
    assert gone.reason is Reason.PAGE_REFUSED
    assert "answered 503" in gone.text


@pytest.mark.e2e
def test_a_certificate_that_is_not_valid_is_told_at_once(tmp_path: Path) -> None:
    with answering(200, CAPTIVE, tls=_self_signed(tmp_path)) as url:
        gone = end_of(tmp_path, url)
    assert gone.reason is Reason.CERTIFICATE_INVALID
    assert "ERR_CERT_AUTHORITY_INVALID" in gone.text


@pytest.mark.e2e
@pytest.mark.parametrize("url", ["http://web.whatsapp.com/", HOME])
def test_a_proxy_that_wants_a_login_nobody_gave_is_told_at_once(tmp_path: Path, url: str) -> None:
    with HttpProxy("me:the word") as there:
        gone = end_of(tmp_path, url, Proxy(f"127.0.0.1:{there.port}"))
    assert gone == BrowserGone(Reason.PROXY_LOGIN_REFUSED, documents.PROXY_LOGIN_WANTED)


@pytest.mark.e2e
def test_a_wrong_login_at_the_proxy_is_told_at_once_also_for_https(tmp_path: Path) -> None:
    with HttpProxy("me:the word") as there:
        gone = end_of(tmp_path, HOME, Proxy(f"127.0.0.1:{there.port}", "me", "another"))
    assert gone == BrowserGone(Reason.PROXY_LOGIN_REFUSED, documents.PROXY_LOGIN_WRONG)


@pytest.mark.e2e
def test_a_proxy_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = end_of(tmp_path, HOME, Proxy("127.0.0.1:9"), patience=4.0)
    assert gone.reason is Reason.PROXY_UNREACHABLE
    assert "ERR_PROXY_CONNECTION_FAILED" in gone.text


@pytest.mark.parametrize(
    ("error", "reason", "passes"),
    [
        ("net::ERR_NAME_NOT_RESOLVED", Reason.PAGE_UNREACHABLE, True),
        ("net::ERR_INTERNET_DISCONNECTED", Reason.PAGE_UNREACHABLE, True),
        ("net::ERR_CONNECTION_REFUSED", Reason.PAGE_UNREACHABLE, True),
        ("net::ERR_BLOCKED_BY_ADMINISTRATOR", Reason.PAGE_UNREACHABLE, False),
        ("net::ERR_PROXY_CONNECTION_FAILED", Reason.PROXY_UNREACHABLE, True),
        ("net::ERR_TUNNEL_CONNECTION_FAILED", Reason.PROXY_UNREACHABLE, True),
        ("net::ERR_SOCKS_CONNECTION_HOST_UNREACHABLE", Reason.PROXY_UNREACHABLE, True),
        ("net::ERR_PROXY_AUTH_UNSUPPORTED", Reason.PROXY_LOGIN_REFUSED, False),
        ("net::ERR_CERT_DATE_INVALID", Reason.CERTIFICATE_INVALID, False),
    ],
)
def test_every_net_error_has_a_reason(error: str, reason: Reason, passes: bool) -> None:
    found = documents.of_net_error(error)
    assert (found.reason, found.passes) == (reason, passes)
    assert error in found.text


def test_what_may_be_whatsapp_web_is_not_obstructed() -> None:
    assert documents.of_answer(DocumentAnswer(f"{HOME}?post_logout=1", 200, {}), HOME) is None
    assert documents.of_answer(DocumentAnswer(HOME, 304, {}), HOME) is None
    assert documents.of_document({"ready": True, "title": "WhatsApp Web", "text": ""}) is None
    assert documents.of_document({"ready": False, "title": "", "text": ""}) is None
    assert documents.of_document({}) is None


def _self_signed(directory: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = directory / "server.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
