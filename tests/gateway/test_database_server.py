"""A database server that is not there yet, goes away, and comes back: the service waits, refuses, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors.browser.fake import FakeBrowser
from actors.clients.types import ClientId
from actors.settings import StartRefused
from gateway import server
from gateway.server import Server, listen
from tests.campaign.away import refusal
from tests.gateway.running import Running, chosen, until
from tests.store.postgresql import NoPostgreSQL, PostgreSQL, running

PATIENCE = 30.0
GOOD = {"to": "5491122334455", "message": "Hello"}


@pytest.fixture
def own() -> Iterator[PostgreSQL]:
    """A server of the test's own, which it may kill."""
    try:
        with running("fsync=off", "max_connections=20", "shared_buffers=16MB") as server:
            yield server
    except NoPostgreSQL as why:
        pytest.skip(str(why))


@pytest.fixture
def nobody(tmp_path: Path) -> str:
    """The address of a server that is not there."""
    return f"postgresql://somebody@/name?host={tmp_path}"


def it_waits(said: Sequence[MutableMapping[str, Any]]) -> None:
    """Wait until the service has said that it waits for its database server."""
    until(lambda: [line["event"] for line in said], lambda said: "service.waiting_for_database" in said, "it waits")


def test_a_service_that_comes_before_its_database_server_waits_for_it(own: PostgreSQL, tmp_path: Path) -> None:
    own.kill()
    service = Running(tmp_path / "data", database_url=own.url("postgres"))
    with capture_logs() as said, service.unready():
        it_waits(said)
        own.start()
        until(lambda: service.server.streams, lambda streams: streams is not None, "it goes on", PATIENCE)
        until(lambda: service.get("/clients").status_code, lambda code: code == 200, "it takes work", PATIENCE)
    assert service.code == 0


def test_a_service_that_waits_ends_when_it_is_told_to(nobody: str, tmp_path: Path) -> None:
    service = Running(tmp_path / "data", database_url=nobody)
    with capture_logs() as said, service.unready():
        it_waits(said)
        assert service.end() == 0


def test_a_database_server_is_not_waited_for_for_ever(
    nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "DATABASE_SECONDS", 0.0)
    with pytest.raises(StartRefused, match="PostgreSQL does not answer"):
        asyncio.run(Server(chosen(tmp_path, database_url=nobody), FakeBrowser()).run(listen("127.0.0.1", 0)))


def test_a_database_that_the_server_does_not_have_is_not_waited_for(own: PostgreSQL, tmp_path: Path) -> None:
    settings = chosen(tmp_path, database_url=own.url("nothing"))
    with pytest.raises(StartRefused, match="nothing"):
        asyncio.run(
            asyncio.wait_for(Server(settings, FakeBrowser()).run(listen("127.0.0.1", 0)), server.DATABASE_SECONDS / 2)
        )


def test_while_its_server_is_killed_callers_are_refused_and_what_was_accepted_leaves_when_it_is_back(
    own: PostgreSQL, tmp_path: Path
) -> None:
    with Running(tmp_path / "data", database_url=own.url("postgres")) as service:
        assert service.post("/init", 1).status_code == 200
        accepted = service.post("/messages", 1, GOOD).json()
        own.kill()
        for method, path in (("POST", "/messages"), ("GET", f"/messages/{accepted['id']}"), ("DELETE", "/messages/x")):
            refused = service.call(method, path, 1, **({"json": GOOD} if method == "POST" else {}))
            assert (refused.status_code, refusal(refused)) == (503, None), refused.text
        assert service.get("/health").status_code == service.get("/status", 1).status_code == 200
        assert service.get("/ready").status_code == 503
        service.browser.scan(ClientId(1))
        own.start()
        ask = lambda: service.get(f"/messages/{accepted['id']}", 1).json().get("state")  # noqa: E731 - asked again
        until(ask, lambda state: state == "sent", "it is sent", PATIENCE)
        again = until(
            lambda: service.post("/messages", 1, GOOD), lambda a: a.status_code == 202, "it takes more", PATIENCE
        )
        assert again.json()["id"] != accepted["id"]
    assert service.code == 0
