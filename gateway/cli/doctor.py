"""The command `session-manager doctor`: checks that wa-js and this program still fit the WhatsApp Web of today.

With `--live` it plays the whole story of a client on WhatsApp's page, against a mock of WhatsApp's server (`live`).
Exit codes: 0 everything is there, or holds; 1 something is missing, or broken; 2 no check was possible, or wrong
options.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actors.settings import StartRefused, load
from gateway.cli import output

if TYPE_CHECKING:
    from actors.browser.unpaired_page import PageLook

Url = Annotated[str | None, typer.Option(help="Address of WhatsApp Web (SM_WHATSAPP_URL).")]
Bundle = Annotated[
    Path | None,
    typer.Option("--wa-js", help="Another wa-js to test: its npm package, or its wppconnect-wa.js.", exists=True),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Config = Annotated[Path | None, typer.Option(help="TOML file of settings (SM_CONFIG).")]
Patience = Annotated[float, typer.Option("--seconds", min=5.0, max=300.0, help="Time limit of the check.")]
Live = Annotated[
    bool, typer.Option("--live", help="Pair, send, receive, restart and log out, against a mock of WhatsApp's server.")
]
PageFiles = Annotated[
    Path | None, typer.Argument(help="With --live: the directory of WhatsApp's page; without one it is fetched.")
]
Fetch = Annotated[
    bool,
    typer.Option("--fetch", help="With --live: get the files that the directory lacks from WhatsApp, and keep them."),
]
WHOLE, DEGRADED, UNKNOWN = 0, 1, 2


def doctor(
    directory: PageFiles = None,
    url: Url = None,
    wa_js: Bundle = None,
    live: Live = False,
    fetch: Fetch = False,
    as_json: AsJson = False,
    config: Config = None,
    seconds: Patience = 45.0,
) -> None:
    """Open WhatsApp Web without an account, and list everything that this program would miss.

    Needs no running service, and touches none. For a job that runs each night, and before an update of wa-js.

    Exit codes: 0 everything is there, or holds; 1 something is missing, or broken; 2 no check was possible, or wrong
    options.
    """
    if not live and (directory is not None or fetch):
        raise typer.BadParameter("a directory and --fetch are for --live alone")
    if live and url is not None:
        raise typer.BadParameter(f"--live opens https://web.whatsapp.com/ and no other address: leave out --url {url}")
    # Imported late: `session-manager --help` needs no browser.
    from actors.browser.options import BrowserUnavailable
    from actors.browser.unpaired_page import look
    from actors.options import browser_options

    settings = load(config, {"whatsapp_url": url})
    options = replace(browser_options(settings), wa_js=wa_js)
    try:
        if live:
            from gateway.cli.live import run

            fetches = fetch or directory is None
            raise typer.Exit(run(options, directory, seconds, fetch=fetches, as_json=as_json))
        seen = look(options, seconds)
    except (BrowserUnavailable, StartRefused) as error:
        output.beside.print(f"session-manager: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(UNKNOWN) from error
    code = DEGRADED if seen.outdated else UNKNOWN if seen.contract is None else WHOLE
    told = _told(seen, code, settings.whatsapp_url)
    if as_json:
        output.as_json(told)
    else:
        listed = {name: ", ".join(map(str, value)) for name, value in told.items() if isinstance(value, list)}
        output.facts({**told, **listed})
    raise typer.Exit(code)


def _told(seen: PageLook, code: int, url: str) -> dict[str, object]:
    known = {} if seen.contract is None else asdict(seen.contract)
    return {
        "contract": {WHOLE: "whole", DEGRADED: "degraded", UNKNOWN: "unknown"}[code],
        "text": seen.text,
        "reason": seen.reason,
        "url": url,
        **{name: sorted(value) if isinstance(value, tuple | frozenset) else value for name, value in known.items()},
        "chromium": seen.chromium,
        "seconds": round(seen.seconds, 1),
    }
