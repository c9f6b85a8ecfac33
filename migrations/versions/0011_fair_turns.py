"""Whose turn it is: when accounts and runs were last served, who yields, who ended its worker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_COLUMNS = (
    ("users", "served_at", sa.Double(), "0"),
    ("runs", "served_at", sa.Double(), "0"),
    ("runs", "yielding", sa.Boolean(), sa.false()),
    ("runs", "worker_deaths", sa.Integer(), "0"),
)


def upgrade() -> None:
    """Add the columns; nobody was served yet, and no run has ended its worker."""
    for table, name, kind, default in _COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))


def downgrade() -> None:
    """Drop them in place: a batch would replace the tables, and their rows would go with them."""
    for table, name, _, _ in reversed(_COLUMNS):
        op.drop_column(table, name)
