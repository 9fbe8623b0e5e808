"""`session-manager serve`: the service."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from actors.settings import load

Host = Annotated[str | None, typer.Option(help="Address to listen on (SM_HOST).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on (SM_PORT); 0 takes a free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Where profiles and the database are (SM_DATA_DIR).")]
Config = Annotated[Path | None, typer.Option(help="TOML file of settings (SM_CONFIG).")]
LogFormat = Annotated[str | None, typer.Option(help="json or console (SM_LOG_FORMAT).")]
WithSandbox = Annotated[bool, typer.Option("--sandbox", help="Run the sandbox beside it, and use that as WhatsApp.")]


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
    with ExitStack() as beside:
        if sandbox:
            load(config, options)  # what is wrong with them is told before anything is started
            from gateway.cli.sandbox import beside_us

            url = beside.enter_context(beside_us())
            print(f"WhatsApp is the sandbox: its phones are at {url}phones", file=sys.stderr, flush=True)
            options["whatsapp_url"] = url
        settings = load(config, options)
        # Imported late: wrong settings are told at once.
        from gateway import logs, server

        logs.configure(settings)
        raise typer.Exit(server.run(settings))
