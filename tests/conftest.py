"""What holds for every test: nothing it opened is left when it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.leaks import Before, mark_this_run


def pytest_configure() -> None:
    mark_this_run()
    # By default structlog paints tracebacks with every local variable, a second each; tests crash actors by the dozen.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail the test that leaves a thread, an actor, a process or an open descriptor.

    Set up after wider fixtures and before the test's own, torn down after those: what a module or a session shares is
    not the test's.
    """
    before = Before()
    yield
    before.check()
