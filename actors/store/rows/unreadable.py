"""Rows that cannot be read as they should: JSON that is none, or of another shape; a word of a newer version.

Such a row is told as what it is, or left out, and logged once; the rows beside it are read as always. Nobody who reads
rows may fail for one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import structlog

from actors.texts.readable import from_json

Made = TypeVar("Made")

UNREADABLE = "This cannot be read: it is damaged, or of a newer version"
MOST_LOGGED = 1000

_log = structlog.get_logger("store")
_logged: set[tuple[str, str]] = set()


class Unreadable(dict[str, Any]):
    """An object in place of one that cannot be read."""

    def __init__(self) -> None:
        super().__init__(error=UNREADABLE)


def load_json(text: str | bytes) -> Any:
    """Return the value, or Unreadable. The database's driver calls this: an error here would lose the whole answer.

    Texts that an earlier version stored may hold half of a surrogate pair: no reader is to meet it.
    """
    try:
        return from_json(text)
    except (ValueError, RecursionError):
        return Unreadable()


def object_in(value: Any) -> dict[str, Any]:
    """Return the JSON object of a column, or Unreadable."""
    return value if isinstance(value, dict) else Unreadable()


def list_in(value: Any) -> list[Any] | None:
    """Return the JSON list of a column, or None if there is none."""
    return value if isinstance(value, list) else None


def readable(table: str, name: str, rows: Iterable[Any], make: Callable[[Any], Made]) -> Iterator[Made]:
    """Yield what is made of the rows, without those of which it cannot be made. `name` is the column that names one."""
    for row in rows:
        try:
            yield make(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            complain(table, row[name], error)


def complain(table: str, name: object, error: object = UNREADABLE) -> None:
    """Log a row that cannot be read, once."""
    key = (table, str(name))
    if key in _logged or len(_logged) >= MOST_LOGGED:
        return
    _logged.add(key)
    _log.warning("store.row_unreadable", table=table, row=str(name), why=str(error)[:200])
