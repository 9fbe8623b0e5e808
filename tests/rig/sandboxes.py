"""The sandbox as tests get it: imported by the conftest of each folder that plays against it."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import httpx2
import pytest

from tests.rig import Sandbox


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """`python -m sandbox` on a free port, ended by its pid at the end. Tests take `sandbox`."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The sandbox with nobody linked, no phone in it, and its settings as they were at first.

    Connections to it are the test's own, and closed with it.
    """
    view = copy.copy(sandbox_process)
    with httpx2.Client(base_url=view.url, timeout=60.0, verify=False) as view.api:
        view.post("/reset")
        yield view
