"""The command line: `session-manager COMMAND`. One module a family of commands; this one is their table.

Rule of this package: what a person did wrong is told in one sentence on standard error; exit codes are documented.
"""

from __future__ import annotations

import sys

import structlog
import typer

from config.refusal import StartRefused
from gateway.cli import backup, checklist, clients, keys, sandbox, send, serve, tail, webhooks

app = typer.Typer(
    name="session-manager",
    help="Keeps many WhatsApp clients alive on one host and offers them over HTTP.",
    epilog=(
        "Exit codes: 0 done; 1 could not start, or failed; 2 wrong options or settings; "
        "3 stopped, but something had to be killed; 4 no service answered; "
        "70 a part of the service died, start it again."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def demo() -> None:
    """Play the whole story of one client, in real headless Chromium, against the sandbox."""
    from gateway.cli.demo import run  # imported late: it brings an HTTP client and more

    raise typer.Exit(run())


app.command("serve")(serve.serve)
app.command("clients")(clients.clients)
app.command("init")(clients.init)
app.command("status")(clients.status)
app.command("send")(send.send)
app.command("tail")(tail.tail)
app.command("stop")(clients.stop)
app.command("logout")(clients.log_out)
app.command("delete")(clients.delete)
app.add_typer(keys.app, name="keys")
app.add_typer(webhooks.app, name="webhooks")
app.command("checklist")(checklist.checklist)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("sandbox", context_settings=sandbox.PASSED_ON)(sandbox.sandbox)
app.command("demo")(demo)


def main() -> None:
    """The program."""
    # What is printed is the answer; `serve` has a log of its own.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app()
    except StartRefused as refusal:
        print(f"session-manager: {refusal}", file=sys.stderr)
        sys.exit(refusal.exit_code)
