"""Chromium as a process: it ends for certain."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from actors.browser.cdp import Wire
from actors.browser.chromium import command_line
from actors.browser.chromium.command_line import command
from actors.browser.chromium.process import Chromium, environment, usage_of
from actors.browser.options import BrowserOptions
from actors.browser.process_record import members
from tests.browser.pages import BUILDS

URL = "https://web.whatsapp.com/"


@pytest.mark.e2e
@pytest.mark.parametrize("name", BUILDS)
def test_a_process_starts_as_a_group_of_its_own_and_ends_when_asked(name: str, tmp_path: Path) -> None:
    build = command_line.find_build(Path(name))
    of_one_page = command(build, tmp_path / "profile", BrowserOptions(tmp_path, URL))

    async def story() -> bool:
        process = Chromium(of_one_page)
        wire = Wire()
        await wire.open(process.take_pipe(), 10.0)
        assert os.getpgid(process.pid) == process.pid
        assert psutil.Process(process.pid).cmdline()[0] == str(build.path)
        before, orderly = process.exiting, await process.end(5.0)
        await wire.close()
        return orderly and not before and process.exiting

    assert asyncio.run(story())


def test_one_that_ends_by_itself_says_why() -> None:
    async def story() -> None:
        process = Chromium(["/bin/sh", "-c", "echo no such flag >&2; exit 3"])
        ended = await process.why_ended(5.0)
        assert str(ended) == "exit code 3: no such flag"
        assert await process.end(0.0)

    asyncio.run(story())


def test_one_that_does_not_end_when_asked_is_killed_with_its_children() -> None:
    async def story() -> None:
        process = Chromium(["/bin/sh", "-c", "trap '' TERM; sleep 100 & echo ready >&4; wait; sleep 100"])
        with process.take_pipe() as pipe:
            assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(pipe, 100), 5.0) == b"ready\n"
        began = time.monotonic()
        assert not await process.end(0.2)
        assert time.monotonic() - began < 3.0
        assert members(process.pid) == []

    asyncio.run(story())


def test_the_usage_of_a_process_tree_counts_its_children_and_leaves_out_what_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        me = os.getpid()
        measured = usage_of([me, child.pid, 2**22 + 1])
        assert measured.keys() == {me, child.pid}
        assert measured[child.pid].processes == 1
        assert measured[me].processes >= 2
        assert measured[me].pss > measured[child.pid].pss > 1024 * 1024
        assert measured[me].cpu > 0
        child.communicate(b"\n")
    assert usage_of([]) == {}


def test_it_dies_with_the_service_that_started_it(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import asyncio, time
        from actors.browser.chromium.process import Chromium

        async def main():
            process = Chromium(["/bin/sleep", "100"])
            print(process.pid, flush=True)
            time.sleep(100)

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        child = psutil.Process(int(service.stdout.readline()))
        while child.name() != "sleep":  # setpriv has not made way for it yet; the test's own timeout ends this
            time.sleep(0.01)
        service.send_signal(signal.SIGKILL)
        service.wait(5.0)
    gone, alive = psutil.wait_procs([child], timeout=5.0)
    assert gone
    assert not alive


def test_chromium_gets_an_environment_of_its_own() -> None:
    ours = {"PATH": "/bin", "LC_ALL": "C", "https_proxy": "http://proxy:3128", "XDG_CACHE_HOME": "/c"}
    secrets = {"SM_API_KEY": "k", "SM_DATABASE_URL": "postgresql://u:p@h/d", "PGPASSWORD": "p", "AWS_SECRET_KEY": "s"}
    assert environment({**ours, **secrets}) == ours
