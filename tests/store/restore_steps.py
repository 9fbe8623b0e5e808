"""The steps of a restore in the store, and how a process is made to die at one of them: by SIGKILL, of itself.

Rule of this file: who prepares a step dies there, so it is done in a process made for that.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from actors.store import backup

KILLED = -signal.SIGKILL
"""The exit code of who died at a step."""


@dataclass(frozen=True, slots=True)
class Step:
    """`prepare` has this process die there; `restored`: whether that is after the change."""

    prepare: Callable[[], None]
    restored: bool


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed")


def before(owner: Any, name: str) -> Callable[[], None]:
    """Die instead of this function of a module or class."""
    return lambda: setattr(owner, name, die)


def after(owner: Any, name: str) -> Callable[[], None]:
    """Die at the end of this function of a module or class."""

    def prepare() -> None:
        whole = getattr(owner, name)

        def and_die(*arguments: Any, **options: Any) -> None:
            whole(*arguments, **options)
            die()

        setattr(owner, name, and_die)

    return prepare


def after_the_rename() -> None:
    whole = Path.replace

    def rename_and_die(self: Path, target: Path) -> Path:
        renamed = whole(self, target)
        if self.suffix == ".restoring":
            die()
        return renamed

    setattr(Path, "replace", rename_and_die)  # noqa: B010 - in who dies only; mypy would not have it


ANYWHERE = {
    "the copy is made": Step(after(backup, "_copy_file"), restored=False),
    "the copy is upgraded": Step(after(backup, "_upgraded"), restored=False),
    "the copy goes on from the present": Step(after(backup, "succeed"), restored=False),
}
SQLITE = {
    "the old log is settled": Step(after(backup, "_lock_out"), restored=False),
    "the copy is about to be put": Step(before(backup, "_put"), restored=False),
    "the rename is done": Step(after_the_rename, restored=True),
    "all is done": Step(after(backup, "_put"), restored=True),
}
POSTGRESQL = {
    "rows are about to be deleted": Step(before(backup, "_copy_rows"), restored=False),
    "rows are copied": Step(after(backup, "_copy_rows"), restored=False),
    "numbers go on": Step(after(backup, "count_on"), restored=False),
    "it is committed": Step(after(backup, "_load"), restored=True),
}
