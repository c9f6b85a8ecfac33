"""Indexes for the dashboard's queries: a user's latest runs, runs by status, by benchmark."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

INDEXES = {
    "ix_runs_user_id_created_at": ["user_id", "created_at"],
    "ix_runs_status": ["status"],
    "ix_runs_benchmark": ["benchmark"],
}


def upgrade() -> None:
    """Add the three indexes."""
    for name, columns in INDEXES.items():
        op.create_index(name, "runs", columns)


def downgrade() -> None:
    """Drop them again; no data is touched."""
    for name in INDEXES:
        op.drop_index(name, table_name="runs")
