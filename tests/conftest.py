"""What holds for every test: nothing it opened is left when it ends."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
import uvloop

from tests.leaks import Before, mark_this_run
from tests.rig.forked import Interpreter

PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
"""By default structlog paints tracebacks with every local variable, a second each; tests crash actors by the dozen."""

LONG = ("slow", "e2e")
"""Marks of tests that take long, the longest first."""


def pytest_configure() -> None:
    mark_this_run()
    uvloop.new_event_loop().close()  # libuv's first loop opens a pipe that it keeps for the process: no test's leak
    keep_bytecode()
    heed_interrupts()
    hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine is no defect
    hypothesis.settings.load_profile("patient")


def keep_bytecode() -> None:
    """Have modules compiled once, not in each of the processes that tests start: that is 2 s of each service."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def heed_interrupts() -> None:
    """Have the programs that tests start heed Ctrl-C: a shell's background job ignores it, and its children would."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Have each worker of a whole run import another share of the test modules first, so that in a fresh clone each is
    rewritten for its assertions once, not by every worker at the same time: that is 6 s of each.
    """
    config = session.config
    given: dict[str, Any] = getattr(config, "workerinput", {})
    if not given or config.args != config.getini("testpaths"):
        return
    modules = sorted(Path(__file__).parent.rglob("test_*.py"))
    number = int(given["workerid"].removeprefix("gw"))
    for module in modules[number :: given["workercount"]]:
        with contextlib.suppress(Exception):  # the collection imports it again, and tells
            importlib.import_module(".".join(module.relative_to(config.rootpath).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: of what runs side by side, the file that is begun last decides when all is over."""
    ranks = {item.path: len(LONG) for item in items}
    for item in items:
        for rank, mark in enumerate(LONG):
            if item.get_closest_marker(mark):
                ranks[item.path] = min(ranks[item.path], rank)
    items.sort(key=lambda item: ranks[item.path])


def pytest_collection_finish() -> None:
    """What is imported and collected by now stays: a tenth of the time went into searching it for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Interpreter]:
    """What programs are forked from, their libraries imported."""
    with Interpreter() as started:
        yield started


OURS = ("actors.", "gateway.", "config.")


@pytest.fixture(autouse=True)
def plain_log() -> None:
    """Undo what the test before has made of the log."""
    structlog.reset_defaults()
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS) and (log := vars(module).get("_log")) is not None:
            vars(log).pop("bind", None)  # what the service's own configuration has it cache
    structlog.configure(processors=[structlog.processors.add_log_level, PLAIN])


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail the test that leaves a thread, an actor, a process or an open descriptor.

    Set up after wider fixtures and before the test's own, torn down after those: what a module or a session shares is
    not the test's.
    """
    before = Before()
    yield
    before.check()
