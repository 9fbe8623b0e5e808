"""Commands that back up and restore the store, on the service's host. Browser profiles, and so the logins, are not part
of it.

Exit codes: 0 done; 1 refused, nothing was changed; 2 wrong options or settings, or a backup of another WhatsApp.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from actors.settings import StartRefused, load
from gateway.cli import output

Target = Annotated[Path, typer.Argument(help="The file to write; replaced once the new file is complete.")]
Source = Annotated[Path, typer.Argument(help="A file written by `backup`.")]
Config = Annotated[Path | None, typer.Option(help="TOML file of settings (SM_CONFIG).")]
DataDir = Annotated[Path | None, typer.Option(help="The service's directory (SM_DATA_DIR).")]


def backup(file: Target, config: Config = None, data_dir: DataDir = None) -> None:
    """Write sessions, messages, webhooks, keys and history to one file (mode 0600), while the service runs.

    Logins are not included, because they are in the browser profiles: clients of a restored store may need a new scan.
    """
    from actors.backups import back_up  # imported late: wrong options are reported at once

    settings = load(config, {"data_dir": data_dir})
    with _refused(file):
        back_up(settings, file)
    output.console.print(f"{file}: {file.stat().st_size / 1024:.0f} KiB", markup=False, soft_wrap=True)


def restore(file: Source, config: Config = None, data_dir: DataDir = None) -> None:
    """Replace the whole store with a backup, while the service is stopped.

    Messages accepted since the backup are lost. Messages sent since the backup are not sent again.
    """
    from actors.backups import put_back

    settings = load(config, {"data_dir": data_dir})
    with _refused(file):
        restored = put_back(settings, file)
    if restored is None:
        raise StartRefused("The service is running: stop it, restore the backup, then start the service again.")
    output.console.print(f"{file} is restored; start the service", markup=False, soft_wrap=True)
    told = {
        "messages to be looked up before they may leave": restored.looked_up,
        "messages that have ended since the backup": restored.ended,
        "positions of events left out": restored.left_out,
    }
    output.facts({name: count for name, count in told.items() if count})


@contextmanager
def _refused(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = f"The directory {file.parent}" if isinstance(error, FileNotFoundError) else f"{error.filename or file}"
        raise StartRefused(f"{place} cannot be used: {error.strerror or error}.") from error
