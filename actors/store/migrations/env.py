"""Alembic's environment: `actors.store.schema` passes the connection, inside a transaction that it owns."""

from __future__ import annotations

from alembic import context

from actors.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
