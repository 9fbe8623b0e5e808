"""Add to a message the call that accepted it, and the call's trace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("request_id", sa.Text))
    op.add_column("outbox", sa.Column("trace_id", sa.Text))
