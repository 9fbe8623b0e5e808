"""What a Chromium can reach, and who can reach it: nobody else on the host, and nothing but WhatsApp."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.cdp import Wire
from actors.browser.chromium.addresses import Addresses, proxies_of
from actors.browser.process_record import members
from actors.clients.protocol import QrShown
from actors.clients.types import ClientId
from tests.browser.pages import CLIENT, SECONDS, Open, Opened, answer, on_wire, options, pid_of, running
from tests.rig import Sandbox

AS_NOBODY = textwrap.dedent("""
    import os, pathlib, pwd, socket, sys
    profile, *sockets = sys.argv[1:]
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    for path in sockets:
        with socket.socket(socket.AF_UNIX) as there:
            try:
                there.connect(path.replace("@", chr(0), 1) if path.startswith("@") else path)
            except OSError:
                continue
            print("connected to", path)
    try:
        print("read", os.listdir(profile))
    except PermissionError:
        pass
""")
"""Becomes nobody, and prints what it reaches."""


@pytest.fixture
def in_the_open(sandbox: Sandbox, build: str) -> Iterator[ChromiumBrowser]:
    """A browser whose data directory lies where everybody may look."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with running(ChromiumBrowser(options(Path(name), sandbox.url, build))) as browser:
            yield browser


@pytest.mark.e2e
def test_another_user_of_the_host_finds_nothing_to_connect_to(in_the_open: ChromiumBrowser) -> None:
    page = Opened(in_the_open)
    page.told.until(QrShown)
    processes = members(pid_of(in_the_open))
    directory = in_the_open._profiles.of(CLIENT).directory
    sockets: list[Any] = [one for process in processes for one in process.net_connections("all")]
    assert [one for one in sockets if one.status == psutil.CONN_LISTEN] == []
    assert not list(directory.rglob("DevToolsActivePort"))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    paths = sorted({str(one.laddr) for one in sockets if isinstance(one.laddr, str) and one.laddr})
    if os.geteuid() == 0:
        found = subprocess.run([sys.executable, "-c", AS_NOBODY, directory, *paths], capture_output=True, check=True)
        assert found.stdout == b""
    page.close()


