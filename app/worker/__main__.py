"""``python -m app.worker``: work on queued runs and webhook deliveries until told to stop."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys

from app import create_app
from app.broker.queues import EXECUTE_RUN
from app.config import load_settings
from app.errors import ConfigError
from app.jobs.recover_runs import recover_runs, release_runs_of
from app.worker.pool import Pool


def main() -> int:
    """Run the pool; return its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/worker", description=__doc__)
    parser.add_argument("--workers", type=int, metavar="N", help="default: WORKERS, or 2")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        app = create_app(settings)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # Imported once, before the forks, not by each job.
    importlib.import_module(EXECUTE_RUN.rpartition(".")[0])
    gc.collect()
    gc.freeze()  # what is there now is not touched again, and stays shared with the children
    Pool(app, arguments.workers or settings.workers, recover_runs, release_runs_of).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
