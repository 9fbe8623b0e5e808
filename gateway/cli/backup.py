"""Backups of the store, on the service's host: everything but the browser profiles, and so but the logins.

A restore beside a running service is the service's own work. The command hands the backup over in the data directory,
which only the service's user may write to, and orders it by name: so both mean the same service.

Exit codes: 0 done; 1 refused, nothing was changed; 2 wrong options or settings; 4 no service answered.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import httpx
import typer

from config.loading import load
from config.refusal import StartRefused
from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, Key, Remote, Url

if TYPE_CHECKING:
    from config.settings import Settings

_RESTORE_SECONDS = 3600.0
"""How long a restore may take: a stop, a copy of the whole store, a start."""
_LOOK_SECONDS = 0.5

Target = Annotated[Path, typer.Argument(help="The file to write; replaced once the new one is whole.")]
Source = Annotated[Path, typer.Argument(help="A file that `backup` wrote.")]
Config = Annotated[Path | None, typer.Option(help="TOML file of settings (SM_CONFIG).")]
DataDir = Annotated[Path | None, typer.Option(help="The service's directory (SM_DATA_DIR).")]


def backup(file: Target, config: Config = None, data_dir: DataDir = None) -> None:
    """Write sessions, messages, webhooks, keys and history to one file (mode 0600), while the service runs.

    The logins are in the browser profiles, not in it: clients of a restored store may have to be scanned again.
    """
    from actors.backups import back_up  # imported late: wrong options are told at once

    settings = load(config, {"data_dir": data_dir})
    with _told(file):
        back_up(settings, file)
    output.console.print(f"{file}: {file.stat().st_size / 1024:.0f} KiB", markup=False, soft_wrap=True)


def restore(
    file: Source, config: Config = None, data_dir: DataDir = None, url: Url = DEFAULT_URL, key: Key = None
) -> None:
    """Put a backup in the place of all that the store holds, while the service runs or while it does not.

    A running service closes its clients (none is logged out), restores, and has them resume; other calls get 503 while
    that takes. It is asked over HTTP, with an admin's key. What was accepted since the backup is lost; nothing that has
    left since leaves again.
    """
    from actors.backups import put_back

    settings = load(config, {"data_dir": data_dir})
    with _told(file):
        restored = put_back(settings, file)
    if restored is None:
        with _told(file), _handed_over(settings, file) as name, Remote(url, key) as service:
            answer = _followed(service, name)
    else:
        answer = {**asdict(restored), "success": True}
    _tell_restored(file, answer, running=restored is None)


@contextmanager
def _handed_over(settings: Settings, file: Path) -> Iterator[str]:
    """The backup where the service looks for it, under a name of its own."""
    from actors.backups import handed_over

    owner = settings.data_dir.stat()
    place = handed_over(settings)
    place.mkdir(mode=0o700, exist_ok=True)
    copy = place / f"{uuid4().hex}.backup"
    try:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as target, file.open("rb") as source:
            shutil.copyfileobj(source, target)
        if os.geteuid() == 0:  # the service may be another user's
            os.chown(place, owner.st_uid, owner.st_gid)
            os.chown(copy, owner.st_uid, owner.st_gid)
        yield copy.name
    finally:
        copy.unlink(missing_ok=True)


def _followed(service: Remote, name: str) -> dict[str, Any]:
    """Order it, and show how far it is until it is done."""
    with ThreadPoolExecutor(1) as thread, output.console.status("checking the backup") as status:
        ordered = thread.submit(service.call, "POST", "/restore", json={"file": name}, timeout=_RESTORE_SECONDS)
        while not wait([ordered], timeout=_LOOK_SECONDS).done:
            status.update(_stage(service))
        answer: dict[str, Any] = ordered.result()
        return answer


def _stage(service: Remote) -> str:
    try:
        why = service.http.get("/ready").json()["why"]
    except (httpx.HTTPError, ValueError, KeyError):
        return "waiting for the service"
    return "closing clients, putting the backup in place" if "draining" in why else "checking the backup"


def _tell_restored(file: Path, answer: dict[str, Any], *, running: bool) -> None:
    after = "and its clients resume" if running else "start the service"
    output.console.print(f"{file} is restored; {after}", markup=False, soft_wrap=True)
    told = {
        "messages to be looked up before they may leave": answer["looked_up"],
        "messages that have ended since the backup": answer["ended"],
        "positions of events left out": answer["left_out"],
    }
    output.facts({name: count for name, count in told.items() if count})


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartRefused(f"{error.filename or file} cannot be used: {error.strerror or error}.") from error
