"""An index that holds all that the dashboard counts and offers as filters of an account's runs."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

NAME = "ix_runs_user_id_status_benchmark_model"


def upgrade() -> None:
    """Add the index."""
    op.create_index(NAME, "runs", ["user_id", "status", "benchmark", "model"])


def downgrade() -> None:
    """Drop it again; no data is touched."""
    op.drop_index(NAME, table_name="runs")
