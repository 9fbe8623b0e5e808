"""A program of ours as a child process, such as the sandbox: it ends with this process in any case."""

from __future__ import annotations

import ctypes
import select
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from actors.settings import StartRefused

_START_SECONDS = 20.0
_END_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def child(command: Sequence[str], ready: str, otherwise: str) -> Iterator[list[str]]:
    """Run a program whose first line begins with `ready` once it listens, and yield the words after that.

    Raises StartRefused, with the sentence `otherwise`.
    """
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for this process, which ends its child when it has no more use for it
        preexec_fn=_end_with_parent,
    ) as process:
        assert process.stdout is not None
        try:
            said = _first_line(process.stdout)
            if said[: len(ready.split())] != ready.split():
                raise StartRefused(otherwise)
            threading.Thread(target=_drain, args=[process.stdout], name="child-output", daemon=True).start()
            yield said[len(ready.split()) :]
        finally:
            _end(process)


def _end_with_parent() -> None:
    # https://man7.org/linux/man-pages/man2/prctl.2.html: sent when the thread that started the child ends, here the
    # main thread.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _first_line(output: IO[bytes]) -> list[str]:
    """Return the words of the first line; none if it does not come in time."""
    return output.readline().decode().split() if select.select([output], [], [], _START_SECONDS)[0] else []


def _drain(output: IO[bytes]) -> None:
    """Read the further output, so that the child never blocks on a full pipe."""
    while output.read(65536):
        pass


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
