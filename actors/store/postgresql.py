"""The PostgreSQL driver, if installed: the extra `[postgresql]` brings it.

A service on SQLite runs without it. Its error classes are named here, so that one `except` fits both databases.
"""

from __future__ import annotations

try:
    from psycopg import Error, InterfaceError, OperationalError
    from psycopg.errors import LockNotAvailable
except ImportError:  # Every except clause that names them then catches nothing.

    class Error(Exception):  # type: ignore[no-redef]
        """A stand-in for the driver's errors without a driver. Never raised."""

        sqlstate: str | None = None

    InterfaceError = OperationalError = LockNotAvailable = Error  # type: ignore[assignment,misc]
    INSTALLED = False
else:
    INSTALLED = True

__all__ = ["INSTALLED", "Error", "InterfaceError", "LockNotAvailable", "OperationalError"]
