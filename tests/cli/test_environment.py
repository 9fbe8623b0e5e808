"""Commands in the environment of a shell: its proxies, and the settings of the service beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.settings import SettingsRefused, StartRefused, load
from gateway.cli import app
from gateway.cli.address import ServiceAddress, Unreachable
from gateway.cli.demo import Story
from gateway.cli.remote import Remote
from tests.gateway.running import Running

PROXIES = ("socks5://127.0.0.1:9", "http://127.0.0.1:9", "nonsense", "ftp://127.0.0.1:9")
VARIABLES = ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")


@pytest.fixture(params=PROXIES)
def proxied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every variable names a proxy that nobody can use; `no_proxy` says nothing."""
    for name in VARIABLES:
        monkeypatch.setenv(name, request.param)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param)


class Hosted(Running):
    """A service that knows itself by one name only."""

    def _started(self) -> bool:
        return self.http.get("/clients", headers={"Host": "wa.example.org"}).status_code == 200


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Hosted(tmp_path_factory.mktemp("data"), allowed_hosts=("wa.example.org",)) as running:
        yield running


@pytest.fixture
def beside(hosted: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The settings of the service in our environment."""
    monkeypatch.delenv("SESSION_MANAGER_URL", raising=False)
    monkeypatch.setenv("SM_PORT", str(hosted.where[1]))
    monkeypatch.setenv("SM_ALLOWED_HOSTS", "wa.example.org")
    return hosted


def test_our_own_service_is_called_through_no_proxy(proxied: str, beside: Running) -> None:
    with Remote("", None) as service:
        assert service.get("/clients") == []
    done = CliRunner().invoke(app, ["health"])
    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == f"{beside.url} is ready"


def test_the_demo_calls_what_it_has_started_through_no_proxy(proxied: str, tmp_path: Path) -> None:
    story = Story("http://127.0.0.1:1/", None, 1, tmp_path, tmp_path / "log")  # type: ignore[arg-type]
    story.close()


@pytest.mark.parametrize("url", ["http://wa.example.invalid", "http://wa.example.invalid:99999999", "http://[::", "x"])
def test_what_cannot_be_called_is_one_sentence(proxied: str, url: str) -> None:
    with pytest.raises(Unreachable) as refused, Remote(url, None) as service:
        service.get("/clients")
    assert refused.value.exit_code == 4
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "url", "host"),
    [
        ({}, "http://127.0.0.1:3001", None),
        ({"port": 4000}, "http://127.0.0.1:4000", None),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:3001", None),
        ({"host": "::"}, "http://[::1]:3001", None),
        ({"host": "10.0.0.5", "allowed_hosts": "10.0.0.5"}, "http://10.0.0.5:3001", None),
        ({"tls_cert": "cert.pem", "tls_key": "key.pem"}, "https://127.0.0.1:3001", None),
        ({"allowed_hosts": "wa.example.org,127.0.0.1"}, "http://127.0.0.1:3001", None),
        ({"allowed_hosts": "wa.example.org"}, "http://127.0.0.1:3001", "wa.example.org"),
        ({"allowed_hosts": "*.example.org"}, "http://127.0.0.1:3001", "health.example.org"),
    ],
)
def test_the_service_is_asked_where_its_settings_say(settings: dict[str, Any], url: str, host: str | None) -> None:
    address = ServiceAddress.served(load(options=settings))
    assert (address.url, address.host, address.ours) == (url, host, True)
    assert address.verify is ("tls_cert" not in settings)


def test_a_port_that_nobody_knows_and_a_wrong_setting_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_PORT", "0")
    with pytest.raises(Unreachable, match="--url"):
        ServiceAddress.of("")
    monkeypatch.setenv("SM_PORT", "x")
    with pytest.raises(SettingsRefused, match="SM_PORT"):
        ServiceAddress.of("")
    assert ServiceAddress.of("https://wa.example.org") == ServiceAddress("https://wa.example.org")


def test_health_says_that_a_service_is_not_there_or_not_ready(beside: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = CliRunner().invoke(app, ["health", "--url", "http://127.0.0.1:1"])
    assert isinstance(gone.exception, Unreachable)
    monkeypatch.setenv("SM_ALLOWED_HOSTS", "another.example.org")
    refused = CliRunner().invoke(app, ["health"])
    assert isinstance(refused.exception, StartRefused)
    assert "is not ready: it answers 421" in str(refused.exception)
