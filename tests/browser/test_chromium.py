"""Finding Chromium, the flags it is given, and that it ends for certain."""

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

from actors.browser import chromium, wa_js
from actors.browser.chromium import Build, Chromium, ChromiumEnded
from actors.browser.options import BrowserOptions, BrowserUnavailable
from tests.browser.conftest import BUILDS

URL = "https://web.whatsapp.com/"
SHELL = Build(Path("/opt/chromium-headless-shell"), "156.0.8078.79")
FULL = Build(Path("/opt/chromium"), "156.0.8078.79")


def flags(build: Build, **options: object) -> list[str]:
    return chromium.command(build, Path("/data/profiles/7/chromium"), BrowserOptions(Path("/data"), URL, **options))  # type: ignore[arg-type]


def test_the_user_agent_says_nothing_of_headless() -> None:
    (agent,) = [flag for flag in flags(SHELL) if flag.startswith("--user-agent=")]
    assert "Chrome/156.0.0.0" in agent
    assert "Headless" not in agent
    assert "Headless" not in str(chromium.identity("156.0.8078.79"))
    assert "--user-agent=Mine" in flags(SHELL, user_agent="Mine")


def test_chromiums_own_sandbox_stays_on_unless_it_is_switched_off_or_cannot_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "--no-sandbox" not in flags(SHELL)
    assert "--no-zygote" not in flags(SHELL)
    assert "--no-sandbox" in flags(SHELL, no_sandbox=True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--no-sandbox" in flags(SHELL)
    assert "--no-sandbox" not in flags(SHELL, no_sandbox=False)


def test_only_the_build_with_a_window_is_told_to_have_none() -> None:
    assert "--headless=new" in flags(FULL)
    assert "--headless=new" not in flags(SHELL)


def test_further_flags_come_last_so_that_they_count() -> None:
    assert flags(SHELL, chromium_args=("--lang=es",))[-2:] == ["--lang=es", "about:blank"]


def test_no_chromium_is_one_sentence_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrowserUnavailable, match="set SM_CHROMIUM"):
        chromium.find(tmp_path / "nothing")
    with pytest.raises(BrowserUnavailable, match="does not say its version"):
        chromium.find(Path("/bin/true"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserUnavailable, match="install chromium-headless-shell"):
        chromium.find(None)


def test_a_missing_wa_js_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BrowserUnavailable, match="make setup"):
        wa_js.load(tmp_path)
    assert wa_js.load().version


@pytest.mark.e2e
@pytest.mark.parametrize("name", BUILDS)
def test_a_process_starts_as_a_group_of_its_own_and_ends_when_asked(name: str, tmp_path: Path) -> None:
    build = chromium.find(Path(name))
    command = chromium.command(build, tmp_path / "profile", BrowserOptions(tmp_path, URL))

    async def story() -> bool:
        process = Chromium(command)
        assert (await process.endpoint(10.0)).startswith("ws://127.0.0.1:")
        assert os.getpgid(process.pid) == process.pid
        assert psutil.Process(process.pid).cmdline()[0] == str(build.path)
        return await process.end(5.0)

    assert asyncio.run(story())


def test_one_that_ends_by_itself_says_why() -> None:
    async def story() -> None:
        process = Chromium(["/bin/sh", "-c", "echo no such flag >&2; exit 3"])
        with pytest.raises(ChromiumEnded, match="exit code 3: no such flag"):
            await process.endpoint(5.0)
        assert await process.end(0.0)

    asyncio.run(story())


def test_one_that_does_not_end_when_asked_is_killed_with_its_children() -> None:
    async def story() -> None:
        process = Chromium(
            ["/bin/sh", "-c", "trap '' TERM; sleep 100 & echo DevTools listening on ws://here >&2; wait; sleep 100"]
        )
        await process.endpoint(5.0)
        began = time.monotonic()
        assert not await process.end(0.2)
        assert time.monotonic() - began < 3.0
        assert not chromium._is_alive(process.pid)

    asyncio.run(story())


def test_it_dies_with_the_service_that_started_it(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import asyncio, time
        from actors.browser.chromium import Chromium

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
