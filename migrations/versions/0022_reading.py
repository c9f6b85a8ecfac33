"""Keep what readers note of samples, and find the runs of a benchmark before and after one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the table of marks, and the index."""
    op.create_index(
        "ix_runs_user_id_benchmark_created_at", "runs", ["user_id", "benchmark", "created_at"]
    )
    op.create_table(
        "sample_marks",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("sample_id", sa.String(200), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("to_review", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(2_000), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "sample_id", "epoch", name="pk_sample_marks"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_sample_marks_run_id_runs", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_runs_user_id_benchmark_created_at", "runs")
    op.drop_table("sample_marks")
