"""Makes and drops the PostgreSQL database of a CI run.

Usage: scripts/ci_database.py create|drop NAME

The server is the one that the standard PG* variables name.
"""

from __future__ import annotations

import sys

import psycopg
from psycopg.sql import SQL, Identifier

STATEMENTS = {
    "create": SQL("CREATE DATABASE {}"),
    "drop": SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"),
}


def main() -> int:
    """Do it; return the exit code."""
    if len(sys.argv) != 3 or sys.argv[1] not in STATEMENTS:
        sys.stderr.write(__doc__ or "")
        return 2
    verb, name = sys.argv[1:]
    try:
        with psycopg.connect(dbname="postgres", autocommit=True, connect_timeout=5) as connection:
            connection.execute(STATEMENTS[verb].format(Identifier(name)))
    except psycopg.OperationalError as error:
        sys.stderr.write(f"PostgreSQL is not used: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
