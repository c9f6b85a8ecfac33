"""``python -m app.worker``: work on queued runs and webhook deliveries until told to stop."""

from __future__ import annotations

import argparse
import sys

from app.config import load_settings
from app.errors import ConfigError
from app.worker.image import build_image
from app.worker.pool import run_pool


def main() -> int:
    """Run the pool; return its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/worker", description=__doc__)
    parser.add_argument("--workers", type=int, metavar="N", help="default: WORKERS, or 2")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        app = build_image(settings, pages=False)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    run_pool(app, arguments.workers or settings.workers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
