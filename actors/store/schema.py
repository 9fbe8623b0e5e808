"""The schema: the tables after the newest migration (`migrations/versions`; a test compares the two), and the upgrade.

The upgrade is one transaction: a kill in between leaves the old schema whole.

Instants are epoch seconds, UTC. One actor writes, so an autoincrement column counts the order of acceptance, and a
number once given is never given again, whatever retention deletes.

Frequent queries of the outbox concern its few open rows: those indexes are partial, so that they stay small however
many messages have been settled. Both databases use them only if the query names the state as a literal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TextClause,
    TypeDecorator,
    UniqueConstraint,
    inspect,
    select,
    text,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.mock import MockConnection

from actors.store.errors import StoreTooNew

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Count = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite autoincrements only a column spelled INTEGER."""


class Prose(TypeDecorator[str]):
    """Text from outside.

    Characters that no database can hold (NUL, lone surrogates) become U+FFFD; the text is never refused.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """Return the text as every database can hold it."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


store_properties = Table(
    "store_properties",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What the store as a whole remembers, by name: `origin`, the WhatsApp that it belongs to."""

sessions = Table(
    "sessions",
    metadata,
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("wanted", Boolean, nullable=False),
    Column("was_ready", Boolean, nullable=False),
    Column("paired_at", Double),
    Column("early_logouts", Integer, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("phone", Prose),
    Column("whatsapp_version", Prose),
    Column("version_seen_at", Double),
    Column("receipts", JSON(none_as_null=True)),
    Column("linked_since", Double),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Integer, nullable=False),
    Column("phone", Prose),
    Column("lid", Prose),
    Column("is_last", Boolean, nullable=False),
    Column("is_linked", Boolean, nullable=False),
    Index(None, "client_id"),
)
"""The WhatsApp accounts that clients have been linked to. `is_last` is true of the one a client was linked to last, and
`is_linked` while it is.
"""

client_configs = Table(
    "client_configs",
    metadata,
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text),
    Column("metadata", JSON, nullable=False),
    Column("proxy", JSON(none_as_null=True)),
    Column("ignored", JSON, nullable=False),
    Column("more", JSON, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("updated_at", Double, nullable=False),
    UniqueConstraint("name"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("position", Count, primary_key=True),
    Column("client_id", Integer, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("reason", Text),
    Column("text", Prose),
    Column("request_id", Prose),
    Column("at", Double, nullable=False),
    Index(None, "client_id", "position"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("position", Count, primary_key=True),
    Column("id", Text, nullable=False),
    Column("client_id", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", Double, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("written", BigInteger, nullable=False, server_default="0"),
    Column("phone", Prose),
    UniqueConstraint("id"),
    UniqueConstraint("client_id", "sequence"),
    sqlite_autoincrement=True,
)
"""`written` counts the bytes of all events up to this row: the difference of two rows is the size between them. `phone`
is the number that the client was linked to.
"""

event_gaps = Table(
    "event_gaps",
    metadata,
    Column("after", BigInteger, primary_key=True, autoincrement=False),
    Column("resumed", BigInteger, nullable=False),
)
"""Positions that a restore has left out, both bounds exclusive below: their events are lost."""

held_events = Table(
    "held_events",
    metadata,
    Column("position", Count, primary_key=True),
    Column("id", Text, nullable=False),
    Column("client_id", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("at", Double, nullable=False),
    Column("phone", Prose),
    UniqueConstraint("id"),
    sqlite_autoincrement=True,
)
"""Events that wait to be told, in their order; `id` is the one the event will have."""

received_media = Table(
    "received_media",
    metadata,
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("message_id", Prose, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mimetype", Prose, nullable=False),
    Column("filename", Prose, nullable=False),
    Column("at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Index(None, "digest"),
    Index(None, "until"),
)
"""The files that came with messages, by their bare ids. The file itself is in `media`."""

event_counts = Table(
    "event_counts",
    metadata,
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
)
"""The last sequence given to a client's event."""

event_keys = Table(
    "event_keys",
    metadata,
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("key", Prose, primary_key=True),
    Column("at", Double, nullable=False),
    Index(None, "at"),
)
"""Identities of events already written, which are not written again."""


def _partial(name: str, where: str, *columns: str | TextClause) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


_URGENT = (text("priority DESC"), "position", "chat", "expires_at", "state", "held")
"""The order in which messages leave, and the other columns of that query: the index alone answers it."""
_FREE = "state = 'queued' AND held IS NULL"

outbox = Table(
    "outbox",
    metadata,
    Column("position", Count, primary_key=True),
    Column("id", Text, nullable=False),
    Column("client_id", Integer, nullable=False),
    Column("chat", Prose, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("send_at", Double),
    Column("expires_at", Double),
    Column("key", Prose),
    Column("fingerprint", Text),
    Column("message_id", Text, nullable=False),
    Column("full_id", Prose),
    Column("state", Text, nullable=False),
    Column("reason", Prose),
    Column("attempts", Integer, nullable=False),
    Column("times", JSON, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("request_id", Prose),
    Column("trace_id", Text),
    Column("operation", Text, nullable=False, server_default="sendText"),
    Column("arguments", JSON, nullable=False, server_default="{}"),
    Column("media", Text),
    Column("account_id", Text),
    Column("held", Text),
    Column("failed_uploads", Integer, nullable=False, server_default="0"),
    UniqueConstraint("id"),
    UniqueConstraint("client_id", "key"),
    UniqueConstraint("client_id", "message_id"),
    Index(None, "client_id", "position"),
    # Two indexes for due messages: PostgreSQL takes no order from a column that is compared with NULL.
    _partial("ix_outbox_free", f"{_FREE} AND send_at IS NULL", "client_id", *_URGENT),
    _partial("ix_outbox_due", f"{_FREE} AND send_at IS NOT NULL", "client_id", "send_at", *_URGENT),
    _partial("ix_outbox_chat", "state = 'queued'", "client_id", "chat", "position", "state", "held"),
    _partial("ix_outbox_held", "state = 'queued' AND held IS NOT NULL", "client_id", "position"),
    _partial("ix_outbox_expiry", "state = 'queued' AND expires_at IS NOT NULL", "expires_at"),
    _partial("ix_outbox_sending", "state = 'sending'", "client_id", "position"),
    _partial("ix_outbox_media", "media IS NOT NULL", "media"),
    sqlite_autoincrement=True,
)
"""`media` is the digest of the file among the arguments, if there is one. `account_id` is the account that the message
was accepted for; null until the client is linked for the first time. `held` says why it does not leave
(`message_states.HeldBecause`).
"""

media = Table(
    "media",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mimetype", Prose, nullable=False),
    Column("filename", Prose, nullable=False),
    Column("kept_at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Index(None, "until"),
)
"""The files of the media store, which lie in a directory, named by their SHA-256 (`digest`, hexadecimal)."""

media_clients = Table(
    "media_clients",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Index(None, "client_id"),
)
"""The clients for which a file was uploaded: a key for some clients may name no other file."""

outbox_chats = Table(
    "outbox_chats",
    metadata,
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("chat", Prose, primary_key=True),
    Column("named", Prose, nullable=False),
    Index(None, "client_id", "named"),
)
"""The chat that WhatsApp named where it was written to another address of it; the named one has a row of itself too."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Prose, nullable=False),
    Column("digest", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("clients", JSON(none_as_null=True)),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double),
    Column("revoked_at", Double),
)


webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("clients", JSON, nullable=False),
    Column("secret", Text),
    Column("headers", JSON, nullable=False),
    Column("retry_growth", Text),
    Column("retry_delay", Double),
    Column("retry_attempts", Integer),
    Column("active", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("format", Text, nullable=False, server_default="native"),
    Column("key_id", Text),
)
"""`key_id` is that of the key that made the webhook or changed it last; null where no key existed."""

webhook_lines = Table(
    "webhook_lines",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double),
    Column("failing_since", Double),
    Column("why", Prose),
    Column("status", Integer),
    Column("delivered", BigInteger, nullable=False),
    Column("delivered_at", Double),
)
"""The progress of each webhook with each client: everything up to `sequence` is delivered, dead, or did not match."""

dead_letters = Table(
    "webhook_dead_letters",
    metadata,
    Column("id", Count, primary_key=True),
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("client_id", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("why", Prose, nullable=False),
    Column("status", Integer),
    Column("at", Double, nullable=False),
    Column("replay_at", Double),
    Column("next_at", Double),
    UniqueConstraint("webhook_id", "event_id"),
    Index(
        "ix_webhook_dead_letters_replay",
        "webhook_id",
        "client_id",
        sqlite_where=sql("replay_at IS NOT NULL"),
        postgresql_where=sql("replay_at IS NOT NULL"),
    ),
    Index(None, "at"),
    sqlite_autoincrement=True,
)
"""Events that were given up.

The body is kept as it was sent: the event itself may be deleted before anyone looks. While `replay_at` is set, it is
being delivered again.
"""


MIGRATIONS = Path(__file__).with_name("migrations")
_revision = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""The table of Alembic that names the schema in its only row, as Alembic makes it."""


@cache
def _revisions() -> tuple[str, ...]:
    """Return all schemas that this version knows, the newest first: their numbers are the names of their files."""
    found = tuple(sorted((script.name[1:5] for script in (MIGRATIONS / "versions").glob("r*.py")), reverse=True))
    assert found, "migrations/versions is empty: the package is not whole"
    return found


def newest_revision() -> str:
    """Return the schema this version writes."""
    return _revisions()[0]


def revision_of(connection: Connection) -> str | None:
    """Return the schema of a database; None for an empty one."""
    if not inspect(connection).has_table(_revision.name):
        return None
    return connection.execute(select(_revision.c.version_num)).scalar()


_DIALECTS: dict[str, Callable[[], Dialect]] = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


@cache
def _creation(database: str) -> tuple[str, ...]:
    """Return the SQL that creates everything, compiled once for all stores that a process opens."""
    dialect, statements = _DIALECTS[database](), list[str]()
    making = MockConnection(dialect, lambda ddl, *_, **__: statements.append(str(ddl.compile(dialect=dialect))))
    for tables in (metadata, _revision.metadata):
        tables.create_all(making, checkfirst=False)
    return tuple(statements)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Upgrade to `revision`, in the caller's transaction. An empty database gets the newest schema at once.

    Raises StoreTooNew if the database is newer than this version.
    """
    found, newest = revision_of(connection), newest_revision()
    if found is not None and found not in _revisions():
        raise StoreTooNew(found, newest)
    if found == newest:
        return
    if revision == "head" and not inspect(connection).get_table_names():
        for statement in _creation(connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.execute(_revision.insert().values(version_num=newest))
        return
    # Imported late: only a new version of the service, once, needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