@pytest.mark.e2e
def test_no_chromium_has_the_pipe_of_another(shell: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    first, second = opened(shell), opened(shell, ClientId(8))
    first.told.until(QrShown)
    second.told.until(QrShown)
    pipes = {pid: os.readlink(f"/proc/{pid}/fd/3") for pid in (pid_of(shell), pid_of(shell, ClientId(8)))}
    for leader, pipe in pipes.items():
        assert pipe.startswith("socket:")
        for process in members(leader):
            there = {os.readlink(one) for one in Path(f"/proc/{process.pid}/fd").iterdir() if one.is_symlink()}
            assert not there & (set(pipes.values()) - {pipe})


@pytest.mark.e2e
def test_a_page_opens_no_file_and_goes_nowhere_else(browser: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    page = opened(browser)
    page.told.until(QrShown)
    there = answer(browser, "location.href")

    async def navigate(wire: Wire) -> list[Any]:
        return [
            (await wire.call("Page.navigate", {"url": url})).get("errorText")
            for url in ("file:///etc/passwd", "view-source:file:///etc/passwd", "https://example.com/")
        ]

    assert on_wire(browser, navigate) == ["net::ERR_ABORTED"] * 3
    assert answer(browser, "location.href") == there
    elsewhere = sandbox.url.replace("127.0.0.1", "localhost")
    fetched = f"fetch({elsewhere!r}, {{mode: 'no-cors'}}).then(() => 'reached', (error) => error.name)"
    assert answer(browser, fetched) == "TypeError"
    connected = f"new Promise((done) => {{ const socket = new WebSocket('ws' + {elsewhere!r}.slice(4) + 'link'); "
    connected += "socket.onopen = () => done('reached'); socket.onerror = () => done('refused'); })"
    assert answer(browser, connected) == "refused"


@pytest.mark.e2e
def test_a_page_saves_nothing_of_its_own(browser: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    opened(browser).told.until(QrShown)

    async def download(wire: Wire) -> str:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def progressed(params: Any) -> None:
            if params["state"] != "inProgress" and not ended.done():
                ended.set_result(params["state"])

        wire.on("Browser.downloadProgress", progressed)
        save = "Object.assign(document.createElement('a'), {href: 'data:text/plain,x', download: 'x.txt'}).click()"
        await wire.call("Runtime.evaluate", {"expression": save, "userGesture": True})
        return await asyncio.wait_for(ended, SECONDS)

    assert on_wire(browser, download) == "canceled"


@pytest.mark.e2e
def test_a_chromium_ends_with_a_killed_service_also_without_setpriv(build: str, tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import asyncio, time
        from pathlib import Path
        from actors.browser.cdp import Wire
        from actors.browser.chromium import command_line, process
        from actors.browser.options import BrowserOptions

        async def main():
            build, here = command_line.find_build(Path({build!r})), Path({str(tmp_path)!r})
            process.dying_with_us = lambda command: command
            options = BrowserOptions(here, "https://web.whatsapp.com/")
            chromium = process.Chromium(command_line.command(build, here / "profile", options))
            await Wire().open(chromium.take_pipe(), 20.0)
            print(chromium.pid, flush=True)
            time.sleep(100)

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        chromium = psutil.Process(int(service.stdout.readline()))
        service.kill()
        service.wait(SECONDS)
    gone, alive = psutil.wait_procs([chromium], timeout=SECONDS)
    assert gone
    assert not alive


def test_the_addresses_are_whatsapps_and_those_that_were_given() -> None:
    addresses = Addresses.of("http://127.0.0.1:3900/", ["*.example.org"])
    allowed = (
        "https://web.whatsapp.com/",
        "https://whatsapp.com/",
        "https://media-eze1-1.cdn.whatsapp.net/v/t62",
        "http://127.0.0.1:3900/?post_logout=1",
        "https://a.example.org/",
        "about:blank",
        "blob:https://web.whatsapp.com/1",
        "data:text/html,x",
    )
    refused = (
        "https://whatsapp.com.example.com/",
        "https://evilwhatsapp.com/",
        "https://web.whatsapp.com@example.com/",
        "https://example.org/",
        "http://localhost:3001/",
        "http://[::1]/",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "view-source:file:///etc/passwd",
        "chrome://version/",
        "ftp://web.whatsapp.com/",
        "https://[x/",
        "",
    )
    assert [url for url in allowed if not addresses.allow(url)] == []
    assert [url for url in refused if addresses.allow(url)] == []


def test_names_of_proxies_are_resolved_and_with_a_star_all_are() -> None:
    flags = Addresses.of("http://[::1]:3900/").flags(["http://u:p@proxy.lan:3128", "10.0.0.1:8080", "socks5://s:1"])
    assert flags == [
        "--host-resolver-rules=MAP * ~NOTFOUND,EXCLUDE whatsapp.com,EXCLUDE *.whatsapp.com,EXCLUDE whatsapp.net,"
        "EXCLUDE *.whatsapp.net,EXCLUDE [::1],EXCLUDE proxy.lan,EXCLUDE 10.0.0.1,EXCLUDE s"
    ]
    anywhere = Addresses.of("http://[::1]:3900/", ["*"])
    assert anywhere.flags([]) == []
    assert anywhere.allow("https://example.com/")
    assert not anywhere.allow("file:///etc/passwd")
    given = ("--proxy-server=http=a:1;https=socks5://b:2", "--lang=es", "--proxy-pac-url=http://c/p.pac")
    assert proxies_of({"HTTPS_PROXY": "http://d:3"}, given) == ["http://d:3", "a:1", "socks5://b:2", "http://c/p.pac"]
