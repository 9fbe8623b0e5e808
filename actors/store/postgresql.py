"""The PostgreSQL driver, if installed: the extra `[postgresql]` brings it.

It is loaded once an address names PostgreSQL: a service on SQLite runs without it, installed or not.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from psycopg import Error


def installed() -> bool:
    """Load the driver; return False if there is none."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return False
    return True


def errors() -> tuple[type[Exception], ...]:
    """Return the base of the driver's errors, for `except`: nothing until it is loaded, for then none is raised."""
    base = getattr(sys.modules.get("psycopg"), "Error", None)
    return () if base is None else (base,)


def refused_option(query: Mapping[str, str | tuple[str, ...]]) -> str | None:
    """Return why the driver refuses the options of an address; None if it takes them. Asks no server."""
    from psycopg.conninfo import make_conninfo

    try:
        make_conninfo(**{name: value if isinstance(value, str) else ",".join(value) for name, value in query.items()})
    except errors() as error:
        return str(error).splitlines()[0]
    return None


def is_error(error: BaseException | None) -> TypeGuard[Error]:
    """Return True for an error of the driver."""
    return isinstance(error, errors())
