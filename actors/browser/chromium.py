"""Chromium as a process of ours: found, started with the flags it needs, ended with certainty.

Every Chromium leads a process group of its own, and dies with us: `setpriv --pdeathsig KILL` (util-linux) asks the
kernel for that. Without setpriv one that outlives a killed service is reaped at the next start (`reaping`).

The death signal is bound to the thread that forked; so Chromium is started in the loop's thread, which lives as long as
any page does.

Its end is seen through a pidfd, at once and without a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from actors.browser.options import BrowserOptions, BrowserUnavailable

NAMES = ("chromium-headless-shell", "chromium")
"""What is looked for, the leanest first."""
_LIBRARY = Path("/usr/lib/chromium")
"""Debian's wrappers in /usr/bin call the binary in here. One of them does not exec: its pid would not be Chromium's."""
_AFTERMATH = 1.0
"""Seconds the children of a Chromium that ended by itself may take to follow: one of them may still be writing."""
_SMALL_SHM = 2**30
"""Bytes free in /dev/shm below which Chromium is told to use files elsewhere, or a page may crash for want of it."""

_QUIET = (
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-quic",
    "--disable-translate",
    "--disable-client-side-phishing-detection",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-extensions",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    # What a page puts into localStorage is written within a second or two. By default that takes 5 s, and a minute for
    # each further time: a login on a page that had shown codes for a while would be lost to a kill long after.
    "--enable-aggressive-domstorage-flushing",
    # A page nobody looks at must run as if somebody did.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
)
_LEAN = (
    # As few processes as there can be with the browser and the page still apart.
    "--in-process-gpu",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    "--enable-features=NetworkServiceInProcess2",
)
_NOT_WANTED = (
    "StorageServiceOutOfProcess",
    "AudioServiceOutOfProcess",
    "SpareRendererForSitePerProcess",
    "site-per-process",
    "IsolateOrigins",
    "Translate",
    "MediaRouter",
    "DialMediaRouteProvider",
    "OptimizationHints",
    "InterestFeedContentSuggestions",
)
"""Features that would cost a process, or speak to others than WhatsApp."""


@dataclass(frozen=True, slots=True)
class Build:
    """One Chromium on this host. `version` is like `156.0.8078.79`."""

    path: Path
    version: str

    @property
    def headless_shell(self) -> bool:
        """Whether it is the lean build that has no window at all."""
        return "headless" in self.path.name


def find(wanted: Path | None) -> Build:
    """The Chromium to run. Blocks for a moment: it is asked for its version. Raises BrowserUnavailable."""
    path = _named(wanted) if wanted is not None else _first()
    return Build(path, _version(path))


def _named(wanted: Path) -> Path:
    found = shutil.which(wanted)
    if found is None:
        raise BrowserUnavailable(f"There is no program {wanted}: set SM_CHROMIUM to the path of a Chromium.")
    return _behind_wrapper(Path(found))


def _first() -> Path:
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return _behind_wrapper(Path(found))
    raise BrowserUnavailable(
        "No Chromium was found: install chromium-headless-shell or chromium (on Debian: apt-get install "
        "chromium-headless-shell), or set SM_CHROMIUM to the path of one."
    )


def _behind_wrapper(path: Path) -> Path:
    """The binary that Debian's script of the same name calls; of other scripts it is asked that they exec."""
    binary = _LIBRARY / path.name
    # The size first: a binary has hundreds of megabytes.
    is_debians = (
        path.stat().st_size < 2**16 and path.resolve().parent == Path("/usr/bin") and path.read_bytes()[:2] == b"#!"
    )
    return binary if is_debians and os.access(binary, os.X_OK) else path


def _version(path: Path) -> str:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20.0, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrowserUnavailable(
            f"{path} does not run ({error}): set SM_CHROMIUM to the path of a Chromium."
        ) from error
    match = re.search(r"\d+(\.\d+){3}", said)
    if match is None:
        raise BrowserUnavailable(f"{path} does not say its version: set SM_CHROMIUM to the path of a Chromium.")
    return match.group()


def user_agent(version: str) -> str:
    """What a Chromium with a window says of itself: only its major version is told."""
    major = version.split(".", 1)[0]
    return f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"


def identity(version: str) -> dict[str, Any]:
    """The same for the page's client hints, which say Headless though the user agent does not. CDP's words."""
    major = version.split(".", 1)[0]
    brands = [("Not:A-Brand", "8", "8.0.0.0"), ("Chromium", major, version)]
    return {
        "userAgent": user_agent(version),
        "userAgentMetadata": {
            "brands": [{"brand": brand, "version": short} for brand, short, _ in brands],
            "fullVersionList": [{"brand": brand, "version": full} for brand, _, full in brands],
            "platform": "Linux",
            "platformVersion": "",
            "architecture": "x86",
            "bitness": "64",
            "model": "",
            "mobile": False,
        },
    }


