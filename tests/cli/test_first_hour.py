"""What a newcomer types in the first hour, and reads.

The commands run in this process, against a service over the fake browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from actors.settings import StartRefused
from gateway.cli import app
from tests.gateway.running import Running


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """The service, in this process too, logs nothing into what the commands print."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("first")) as running:
        yield running


def typed(*words: str, url: str = "http://127.0.0.1:1", key: str | None = None, **environment: str) -> Result:
    """A command that is told where the service is."""
    told = {"SESSION_MANAGER_URL": url, "SESSION_MANAGER_KEY": key, "COLUMNS": "200", **environment}
    return CliRunner().invoke(app, words, env=told)


def refusal(result: Result) -> str:
    """The sentence a command gives up with."""
    assert isinstance(result.exception, StartRefused), result.output
    return str(result.exception)


def test_the_version_is_told() -> None:
    assert typed("--version").stdout == f"session-manager {version('session-manager')}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("clients",), "session-manager init 1"),
        (("clients", "--all"), "session-manager init 1"),
        (("webhooks", "list"), "session-manager webhooks create"),
        (("keys", "list"), "session-manager keys create"),
    ],
)
def test_an_empty_list_says_what_to_do_next(service: Running, words: tuple[str, ...], said: str) -> None:
    assert said in typed(*words, url=service.url).stdout
    assert typed(*words, "--json", url=service.url).stdout.strip() == "[]"


def test_the_first_key_is_an_admins_and_later_ones_say_what_they_may(tmp_path: Path) -> None:
    with Running(tmp_path) as service:
        first = typed("keys", "create", "ops", url=service.url)
        assert first.exit_code == 0, first.output
        assert "ops may, for all clients: admin (everything" in first.stderr
        assert "from now on every call needs a key" in first.stderr
        key = first.stdout.strip()  # the key alone, for scripts
        refused = typed("keys", "create", "shop", url=service.url, key=key)
        assert refused.exit_code == 2
        assert all(scope in refused.stderr for scope in ("--scope", "read:", "send:", "control:", "admin:"))
        later = typed("keys", "create", "shop", "--scope", "send", "--client", "7", url=service.url, key=key)
        assert "shop may, for client 7: send (send messages)" in later.stderr
        assert "from now on" not in later.stderr
        unknown = typed("keys", "create", "more", "--scope", "read", url=service.url)
        assert "give it with --key" in refusal(unknown)
        assert typed("keys", "create", "x", "--scope", "wizard", url=service.url, key=key).exit_code == 2


def test_a_later_key_without_the_service_needs_a_scope_too(tmp_path: Path) -> None:
    assert "first key" in typed("keys", "create", "ops", "--offline", SM_DATA_DIR=str(tmp_path)).stderr
    assert typed("keys", "create", "shop", "--offline", SM_DATA_DIR=str(tmp_path)).exit_code == 2
    beside = {"SM_DATA_DIR": str(tmp_path / "other"), "SM_API_KEY": "k" * 16}
    assert typed("keys", "create", "x", "--offline", **beside).exit_code == 2


def test_an_address_is_taken_as_people_type_it_or_said_to_be_none(service: Running) -> None:
    assert typed("clients", url=service.url.removeprefix("http://")).exit_code == 0
    assert "begins with http:// or https://" in refusal(typed("clients", url="ftp://127.0.0.1:1"))
    assert "session-manager serve" in refusal(typed("clients"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("send", "7", "5491122334455", "hello"), "session-manager init"),
        (("stop", "7"), "session-manager clients --all"),
        (("webhooks", "delete", "nope"), "session-manager webhooks list"),
        (("keys", "revoke", "nope"), "session-manager keys list"),
    ],
)
def test_a_refusal_says_what_to_type_next(service: Running, words: tuple[str, ...], said: str) -> None:
    assert said in refusal(typed(*words, url=service.url))


def test_a_client_is_configured(service: Running) -> None:
    assert "none" in typed("config", "7", url=service.url).stdout
    words = ("--name", "shop", "--metadata", "branch=4", "--ignore", "status", "--proxy", "10.0.0.1:3128")
    changed = typed("config", "7", *words, "--proxy-user", "me", "--proxy-password", "secret", url=service.url).stdout
    assert all(said in changed for said in ("shop", "branch=4", "status", "10.0.0.1:3128 me"))
    assert "secret" not in changed
    cleared = typed("config", "7", "--name", "", "--proxy", "", "--ignore", "none", url=service.url).stdout
    assert "shop" not in cleared
    assert "branch=4" in cleared
    assert typed("config", "7", "--metadata", "branch", url=service.url).exit_code == 2
    assert typed("config", "7", "--proxy-user", "me", url=service.url).exit_code == 2


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert f"The directory {gone} cannot be used" in refusal(
        typed("backup", str(gone / "backup"), "--data-dir", str(tmp_path / "data"))
    )
