"""One Chromium process: its start, pipe, output, memory, and certain end.

Every Chromium leads a process group of its own, and dies with us: `setpriv --pdeathsig KILL` (util-linux) asks the
kernel for that. Without setpriv, it exits when it reads the end of its pipe; the next start ends one that does not
(`orphans`).

The death signal is bound to the thread that forked; so Chromium is started in the loop's thread, which lives as long as
any page does.

Its end is seen through a pidfd, at once and without a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psutil

from actors.browser.chromium.command_line import dying_with_us, speaking_on_stdin
from actors.browser.process_record import members
from actors.clients.ports import Usage

_AFTERMATH = 1.0
"""The seconds in which the children of a Chromium that ended by itself may follow: one of them may still be writing."""
_PF_EXITING = 0x4
"""The flag of a thread that is being ended, in the ninth field of /proc/<pid>/stat (include/linux/sched.h)."""

_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "DISPLAY", "XAUTHORITY")
_INHERITED_KINDS = ("LC_", "XDG_", "WAYLAND_", "DBUS_", "FONTCONFIG_", "CHROME_", "GTK_", "SSL_CERT_", "NSS_")


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Chromium: its own needs, and nothing of the service's settings and secrets.

    Proxies are among its own needs: without a setting Chromium takes those of the environment.
    """
    return {
        name: value
        for name, value in ours.items()
        if name in _INHERITED or name.startswith(_INHERITED_KINDS) or name.lower().endswith("_proxy")
    }


class ChromiumEnded(Exception):
    """Chromium ended before it answered; the text is the end of its output."""


class Chromium:
    """One process group. On the loop only."""

    def __init__(self, command: list[str]) -> None:
        """Start it. Raises OSError."""
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = loop.create_future()
        """The exit code, negative for a signal, as soon as the main process is gone."""
        self._said: deque[str] = deque(maxlen=10)
        self._rest = b""
        self._gone = False
        self._stderr, child_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(child_end, True)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._pipe: socket.socket | None = ours
        try:
            self._process = subprocess.Popen(
                dying_with_us(speaking_on_stdin(command)),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=child_end,
                env=environment(os.environ),
                start_new_session=True,
            )
        except OSError:
            os.close(self._stderr)
            ours.close()
            raise
        finally:
            os.close(child_end)
            theirs.close()
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._stderr, self._read)
        loop.add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """The pid of the main process, which is also the id of its group."""
        return self._process.pid

    @property
    def exiting(self) -> bool:
        """True if it has ended, or the kernel is ending it: a killed process loses its files before its last thread."""
        if self.ended.done():
            return True
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text("ascii", "replace")
        except OSError:
            return True
        return bool(int(stat.rpartition(")")[2].split()[6]) & _PF_EXITING)

    def cpu(self) -> float:
        """Return the seconds of a core that its living processes have taken. Blocks for a moment; any thread."""
        taken = 0.0
        for process in members(self.pid):
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                times = process.cpu_times()
                taken += times.user + times.system
        return taken

    def take_pipe(self) -> socket.socket:
        """Return our end of its debugging pipe, once; from then on it is the caller's."""
        pipe, self._pipe = self._pipe, None
        assert pipe is not None, "its pipe was taken"
        return pipe

    async def why_ended(self, seconds: float) -> ChromiumEnded | None:
        """Return how it ended, if it does within `seconds`."""
        await asyncio.wait({self.ended}, timeout=seconds)
        if not self.ended.done():
            return None
        return ChromiumEnded(f"exit code {self.ended.result()}: {' '.join(self._said)[-500:]}")

    async def end(self, grace: float) -> bool:
        """Ask it to end, kill the group if it does not within `grace` seconds, and wait until all of it is gone.

        True if nothing had to be killed. With SIGTERM it writes its pending data; SIGKILL can lose the last seconds.
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
        """Kill the rest of the group."""
        if not self._gone:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def _until_group_is_gone(self, kill_at: float) -> None:
        """Wait for the end. A killed process cannot stay; the deadline is against a kernel that reports otherwise."""
        deadline = kill_at + 5.0
        while (now := time.monotonic()) < deadline and members(self.pid):
            if now >= kill_at:
                self.kill()
            await asyncio.sleep(0.005)  # members that are not our children end without notice

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
        if self._pipe is not None:
            self._pipe.close()


def usage_of(roots: Iterable[int]) -> dict[int, Usage]:
    """Return the usage of the process trees below these roots, without those that have ended.

    Blocks: every process's page tables are read for its PSS, which takes milliseconds each.
    """
    below: defaultdict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        below[process.info["ppid"]].append(process.pid)
    return {root: usage for root in roots if (usage := _sum(_tree(root, below))).processes}


def _tree(root: int, below: Mapping[int, list[int]]) -> Iterator[int]:
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += below.get(pid, ())


def _sum(pids: Iterable[int]) -> Usage:
    processes, pss, cpu = 0, 0, 0.0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                pss += process.memory_full_info().pss
        except (psutil.Error, OSError, AttributeError):  # it has ended meanwhile, or may not be read
            continue
        processes, cpu = processes + 1, cpu + times.user + times.system
    return Usage(processes, pss, cpu)
