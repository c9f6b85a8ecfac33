"""``python -m app.supervisor.migration``: bring the database to this version's tables."""

from __future__ import annotations

import fcntl
import logging
import sys

from flask import Flask
from flask_migrate import Migrate, upgrade
from sqlalchemy.exc import OperationalError

from app.config import Settings, load_settings, open_data_dir
from app.db import MIGRATIONS, db, init_db
from app.errors import ConfigError
from app.logs import configure_logs, redact


def main() -> int:
    """Upgrade; return the exit code."""
    try:
        settings = load_settings()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configure_logs(settings.log_level, settings.log_format)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    open_data_dir(settings)
    with open(settings.data_dir / "migration.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several that start at once on this machine take turns
        try:
            migrate(settings)
        except OperationalError as error:
            sys.stderr.write(
                f"The database does not answer: {redact(str(error.orig)).strip()}\n"
                "Check DATABASE_URL and that its server runs.\n"
            )
            return 3
    return 0


def migrate(settings: Settings) -> None:
    """Upgrade the database that ``settings`` name.

    With an application of its own that has no pages: importing those takes a second longer.
    """
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    init_db(app)
    Migrate(app, db, directory=str(MIGRATIONS))
    with app.app_context():
        upgrade()


if __name__ == "__main__":
    sys.exit(main())
