from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.running import Running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """A service of the test's own, ended in order afterwards."""
    with Running(tmp_path / "data") as running:
        yield running
    assert running.code == 0
