"""`session-manager sandbox`: a WhatsApp Web to play against; and the same as a child of the service.

The sandbox is a program of its own: it is started, never imported.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import typer

from actors.settings import StartRefused

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Every option is the sandbox's own."""
_COMMAND = [sys.executable, "-m", "sandbox"]
_START_SECONDS = 20.0
_END_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def sandbox(context: typer.Context) -> None:
    """Run the sandbox: a WhatsApp Web with virtual phones. `sandbox --help` lists its options."""
    os.execv(sys.executable, [*_COMMAND, *context.args])


@contextmanager
def beside_us() -> Iterator[str]:
    """The sandbox as a child on a free port: it ends with us, whatever ends us. Yields its URL. Raises StartRefused."""
    with subprocess.Popen(
        [*_COMMAND, "--host", "127.0.0.1", "--port", "0"],
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end it once the clients are closed
        preexec_fn=_end_with_parent,
    ) as process:
        assert process.stdout is not None
        try:
            url = _ready_url(process.stdout)
            threading.Thread(target=_drain, args=[process.stdout], name="sandbox-output", daemon=True).start()
            yield url
        finally:
            _end(process)


def _end_with_parent() -> None:
    # https://man7.org/linux/man-pages/man2/prctl.2.html: sent when the thread that started the child ends, and that is
    # the main one.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ready_url(output: IO[bytes]) -> str:
    """The address in the line `sandbox ready http://127.0.0.1:PORT/`."""
    said = output.readline().decode().split() if select.select([output], [], [], _START_SECONDS)[0] else []
    if said[:2] != ["sandbox", "ready"]:
        raise StartRefused("The sandbox did not start: run `session-manager sandbox` to see why.")
    return said[2]


def _drain(output: IO[bytes]) -> None:
    """Read what else it says, so that it never waits for a reader."""
    while output.read(65536):
        pass


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
