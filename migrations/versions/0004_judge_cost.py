"""What the judge of a run cost, apart from the model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; runs so far had no judge."""
    with op.batch_alter_table("runs") as batch:
        batch.add_column(sa.Column("judge_cost_usd", sa.Float(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("runs") as batch:
        batch.drop_column("judge_cost_usd")
