"""A part dies without which nothing works: the real process ends, says which, and has itself started again."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import pytest

from actors.browser.chromium.command_line import NAMES
from actors.watch import DIED
from tests.gateway.doomed_service import DEAF, PARTS
from tests.gateway.running import PATIENCE
from tests.gateway.test_process import environment
from tests.rig.forked import Interpreter

pytestmark = pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no Chromium is installed")

SHUTDOWN_TIMEOUT, GRACE = 1, 5
"""Seconds: what a stop may take, and what is added before the process is ended without it."""
SAID = {
    "supervisor": "Supervisor crashed: AttributeError",
    "store_writer": "Writer crashed: ZeroDivisionError",
    "store_reader": "Reader has ended",
    "outbox": "Dispatcher has ended",
    "webhooks": "Sender has ended",
    "retention": "Retention has ended",
    "browser_loop_ends": "The browser's thread has ended: SystemExit('a bug of ours')",
    "browser_loop_hangs": "The browser's thread has not answered for 1 s",
}
LAST = {
    "the_watch_itself": ("system.ended_by_force", "Supervisor crashed: AttributeError"),
    "whoever_hears_of_it": ("service.ended_by_force", ""),
}


def test_the_death_of_every_part_is_played() -> None:
    assert SAID.keys() == PARTS.keys()
    assert LAST.keys() == DEAF.keys()


def doomed(interpreter: Interpreter, data_dir: Path, part: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and what was logged after the fault."""
    hears, says = pipe()
    reads, orders = pipe()
    words, given = ["tests.gateway.doomed_service", part], environment(data_dir, shutdown_timeout=SHUTDOWN_TIMEOUT)
    with hears, orders:
        with says, reads, open(os.devnull, "wb") as nowhere:
            service = interpreter.start(words, given, stdout=says, stderr=nowhere, stdin=reads)
        try:
            assert any(b'"service.started"' in line for line in hears)
            orders.write(b"now\n")
            orders.flush()
            lines = hears.read().splitlines()
            return service.wait(PATIENCE), [json.loads(line) for line in lines]
        finally:
            service.kill()
            service.wait(PATIENCE)


def pipe() -> tuple[IO[bytes], IO[bytes]]:
    """A pipe's two ends: what is written into the second is read from the first."""
    reads, writes = os.pipe()
    return open(reads, "rb"), open(writes, "wb")


@pytest.mark.parametrize("part", sorted(PARTS))
def test_the_process_ends_with_a_code_of_its_own_and_a_last_line_that_says_why(
    tmp_path: Path, interpreter: Interpreter, part: str
) -> None:
    code, said = doomed(interpreter, tmp_path / "data", part)
    assert code == DIED
    noticed = next(line for line in said if line["event"] == "service.ending")
    assert noticed["level"] == "critical"
    last = said[-1]
    assert (last["event"], last["code"]) == ("service.ended", DIED)
    assert last["why"].startswith(SAID[part])
    took = datetime.fromisoformat(last["timestamp"]) - datetime.fromisoformat(noticed["timestamp"])
    assert took.total_seconds() < SHUTDOWN_TIMEOUT + GRACE
    assert (tmp_path / "data" / "owner.pid").read_text() == ""


@pytest.mark.parametrize("part", sorted(DEAF))
def test_the_process_ends_all_the_same_where_nobody_hears_of_the_death(
    tmp_path: Path, interpreter: Interpreter, part: str
) -> None:
    code, said = doomed(interpreter, tmp_path / "data", part)
    assert code == DIED
    last, (event, why) = said[-1], LAST[part]
    assert (last["event"], last["level"], last["code"]) == (event, "critical", DIED)
    assert str(last.get("why", "")).startswith(why)
