"""The service in the process table of this host: its process, its settings, its sandbox, its Chromiums."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from actors.settings import Settings, load, with_sandbox

PROGRAMS = ("session-manager", "gateway.cli")
"""The command line of the service contains one of these."""
_OPTIONS = ("--host", "--port", "--data-dir", "--config", "--log-format")


def settings_of(process: psutil.Process) -> Settings:
    """Return what a `serve` runs with: its environment, options and directory. Raises StartRefused, psutil.Error."""
    arguments = process.cmdline()
    options = {name[2:].replace("-", "_"): _option(arguments, name) for name in _OPTIONS}
    config = options.pop("config")
    where = Path(process.cwd())
    with _environment({k: v for k, v in process.environ().items() if k.startswith("SM_") or k == "PORT"}, where):
        settings = load(None if config is None else Path(config), options)
    if "--sandbox" in arguments:
        settings = with_sandbox(settings, next(_sandboxes(process), settings.whatsapp_url))
    return settings.model_copy(update={"data_dir": where / settings.data_dir})


def _sandboxes(process: psutil.Process) -> Iterator[str]:
    """Return where the sandbox of `serve --sandbox` listens: a child on a port that no setting names."""
    for child in process.children():
        if "sandbox" in child.cmdline():
            for socket in child.net_connections("tcp"):
                if socket.status == psutil.CONN_LISTEN:
                    yield f"http://127.0.0.1:{socket.laddr.port}/"


def _option(arguments: list[str], name: str) -> str | None:
    for number, argument in enumerate(arguments):
        if argument == name and number + 1 < len(arguments):
            return arguments[number + 1]
        if argument.startswith(name + "="):
            return argument.removeprefix(name + "=")
    return None


@contextlib.contextmanager
def _environment(theirs: dict[str, str], where: Path) -> Iterator[None]:
    """Read the settings from the service's environment and directory, then restore ours."""
    before, here = dict(os.environ), Path.cwd()
    ours = {name: value for name, value in before.items() if not (name.startswith("SM_") or name == "PORT")}
    try:
        os.environ.clear()
        os.environ.update(ours | theirs)
        with contextlib.chdir(where):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        assert Path.cwd() == here


def listener(port: int) -> psutil.Process | None:
    """Return who listens there on this host. Raises psutil.Error."""
    for socket in psutil.net_connections("tcp"):
        if socket.status == psutil.CONN_LISTEN and socket.pid and socket.laddr and socket.laddr.port == port:
            return _unforked(psutil.Process(socket.pid))
    return None


def is_service(process: psutil.Process) -> bool:
    """Return whether it runs, and runs our program. Raises psutil.Error."""
    return process.is_running() and any(name in " ".join(process.cmdline()) for name in PROGRAMS)


def _unforked(process: psutil.Process) -> psutil.Process:
    """Return the service itself: while it starts a Chromium, a fork of it holds its socket for a moment, and looks just
    like it.
    """
    while (parent := process.parent()) is not None and parent.cmdline() == process.cmdline():
        process = parent
    return process


def with_argument(start: str) -> Iterator[psutil.Process]:
    """Yield main processes of Chromium with an argument that starts with `start`."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            arguments = process.cmdline()
            if any(argument.startswith(start) for argument in arguments) and not any(
                argument.startswith("--type=") for argument in arguments
            ):
                parent = process.parent()  # a fork of a Chromium looks just like it, until its exec
                if parent is None or parent.cmdline() != arguments:
                    yield process
