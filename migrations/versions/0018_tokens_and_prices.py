"""Keep cached and reasoning tokens, what each answer cost, and an account's own prices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_COUNTS = ("cached_input_tokens", "cache_write_tokens", "reasoning_tokens")


def upgrade() -> None:
    """Add the columns. A run without any token count did not cost nothing: nobody knows."""
    for name in _COUNTS:
        op.add_column("samples", sa.Column(name, sa.Integer(), nullable=True))
        op.add_column("runs", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("cost_usd", "judge_cost_usd"):
        op.add_column("samples", sa.Column(name, sa.Double(), nullable=True))
    for name in ("unmetered", "judge_unmetered"):
        op.add_column("runs", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("connections", sa.Column("prices", sa.JSON(), nullable=True))
    op.execute(
        "UPDATE runs SET cost_usd = NULL, unmetered = done - error "
        "WHERE simulated IS FALSE AND done > error AND input_tokens = 0 AND output_tokens = 0"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("connections", "prices")
    for name in ("judge_unmetered", "unmetered"):
        op.drop_column("runs", name)
    for name in ("judge_cost_usd", "cost_usd"):
        op.drop_column("samples", name)
    for name in reversed(_COUNTS):
        op.drop_column("runs", name)
        op.drop_column("samples", name)
