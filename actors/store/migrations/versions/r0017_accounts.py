"""Add the accounts behind clients, and with each message and event the account it belongs to.

What is there belongs to the account that the client is linked to; where its number is not known, to the first account
that is told from here on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from ulid import ULID

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

URGENT = (sa.text("priority DESC"), "position", "chat", "expires_at", "state", "held")
FREE = "state = 'queued' AND held IS NULL"


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Integer, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("lid", sa.Text),
        sa.Column("is_last", sa.Boolean, nullable=False),
        sa.Column("is_linked", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_index("ix_accounts_client_id", "accounts", ["client_id"])
    op.add_column("outbox", sa.Column("account_id", sa.Text))
    op.add_column("outbox", sa.Column("held", sa.Text))
    op.add_column("events", sa.Column("phone", sa.Text))
    op.add_column("held_events", sa.Column("phone", sa.Text))
    for name in ("ix_outbox_free", "ix_outbox_due", "ix_outbox_chat"):
        op.drop_index(name, "outbox")
    _partial("ix_outbox_free", f"{FREE} AND send_at IS NULL", "client_id", *URGENT)
    _partial("ix_outbox_due", f"{FREE} AND send_at IS NOT NULL", "client_id", "send_at", *URGENT)
    _partial("ix_outbox_chat", "state = 'queued'", "client_id", "chat", "position", "state", "held")
    _partial("ix_outbox_held", "state = 'queued' AND held IS NOT NULL", "client_id", "position")
    _take_over()


def _partial(name: str, where: str, *columns: str | sa.TextClause) -> None:
    where_ = sa.text(where)
    op.create_index(name, "outbox", list(columns), sqlite_where=where_, postgresql_where=where_)


def _take_over() -> None:
    connection = op.get_bind()
    accounts = sa.table(
        "accounts", *(sa.column(name) for name in ("id", "client_id", "phone", "lid", "is_last", "is_linked"))
    )
    for client_id, phone in connection.execute(sa.text("SELECT client_id, phone FROM sessions")).all():
        id = str(ULID())
        row = {"id": id, "client_id": client_id, "phone": phone, "lid": None, "is_last": True}
        connection.execute(accounts.insert(), row | {"is_linked": phone is not None})
        told = {"id": id, "client": client_id, "prefix": f"{id} "}
        for statement in (
            "UPDATE outbox SET account_id = :id WHERE client_id = :client",
            "UPDATE event_keys SET key = :prefix || key WHERE client_id = :client",
        ):
            connection.execute(sa.text(statement), {name: told[name] for name in told if f":{name}" in statement})
