"""The nginx example, in the real nginx: it is accepted, passes calls on, and does not hold streams back."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.gateway.happening import happen, numbers
from tests.gateway.listening import Sse, Ws
from tests.gateway.running import PATIENCE, Running
from tests.rig.processes import ended, free_port, until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NAME = "wa.example.org"
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
    def running(self, certificate: Path) -> Iterator[httpx2.Client]:
        """A client that calls wa.example.org through it."""
        process = subprocess.Popen(self.command)
        trust = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        names = {"Host": NAME}
        try:
            with httpx2.Client(base_url=f"https://127.0.0.1:{self.port}", verify=trust, headers=names) as http:
                until(lambda: (self._place / "pid").exists() and self._listens(), bool, "nginx listens", 10.0)
                yield http
        finally:
            ended(process)

    def connect(self, certificate: Path) -> socket.socket:
        """A connection to wa.example.org through it, encrypted, over which nothing has been said yet."""
        trust = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return trust.wrap_socket(plain, server_hostname=NAME)

    def _listens(self) -> bool:
        try:
            httpx2.get(f"http://127.0.0.1:{self.port}/")
        except httpx2.TransportError as error:
            return not isinstance(error, httpx2.ConnectError)
        return True


SNI = {"sni_hostname": NAME}


def test_nginx_accepts_the_example(tmp_path: Path, certificate: Path) -> None:
    said = Nginx(tmp_path, certificate, 1).tested()
    assert "syntax is ok" in said
    assert "warn" not in said


def test_a_call_comes_through_with_its_callers_host_and_address(tmp_path: Path, certificate: Path) -> None:
    settings: dict[str, Any] = {"trusted_proxies": ("127.0.0.1",), "allowed_hosts": ("wa.example.org", "127.0.0.1")}
    with Running(tmp_path / "data", **settings) as service:
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
            pdf = b"%PDF-1.7" + bytes(2_000_000)
            file = http.post("/media", headers={"X-Cliente-Id": "1"}, content=pdf, extensions=SNI)
            assert (file.status_code, file.json()["size"]) == (201, len(pdf))


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """A service as the example wants it. Its streams say nothing by themselves, so that nothing but events is told."""
    settings: dict[str, Any] = {"trusted_proxies": ("127.0.0.1",), "allowed_hosts": (NAME, "127.0.0.1")}
    with Running(tmp_path / "data", stream_heartbeat=3600.0, **settings) as running:
        yield running
    assert running.code == 0


Reader = Callable[..., Any]


@pytest.fixture(params=[Sse, Ws])
def reader(request: pytest.FixtureRequest, tmp_path: Path, certificate: Path, service: Running) -> Iterator[Reader]:
    """Opens streams of the service through nginx, of each kind."""
    (tmp_path / "nginx").mkdir()
    nginx = Nginx(tmp_path / "nginx", certificate, service.where[1])
    with nginx.running(certificate):

        def read(query: str = "", **headers: str) -> Any:
            return request.param(service, query, connection=nginx.connect(certificate), Host=NAME, **headers)

        yield read


def there(service: Running, count: int) -> None:
    until(lambda: len(service.streams), lambda found: found == count, f"{count} readers are there", PATIENCE)


def test_an_event_comes_before_the_next_one_happens(service: Running, reader: Reader) -> None:
    with reader() as stream:
        there(service, 1)
        for number in range(20):
            happen(service, 1, first=number)
            assert numbers(stream.events(1)) == [number]


def test_a_large_past_and_the_present_come_without_a_gap(service: Running, reader: Reader) -> None:
    happen(service, 500, size=2000)
    with reader("?after=0") as stream:
        there(service, 1)
        happen(service, 100, first=500)
        assert numbers(stream.events(600)) == list(range(600))


def test_a_reader_resumes_by_the_position_it_says(service: Running, reader: Reader) -> None:
    happen(service, 5)
    with reader("?after=0") as stream:
        last = stream.events(2)[-1]["position"]
    with reader("?after=0", Last_Event_ID=str(last)) as stream:
        assert numbers(stream.events(3)) == [2, 3, 4]


def test_a_reader_that_goes_is_gone_for_the_service(service: Running, reader: Reader) -> None:
    with reader():
        there(service, 1)
    there(service, 0)


def test_readers_are_told_that_the_service_ends(service: Running, reader: Reader) -> None:
    with reader() as stream:
        there(service, 1)
        assert service.end() == 0
        if isinstance(stream, Ws):
            end = stream.message()
            assert stream.message() is None
            assert stream.closed is not None
            assert (stream.closed.code, stream.closed.reason) == (1012, "SHUTTING_DOWN")
        else:
            end = stream.until(lambda frame: frame.data is not None).data
            assert stream.frame() is None
        assert (end["type"], end["code"]) == ("end", "SHUTTING_DOWN")


def test_what_cannot_begin_is_refused_through_it_too(reader: Reader) -> None:
    with reader("?after=x") as stream:
        assert stream.status == 400


def test_a_page_of_another_origin_opens_no_stream_through_it(reader: Reader) -> None:
    for sign in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
        with reader(**sign) as stream:
            assert stream.status == 403
    with reader(Origin=f"https://{NAME}") as stream:
        assert stream.status in (101, 200)


def test_a_cookie_given_through_it_is_for_https_only(tmp_path: Path, certificate: Path) -> None:
    key = "the-first-key-of-a-test"
    with Running(tmp_path / "data", api_key=key, trusted_proxies=("127.0.0.1",)) as service:
        (tmp_path / "nginx").mkdir()
        with Nginx(tmp_path / "nginx", certificate, service.where[1]).running(certificate) as http:
            signed_in = http.post("/dashboard/session", data={"key": key}, extensions=SNI)
            assert signed_in.status_code == 200
            assert "; Secure" in signed_in.headers["set-cookie"]
