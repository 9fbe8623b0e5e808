"""The output of commands: tables for people, the service's JSON for scripts."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from json import dumps
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from actors.texts.readable import readable_in

_UNCUT = 10_000
"""Columns without a terminal: output to a file or a pipe is never cut."""


def _open_what_is_closed() -> None:
    """Discard output to a stream that the caller has closed (`>&-`)."""
    for number, name in enumerate(("stdout", "stderr"), 1):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere if nowhere == number else os.dup2(nowhere, number), "w"))


_open_what_is_closed()
console = Console(highlight=False, width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _UNCUT)
beside = Console(highlight=False, stderr=True)
"""For people, if standard output is for a script."""

COLOURS = {"READY": "green", "QR_REQUIRED": "cyan", "INITIALIZING": "yellow", "RECONNECTING": "yellow"} | {
    "DISCONNECTED_RECOVERABLE": "yellow",
    "NOT_INITIALIZED": "dim",
}


def as_json(value: Any) -> None:
    """Print JSON for scripts, one value in all."""
    print(line(value, indent=2))


def line(value: Any, indent: int | None = None) -> str:
    """Return the value as JSON that standard output can write and any reader can read."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return dumps(readable_in(value), ensure_ascii=not unicode, indent=indent)


def unfailing() -> None:
    """Have characters that a terminal's encoding does not know written as escapes: no output ends a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def answer(found: Any, said: str, *, json: bool, markup: bool = True) -> None:
    """Print a call's answer: for scripts as JSON, for people as this sentence."""
    if json:
        as_json(found)
    else:
        console.print(said, markup=markup)


def state(name: str) -> str:
    """Return a client's state in its colour, for a sentence."""
    return state_cell(name).markup


def state_cell(name: str) -> Text:
    """Return the same for a table."""
    return Text(name, style=COLOURS.get(name, "red"))


def visible(text: str) -> str:
    """Return the text, with every character that could steer a terminal shown by its code."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def rows(
    columns: Sequence[str], found: Iterable[Sequence[object]], *, header: bool = True, empty: str | None = None
) -> None:
    """Print a table; if it has no row, the sentence `empty` instead.

    A cell's text may come from anybody: it is never parsed as markup, and cannot control the terminal.
    """
    cells = list(found)
    if empty is not None and not cells:
        console.print(empty, markup=False, soft_wrap=True)
        return
    table = Table(*columns, box=None, pad_edge=False, show_header=header)
    for row in cells:
        table.add_row(*(_cell(cell) for cell in row))
    console.print(table)


def _cell(said: object) -> Text:
    return said if isinstance(said, Text) else Text("" if said is None else visible(str(said)))


def facts(known: Mapping[str, object]) -> None:
    """Print the known facts about one thing, one per line."""
    told = [(Text(name, style="dim"), _worded(value)) for name, value in known.items() if value not in _NOTHING]
    rows(("", ""), told, header=False)


_NOTHING: tuple[object, ...] = (None, "", [], {})


def _worded(value: object) -> object:
    """Return a value as people read it: parts by their names, without those that say nothing."""
    match value:
        case bool():
            return ("no", "yes")[value]
        case Mapping():
            return ", ".join(f"{name} {_worded(part)}" for name, part in value.items() if part not in _NOTHING)
        case list():
            return ", ".join(str(_worded(part)) for part in value)
    return value
