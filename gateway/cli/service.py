"""Commands about the service itself: run it, or the sandbox in place of WhatsApp, and ask whether it is ready.

The sandbox, a simulated WhatsApp Web with virtual phones, is a program of its own: it is started, never imported.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from actors.settings import SANDBOX_DIR, Settings, StartRefused, load, with_sandbox
from gateway.cli import output
from gateway.cli.address import ServiceAddress, Unreachable
from gateway.cli.child import child

Host = Annotated[str | None, typer.Option(help="Address to listen on (SM_HOST).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on (SM_PORT); 0 takes a free port.")]
DataDir = Annotated[Path | None, typer.Option(help="Directory of profiles and the database (SM_DATA_DIR).")]
Config = Annotated[Path | None, typer.Option(help="TOML file of settings (SM_CONFIG).")]
LogFormat = Annotated[
    str | None, typer.Option(help="json, console, or auto: console on a terminal, else json (SM_LOG_FORMAT).")
]
WithSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Run the sandbox too, and use it as WhatsApp; data in ./data-sandbox.")
]
Address = Annotated[str, typer.Option("--url", help="Address to ask instead of the one in the settings.")]
Seconds = Annotated[float, typer.Option(help="Time limit for the answer.", min=0.1)]


def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    config: Config = None,
    log_format: LogFormat = None,
    sandbox: WithSandbox = False,
) -> None:
    """Run the service until SIGTERM or SIGINT. Every setting is an SM_ variable too.

    Exit codes: 0 stopped in order; 1 could not start; 2 wrong options or settings; 3 stopped, but not all of it ended
    in time; 70 a part of the service died.
    """
    options = {"host": host, "port": port, "data_dir": data_dir, "log_format": log_format}
    phones = None
    with ExitStack() as beside:
        settings = load(config, options)
        if sandbox:
            directory = with_sandbox(settings, settings.whatsapp_url).data_dir / _STATE
            url = beside.enter_context(beside_us(directory))
            phones = f"{url}phones"
            print(f"WhatsApp is the sandbox. Phones: {phones}", file=sys.stderr, flush=True)
            settings = with_sandbox(settings, url)
        # Imported late: wrong settings are reported at once. What it leaves stays for good, and is never searched for
        # garbage: a tenth of the time that imports take.
        gc.disable()
        from gateway import logs, server

        gc.freeze()
        gc.enable()
        logs.configure(settings)
        raise typer.Exit(server.run(settings, started=_greeting(settings, phones)))


def _greeting(settings: Settings, phones: str | None) -> Callable[[str], None] | None:
    """Return the function that shows a person at a terminal the addresses, once the service has started."""
    if not sys.stderr.isatty():
        return None

    def greet(url: str) -> None:
        places = {
            "Dashboard": f"{url}/dashboard",
            "Calls": f"{url}/docs",
            "Phones": phones,
            "Data": str(settings.data_dir.resolve()),
        }
        lines = [f"  {name:<10} {place}" for name, place in places.items() if place]
        print("", *lines, "  Ctrl-C ends it.", "", sep="\n", file=sys.stderr, flush=True)

    return greet


PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Every option is the sandbox's own."""
_COMMAND = [sys.executable, "-m", "sandbox"]
_STATE = "sandbox"
"""The sandbox's own directory, in the data directory."""


def sandbox(context: typer.Context) -> None:
    """Run the sandbox: a WhatsApp Web with virtual phones. `sandbox --help` lists its options."""
    os.execv(sys.executable, [*_COMMAND, "--data-dir", str(SANDBOX_DIR / _STATE), *context.args])


@contextmanager
def beside_us(directory: Path) -> Iterator[str]:
    """Run the sandbox as a child that keeps its state in this directory. Yields its URL. Raises StartRefused."""
    command = [*_COMMAND, "--host", "127.0.0.1", "--data-dir", str(directory)]
    with child(
        command, "sandbox ready", "The sandbox did not start: run `session-manager sandbox` to see why."
    ) as said:
        yield said[0]


def health(config: Config = None, url: Address = "", seconds: Seconds = 4.0) -> None:
    """Ask the service on this machine whether it is ready, where its settings say that it listens.

    Exit codes: 0 ready; 1 it answers, but is not ready; 2 wrong settings; 4 no service answered.
    """
    address = ServiceAddress.of(url) if url else ServiceAddress.served(load(config))
    with address.client(seconds) as http:
        try:
            answer = http.get("/ready")
        except httpx2.TransportError as error:
            why = error or type(error).__name__
            raise Unreachable(f"No service answers at {address.url} ({why}).") from error
    if not answer.is_success:
        raise StartRefused(f"The service at {address.url} is not ready: it answers {answer.status_code}.")
    output.console.print(f"{address.url} is ready", markup=False)
