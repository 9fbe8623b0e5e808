"""The PostgreSQL driver, if installed: the extra `[postgresql]` brings it.

It is loaded once an address names PostgreSQL: a service on SQLite runs without it, installed or not.
"""

from __future__ import annotations

import sys
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


def is_error(error: BaseException | None) -> TypeGuard[Error]:
    """Return True for an error of the driver."""
    return isinstance(error, errors())
