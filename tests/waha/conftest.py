from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.waha import sessions
from tests.gateway.running import Running
from tests.waha.consumer import KEY, Consumer


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a session does not wait long."""
    monkeypatch.setattr(sessions, "RUNNING_SECONDS", 0.2)
    monkeypatch.setattr(sessions, "STATUS_SECONDS", 0.3)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """A service of the test's own, with a key."""
    with Running(tmp_path / "data", api_key=KEY, webhook_allow_private=True) as running:
        yield running
    assert running.code == 0


@pytest.fixture
def waha(service: Running) -> Consumer:
    """A consumer of WAHA's calls."""
    return Consumer(service)
