"""What the judge of a run cost, apart from the model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; runs so far had no judge."""
    op.add_column("runs", sa.Column("judge_cost_usd", sa.Double(), nullable=True))


def downgrade() -> None:
    """Drop it in place: a batch would replace the table, and its samples would go with it."""
    op.drop_column("runs", "judge_cost_usd")
