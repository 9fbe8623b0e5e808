"""What the tests of started clients share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.rig import World, world


@pytest.fixture
def w() -> Iterator[World]:
    """A supervisor on a fake browser that answers everything at once."""
    with world() as made:
        yield made
