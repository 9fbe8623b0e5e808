from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.clients.protocol import Delete
from actors.clients.types import ClientId
from tests.gateway.every_call import FIRST, OTHER, OURS, Keys
from tests.gateway.running import PATIENCE, Running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """A service of the test's own, ended in order afterwards."""
    with Running(tmp_path / "data") as running:
        yield running
    assert running.code == 0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """A service with a first key, and more."""
    directory = tmp_path_factory.mktemp("keys") / "data"
    with Running(directory, api_key=FIRST, init_wait=0.2, qr_wait=0.2, body_timeout=1.0) as service:
        yield Keys(service)
    assert service.code == 0


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service without any key."""
    with Running(tmp_path_factory.mktemp("open") / "data") as service:
        yield service
    assert service.code == 0


@pytest.fixture
def started(keys: Keys) -> Iterator[Keys]:
    """The same, for tests that start clients, which are gone afterwards."""
    yield keys
    for client in (OURS, OTHER):
        keys.admin("DELETE", f"/session/{client}")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service for those tests of a file that look at one client's page and answers alone."""
    with Running(tmp_path_factory.mktemp("shared") / "data") as service:
        yield service
    assert service.code == 0


@pytest.fixture
def with_page(shared: Running) -> Iterator[Running]:
    """The same on connections of the test's own, with client 1 READY. All are gone afterwards, as is what the test has
    pages answer.
    """
    view = copy.copy(shared)
    with shared.client() as view.http:
        view.ready(1)
        yield view
    shared.browser.answers.clear()
    shared.system.supervisor.ask(Delete(ClientId(1), log_out=False), timeout=PATIENCE)