def command(build: Build, profile: Path, options: BrowserOptions) -> list[str]:
    """The command line for one page on one profile."""
    no_sandbox = options.no_sandbox if options.no_sandbox is not None else os.geteuid() == 0
    return [
        str(build.path),
        *([] if build.headless_shell else ["--headless=new"]),
        *_QUIET,
        *_LEAN,
        f"--disable-features={','.join(_NOT_WANTED)}",
        *(["--no-sandbox"] if no_sandbox else []),
        # Sandboxed renderers are forked from a zygote. Without the sandbox it is one more process, which pays only
        # where it is big enough for its pages to be worth sharing: in the build with a window.
        *(["--no-zygote"] if no_sandbox and build.headless_shell else []),
        *(["--disable-dev-shm-usage"] if _shm_free() < _SMALL_SHM else []),
        f"--user-agent={options.user_agent or user_agent(build.version)}",
        f"--user-data-dir={profile}",
        *options.chromium_args,
        "about:blank",
    ]


def _shm_free() -> int:
    try:
        return shutil.disk_usage("/dev/shm").free
    except OSError:
        return 0


def dying_with_us(command: list[str]) -> list[str]:
    """The command, so that the kernel kills it when the thread that starts it ends, where setpriv is there to ask."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else command


class ChromiumEnded(Exception):
    """Chromium ended before it could be talked to; the text is the end of what it said."""


class Chromium:
    """One process group. On the loop only."""

    def __init__(self, command: list[str]) -> None:
        """Start it. Raises OSError."""
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = loop.create_future()
        """The exit code, negative for a signal, as soon as the main process is gone."""
        self._endpoint: asyncio.Future[str] = loop.create_future()
        self._said: deque[str] = deque(maxlen=10)
        self._rest = b""
        self._gone = False
        self._stderr, child_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(child_end, True)
        try:
            self._process = subprocess.Popen(
                dying_with_us(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=child_end,
                start_new_session=True,
            )
        except OSError:
            os.close(self._stderr)
            raise
        finally:
            os.close(child_end)
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._stderr, self._read)
        loop.add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """Of the main process, which is also the id of its group."""
        return self._process.pid

    async def endpoint(self, seconds: float) -> str:
        """The address of its debugging port. Raises ChromiumEnded, TimeoutError."""
        either: set[asyncio.Future[Any]] = {self._endpoint, self.ended}
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._endpoint.done():
            return self._endpoint.result()
        if self.ended.done():
            raise ChromiumEnded(f"exit code {self.ended.result()}: {' '.join(self._said)[-500:]}")
        raise TimeoutError(f"Chromium opened no debugging port within {seconds:.0f} s")

    async def end(self, grace: float) -> bool:
        """Ask it to end, kill the group if it does not within `grace` seconds, and wait until all of it is gone.

        True if nothing had to be killed. SIGTERM lets it write what it holds; SIGKILL can lose the last seconds.
        """
        if grace > 0 and not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await asyncio.wait({self.ended}, timeout=grace)
        orderly = self.ended.done()
        if not orderly:
            self.kill()
            await asyncio.wait({self.ended})
        await self._until_group_is_gone(time.monotonic() + (_AFTERMATH if orderly else 0.0))
        self._let_go()
        return orderly

    def kill(self) -> None:
        """Kill whatever is left of the group."""
        if not self._gone:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def _until_group_is_gone(self, kill_at: float) -> None:
        """A killed process cannot stay; the deadline is against a kernel that says otherwise."""
        deadline = kill_at + 5.0
        while (now := time.monotonic()) < deadline and _is_alive(self.pid):
            if now >= kill_at:
                self.kill()
            await asyncio.sleep(0.005)  # members that are not our children end without telling us

    def _read(self) -> None:
        try:
            data = os.read(self._stderr, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._stderr)
            return
        *lines, self._rest = (self._rest + data)[-65536:].split(b"\n")
        for line in lines:
            self._hear(line.decode("utf-8", "replace").strip())

    def _hear(self, line: str) -> None:
        if line:
            self._said.append(line[:300])
        match = re.match(r"DevTools listening on (ws://\S+)", line)
        if match and not self._endpoint.done():
            self._endpoint.set_result(match.group(1))

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._read()  # its last words
        if not self.ended.done():
            self.ended.set_result(self._process.wait())

    def _let_go(self) -> None:
        if self._gone:
            return
        self._gone = True
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._stderr)
        os.close(self._stderr)
        os.close(self._pidfd)


def _is_alive(group: int) -> bool:
    """Whether a member of the process group is left that is not merely waiting to be reaped by its parent."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return True
    return False
