"""What an actor under test talks to, and the time it goes by."""

from __future__ import annotations

import pytest

from actors.runtime.testing import ManualClock, Probe


@pytest.fixture
def audience() -> Probe:
    return Probe("audience")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
