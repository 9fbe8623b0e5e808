"""Programs that begin with their libraries imported: each is forked from one interpreter that has imported them once.

Rule of this file: the interpreter that is forked imports what reads neither its environment nor its terminal, so it
has no module of the command line; and it has one thread. A program runs as `python -m` would run it, in a process of
its own, with an environment and streams of its own; it saves the second of CPU that the imports cost.
Tests of the very start of a process use `subprocess`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any, Self

_LONGEST = 1 << 20
"""Bytes that the order of a program may have, its environment included. Linux sends so much at once at most."""

_PROGRAM = f"from {__name__} import main; main()"
"""By `-m` it would be this module twice: the package imports it."""
_PATIENCE = 60.0
"""Seconds within which the interpreter has imported what it imports."""


class Forked:
    """A program that runs, or has run: of `subprocess.Popen`, what tests need. Made by `Interpreter.start`."""

    stdin: IO[bytes] | None = None

    def __init__(self, told: socket.socket) -> None:
        told.settimeout(_PATIENCE)
        self._told = told
        self.returncode: int | None = None
        self.pid = int(told.recv(32))

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs; minus the signal, where one ended it."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code. Raises subprocess.TimeoutExpired."""
        if (code := self._ended(timeout)) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            poller = select.poll()
            poller.register(self._told, select.POLLIN)
            if poller.poll(None if timeout is None else timeout * 1000):
                said = self._told.recv(32)
                assert said, f"the interpreter of process {self.pid} has ended"
                self.returncode = os.waitstatus_to_exitcode(int(said))
                self._told.close()
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, where it has not ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and we are told so in a moment
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Interpreter:
    """The process that is forked. A context manager."""

    def __enter__(self) -> Self:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._orders.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
        with theirs:
            self._process = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdin=theirs.fileno())
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.close()  # which ends it
        self._process.wait(30.0)

    def run(
        self, words: Sequence[str], environment: Mapping[str, str], seconds: float = 60.0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a module to its end, and return what it printed. Raises subprocess.TimeoutExpired."""
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            program = self.start(words, environment, stdout, stderr)
            try:
                code = program.wait(seconds)
            finally:
                program.kill()
                program.wait()
            for stream in (stdout, stderr):
                stream.seek(0)
            return subprocess.CompletedProcess(list(words), code, stdout.read(), stderr.read())

    def start(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        stdout: IO[bytes],
        stderr: IO[bytes],
        stdin: IO[bytes] | None = None,
    ) -> Forked:
        """Start a module with arguments, as the leader of a session of its own; by default its input is empty."""
        told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = json.dumps({"words": list(words), "environment": dict(environment)}).encode()
        with theirs, open(os.devnull, "rb") as nothing:
            streams = (stdin or nothing, stdout, stderr)
            socket.send_fds(self._orders, [order], [theirs.fileno(), *(stream.fileno() for stream in streams)])
        return Forked(told)


def _started() -> dict[str, Any] | None:
    """Fork a child for each order, and tell what became of it; in a child, return its order; None at the end."""
    selector = selectors.DefaultSelector()
    orders = socket.socket(fileno=0)
    selector.register(orders, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not orders:
                pid, told = key.data
                selector.unregister(key.fileobj)
                os.close(key.fd)
                _tell(told, os.waitpid(pid, 0)[1])
                told.close()
                continue
            data, descriptors, _flags, _address = socket.recv_fds(orders, _LONGEST, 4)
            if not data:
                os._exit(0)  # programs that still run are their starters' to end
            if not (pid := os.fork()):
                for other in selector.get_map().values():
                    if other.data is not None:
                        other.data[1].detach()  # or its end would close whatever has its number by then
                orders.detach()
                selector.close()
                _take(descriptors)
                order: dict[str, Any] = json.loads(data)
                return order
            told = socket.socket(fileno=descriptors[0])
            for descriptor in descriptors[1:]:
                os.close(descriptor)
            _tell(told, pid)
            selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))


def _tell(told: socket.socket, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # whoever asked has ended
        told.send(str(number).encode())


def _take(descriptors: Sequence[int]) -> None:
    """Have the streams of a program, and no other descriptor of the interpreter's or of other programs."""
    os.setsid()
    for number, descriptor in enumerate(descriptors[1:]):
        os.dup2(descriptor, number)
    os.closerange(3, 1 << 16)


def main() -> None:
    """Import, and be forked until nobody can order any more."""
    import typer  # noqa: F401  # the command line's own modules look at the terminal when they are imported

    from gateway import logs, server  # noqa: F401

    gc.collect()
    gc.freeze()
    order = _started()
    assert order is not None
    os.environ.clear()
    os.environ.update(order["environment"])
    module, *arguments = order["words"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
