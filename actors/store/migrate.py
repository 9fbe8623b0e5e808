"""Upgrade a database to the newest schema, in one transaction: a kill in between leaves the old schema whole."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from actors.store.errors import StoreTooNew

MIGRATIONS = Path(__file__).with_name("migrations")


def newest_revision() -> str:
    """Return the schema this version writes."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None, "migrations/versions is empty: the package is not whole"
    return head


def revision_of(connection: Connection) -> str | None:
    """Return the schema of a database; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(connection: Connection, revision: str = "head") -> None:
    """Upgrade to `revision`, in the caller's transaction.

    Raises StoreTooNew if the database is newer than this version.
    """
    found, known = revision_of(connection), _known_revisions()
    if found is not None and found not in known:
        raise StoreTooNew(found, newest_revision())
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())
