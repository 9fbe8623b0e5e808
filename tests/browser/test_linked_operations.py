"""Every operation of a Ready client, asked of the fake, and of real Chromium: both generations, and with LIDs.

One page of each world serves them all.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import httpx2
import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.operations import OPERATIONS
from actors.clients.protocol import Answered
from tests.browser.samples import APART, sample
from tests.browser.stages import IN_ALL, Stage, stage_of
from tests.rig import Sandbox


@pytest.fixture(scope="module", autouse=True)
def before_any_test(browsers: object) -> None:
    """What all tests share must be there before one of them looks at what is there."""


@pytest.fixture(scope="module", params=IN_ALL)
def stage(
    request: pytest.FixtureRequest, browsers: Callable[[str], ChromiumBrowser], sandbox_process: Sandbox
) -> Iterator[Stage]:
    """A Ready page for all tests of a world."""
    view = copy.copy(sandbox_process)
    limits = httpx2.Limits(max_keepalive_connections=0)  # a connection that is kept would be some test's
    with httpx2.Client(base_url=view.url, timeout=60.0, limits=limits, verify=False) as view.api:
        stage = stage_of(request.param, browsers, view)
        stage.link()
        yield stage
        stage.close()


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in APART])
def test_every_operation_is_answered_as_it_declares(name: str, stage: Stage) -> None:
    operation = sample(OPERATIONS[name], stage)
    fact = stage.ask(operation)
    assert isinstance(fact, Answered), fact
    assert isinstance(fact.value, operation.answer or type(None))
