"""Name runs, keep what their list is sorted by, and what an account wants to see in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

SORTED_BY = (
    ("benchmark", "name"),
    ("status",),
    ("model",),
    ("protocol",),
    ("score_value",),
    ("total",),
    ("error",),
    ("active_s",),
    ("cost_usd",),
)
VALUE_OF_SCORE = {
    "sqlite": "json_extract(score, '$.value')",
    "postgresql": "(score ->> 'value')::double precision",
}


def _index(columns: tuple[str, ...]) -> str:
    return "_".join(("ix_runs_user_id", *columns, "id"))


def upgrade() -> None:
    """Add them; the score of earlier runs is taken out of its JSON."""
    op.add_column("runs", sa.Column("name", sa.String(120), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("score_value", sa.Double(), nullable=True))
    value = VALUE_OF_SCORE[op.get_bind().dialect.name]
    op.execute(f"UPDATE runs SET score_value = {value}")  # noqa: S608 - no input
    for columns in SORTED_BY:
        op.create_index(_index(columns), "runs", ["user_id", *columns, "id"])
    op.add_column("users", sa.Column("run_columns", sa.JSON(), nullable=True))
    op.create_table(
        "run_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run_views"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_run_views_user_id_users", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("user_id", "name", name="uq_run_views_user_id_name"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("run_views")
    op.drop_column("users", "run_columns")
    for columns in SORTED_BY:
        op.drop_index(_index(columns), table_name="runs")
    op.drop_column("runs", "score_value")
    op.drop_column("runs", "name")
