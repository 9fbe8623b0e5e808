"""The command `session-manager health`: what a container, a process manager or a monitor asks.

Exit codes: 0 ready; 1 it answers, but is not ready; 2 wrong settings; 4 no service answered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import httpx2
import typer

from actors.settings import StartRefused, load
from gateway.cli import output
from gateway.cli.address import ServiceAddress, Unreachable

Config = Annotated[Path | None, typer.Option(help="TOML file of settings (SM_CONFIG).")]
Address = Annotated[str, typer.Option("--url", help="Address to ask instead of the one in the settings.")]
Seconds = Annotated[float, typer.Option(help="Time limit for the answer.", min=0.1)]


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
