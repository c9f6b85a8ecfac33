"""The verdicts of later scorings, sample by sample."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "rescored_samples",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("protocol", sa.String(60), nullable=False),
        sa.Column("sample_id", sa.String(200), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name=op.f("fk_rescored_samples_run_id_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "protocol", "sample_id", "epoch", name=op.f("pk_rescored_samples")
        ),
    )


def downgrade() -> None:
    """Drop it; the scores in ``runs.scores`` stay."""
    op.drop_table("rescored_samples")
