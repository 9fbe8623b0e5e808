"""Add when a client was linked to its account, before which nothing in its page's memory happened to this service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("linked_since", sa.Double))
