"""``python -m app.supervisor.migration``: bring the database to this version's tables."""

from __future__ import annotations

import fcntl
import logging
import sys
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy.exc import OperationalError

from app import create_app
from app.config import load_settings
from app.errors import ConfigError
from app.logs import redact

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def main() -> int:
    """Upgrade; return the exit code."""
    try:
        settings = load_settings()
        app = create_app(settings)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with open(settings.data_dir / "migration.lock", "w") as lock, app.app_context():
        fcntl.flock(lock, fcntl.LOCK_EX)  # several that start at once on this machine take turns
        try:
            upgrade(directory=str(MIGRATIONS))
        except OperationalError as error:
            sys.stderr.write(
                f"The database does not answer: {redact(str(error.orig)).strip()}\n"
                "Check DATABASE_URL and that its server runs.\n"
            )
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
