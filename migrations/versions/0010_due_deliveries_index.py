"""Deliveries get an index of what each endpoint has waiting, for the courier's question."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

NAME = "ix_deliveries_due"
WAITING = sa.text("status = 'pending'")


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        NAME,
        "deliveries",
        ["webhook_id", "next_attempt_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def downgrade() -> None:
    """Drop the index; no data is touched."""
    op.drop_index(NAME, table_name="deliveries")
