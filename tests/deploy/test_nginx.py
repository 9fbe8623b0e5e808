"""The nginx example, in the real nginx: it is accepted, passes calls on, and does not hold streams back."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.gateway.running import Running
from tests.rig.processes import ended, free_port, until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SITE = Path(__file__).parents[2] / "config" / "deploy" / "nginx.conf"

pytestmark = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None, reason="nginx or openssl is not installed"
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with cert.pem and key.pem, signed by nobody else."""
    place = tmp_path_factory.mktemp("certificate")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=wa.example.org", "-addext", "subjectAltName=DNS:wa.example.org"]
    files = ["-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True, timeout=20)
    return place


class Nginx:
    """The example as it is, but for the port, the certificate and the upstream."""

    def __init__(self, place: Path, certificate: Path, upstream: int) -> None:
        self.port, self._place = free_port(), place
        site = SITE.read_text("utf-8")
        for pattern, ours in (
            (r"server 127\.0\.0\.1:3001;", f"server 127.0.0.1:{upstream};"),
            (r"listen 443 ssl http2", f"listen 127.0.0.1:{self.port} ssl http2"),
            (r"ssl_certificate \S+;", f"ssl_certificate {certificate / 'cert.pem'};"),
            (r"ssl_certificate_key \S+;", f"ssl_certificate_key {certificate / 'key.pem'};"),
        ):
            site, found = re.subn(pattern, ours, site)
            assert found == 1, pattern
        (place / "site.conf").write_text(site)
        temporary = "".join(
            f"{name}_temp_path {place / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (place / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {place / 'pid'}; error_log {place / 'error.log'}; events {{}}\n"
            f"http {{ access_log off; {temporary} include {place / 'site.conf'}; }}\n"
        )
        self.command = [str(NGINX), "-p", str(place), "-c", str(place / "nginx.conf"), "-e", str(place / "error.log")]

    def tested(self) -> str:
        """What `nginx -t` says. Raises AssertionError where it refuses."""
        done = subprocess.run([*self.command, "-t"], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return done.stderr

    @contextmanager
    def running(self, certificate: Path) -> Iterator[httpx.Client]:
        """A client that calls wa.example.org through it."""
        process = subprocess.Popen(self.command)
        trust = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        names = {"Host": "wa.example.org"}
        try:
            with httpx.Client(base_url=f"https://127.0.0.1:{self.port}", verify=trust, headers=names) as http:
                until(lambda: (self._place / "pid").exists() and self._listens(), bool, "nginx listens", 10.0)
                yield http
        finally:
            ended(process)

    def _listens(self) -> bool:
        try:
            httpx.get(f"http://127.0.0.1:{self.port}/")
        except httpx.TransportError as error:
            return not isinstance(error, httpx.ConnectError)
        return True


SNI = {"sni_hostname": "wa.example.org"}


def test_nginx_accepts_the_example(tmp_path: Path, certificate: Path) -> None:
    said = Nginx(tmp_path, certificate, 1).tested()
    assert "syntax is ok" in said
    assert "warn" not in said


def test_a_call_comes_through_with_its_callers_host_and_address(tmp_path: Path, certificate: Path) -> None:
    settings = {"trusted_proxies": ("127.0.0.1",), "allowed_hosts": ("wa.example.org", "127.0.0.1")}
    with Running(tmp_path / "data", **settings) as service:  # type: ignore[arg-type]
        (tmp_path / "nginx").mkdir()
        nginx = Nginx(tmp_path / "nginx", certificate, service.where[1])
        with nginx.running(certificate) as http:
            health = http.get("/health", extensions=SNI)
            assert health.status_code == 200
            assert health.json()["service"] == "session-manager"
            started = http.post("/init", headers={"X-Cliente-Id": "1"}, extensions=SNI)
            assert started.json()["status"]["state"] == "QR_REQUIRED"
            large = http.post("/send", headers={"X-Cliente-Id": "1"}, content=b"x" * 1_100_000, extensions=SNI)
            assert large.status_code == 413


class Streaming(BaseHTTPRequestHandler):
    """Sends its second event only once the first one has been read."""

    read = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        if self.read.wait(10.0):
            self.wfile.write(b"data: second\n\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_events_come_when_they_happen(tmp_path: Path, certificate: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Streaming) as upstream:
        serving = threading.Thread(target=upstream.serve_forever)
        serving.start()
        try:
            nginx = Nginx(tmp_path, certificate, upstream.server_address[1])
            with nginx.running(certificate) as http, http.stream("GET", "/events", extensions=SNI) as stream:
                lines = stream.iter_lines()
                assert next(lines) == "data: first"
                Streaming.read.set()
                assert [line for line in lines if line] == ["data: second"]
        finally:
            upstream.shutdown()
            serving.join()
