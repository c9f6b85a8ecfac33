"""Runs migrations on the application's database (Flask-Migrate calls this)."""

from __future__ import annotations

from alembic import context
from flask import current_app

from app import models  # noqa: F401 - fills the metadata
from app.db import UtcDateTime, db


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our own column types into migrations as what they are in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run_migrations() -> None:
    """Apply the migrations in one transaction, where the database can."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


assert current_app  # noqa: S101 - alembic alone would not know which database
run_migrations()
