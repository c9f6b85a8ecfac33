"""Runs a worker pool with the jobs of ``sample_jobs``: ``pool_program.py DATA_DIR REDIS_URL``."""

from __future__ import annotations

import sys
from pathlib import Path

from app.config import load_settings
from app.logs import configure_logs
from app.worker.pool import Pool
from tests.queue_fixtures import bare_app
from tests.worker import sample_jobs


def main() -> None:
    settings = load_settings(
        data_dir=Path(sys.argv[1]), redis_url=sys.argv[2], database_url=None, web_threads=8
    )
    configure_logs("INFO", "text")
    Pool(bare_app(settings), 1, {"sweep": sample_jobs.sweep}, sample_jobs.on_dead).run()


main()
