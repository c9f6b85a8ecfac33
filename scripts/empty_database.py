"""Empties the database that a measurement was given."""

from __future__ import annotations

from sqlalchemy import Engine, MetaData


def empty_database(engine: Engine) -> None:
    """Drop all tables, whichever version of the Studio made them."""
    with engine.begin() as connection:
        leftovers = MetaData()
        leftovers.reflect(connection)
        leftovers.drop_all(connection)
