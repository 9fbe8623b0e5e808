"""The command line: `session-manager COMMAND`. One module per family of commands; this module is their table.

A person's mistake is reported in one sentence on standard error; exit codes are documented.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import structlog
import typer

from actors.settings import StartRefused
from gateway.cli import (
    backup,
    chats,
    checklist,
    clients,
    config,
    doctor,
    groups,
    keys,
    messages,
    output,
    service,
    webhooks,
)

app = typer.Typer(
    name="session-manager",
    help=(
        "Runs many WhatsApp clients on one host and serves them over HTTP. "
        "To start without a phone: `serve --sandbox`, and in another terminal `init 99`."
    ),
    epilog=(
        "Exit codes: 0 done; 1 could not start, or failed; 2 wrong options or settings; "
        "3 stopped, but not all of it ended in time; 4 no service answered; "
        "70 a part of the service died, start it again; 130 ended by Ctrl-C."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"session-manager {version('session-manager')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
]


@app.callback()
def options(version: Version = False) -> None:
    pass


def demo() -> None:
    """Run the whole story of one client, in real headless Chromium, against the sandbox."""
    from gateway.cli.demo import run  # imported late: it brings an HTTP client and more

    raise typer.Exit(run())


RUN, USE, OPERATE = "Run", "Clients and messages (of a running service)", "Operate"

app.command("serve", rich_help_panel=RUN)(service.serve)
app.command("sandbox", rich_help_panel=RUN, context_settings=service.PASSED_ON)(service.sandbox)
app.command("demo", rich_help_panel=RUN)(demo)
app.command("clients", rich_help_panel=USE)(clients.clients)
app.command("init", rich_help_panel=USE)(clients.init)
app.command("status", rich_help_panel=USE)(clients.status)
app.command("send", rich_help_panel=USE)(messages.send)
app.command("messages", rich_help_panel=USE)(messages.messages)
app.command("held", rich_help_panel=USE)(messages.held)
app.command("chats", rich_help_panel=USE)(chats.chats)
app.command("fetch", rich_help_panel=USE)(chats.fetch)
app.command("contacts", rich_help_panel=USE)(chats.contacts)
app.command("config", rich_help_panel=USE)(config.config)
app.command("tail", rich_help_panel=USE)(messages.tail)
app.command("stop", rich_help_panel=USE)(clients.stop)
app.command("logout", rich_help_panel=USE)(clients.log_out)
app.command("delete", rich_help_panel=USE)(clients.delete)
app.add_typer(groups.app, name="groups", rich_help_panel=USE)
app.add_typer(keys.app, name="keys", rich_help_panel=OPERATE)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=OPERATE)
app.command("health", rich_help_panel=OPERATE)(service.health)
app.command("doctor", rich_help_panel=OPERATE)(doctor.doctor)
app.command("checklist", rich_help_panel=OPERATE)(checklist.checklist)
app.command("backup", rich_help_panel=OPERATE)(backup.backup)
app.command("restore", rich_help_panel=OPERATE)(backup.restore)


def main() -> None:
    """Run the program."""
    # Only results are printed; `serve` has a log of its own.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    output.unfailing()
    try:
        app()
    except StartRefused as refusal:
        _give_up(str(refusal), refusal.exit_code)
    except UnicodeEncodeError as error:  # a key with an accent in a header, bytes that are no UTF-8 in a text
        _give_up(f"{error.object[error.start : error.end]!r} cannot be sent: {error.reason} ({error.encoding}).", 2)
    except OSError as error:  # a full disk, a file that may not be written: a traceback would explain nothing
        _give_up(f"{error.filename or ''}: {error.strerror or error}.".removeprefix(": "), 1)


def _give_up(sentence: str, exit_code: int) -> NoReturn:
    print(f"session-manager: {sentence}", file=sys.stderr)
    sys.exit(exit_code)
