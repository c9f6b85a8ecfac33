"""Start the Studio: web server, worker and, without REDIS_URL, an embedded queue server.

Settings come from the environment or .env (see .env.example), among them PORT, HOST, DATA_DIR,
DATABASE_URL, REDIS_URL and WORKERS.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from app.config import Settings, enter_demo_folder, load_settings, open_data_dir
from app.disk import is_full
from app.errors import ConfigError, DiskFull
from app.supervisor import demo_data
from app.supervisor.service import GaveUp
from app.supervisor.studio import ROOT, Stopped, Studio, announce
from app.supervisor.terminal import complain, is_interactive, say

_NO_ROOM_PAUSE_S = 5.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/start", description=__doc__)
    parser.add_argument(
        "--demo",
        action="store_true",
        help="run a benchmark on a simulated model, in a data folder of its own, and show its "
        "result; then keep running on a terminal, otherwise end with the demo's exit code",
    )
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--keep", action="store_true", help="keep running after --demo")
    after.add_argument("--exit", action="store_true", help="stop after --demo")
    return parser.parse_args()


def main() -> int:
    """Run until a signal arrives or a program gives up; return the exit code."""
    arguments = _arguments()
    try:
        variables = enter_demo_folder() if arguments.demo else None
        settings, warning = _open_once_there_is_room()
    except ConfigError as error:
        complain(str(error))
        return 2
    if warning:
        complain(warning)
    studio = Studio(settings)
    try:
        studio.start()
        announce(studio, settings, demo_data.describe(settings, variables))
        if arguments.demo:
            exit_code = _demo(studio)
            if arguments.exit or not (arguments.keep or is_interactive()):
                return exit_code
            say("The Studio keeps running; press Ctrl-C to stop it.")
        while True:
            studio.tend()
    except Stopped:
        say("\nStopping: running benchmarks save what they have and continue at the next start.")
        return 0
    except (ConfigError, GaveUp) as error:
        complain(str(error))
        return 1
    finally:
        studio.stop()


def _open_once_there_is_room() -> tuple[Settings, str | None]:
    """Return the settings, waiting while the disk is full."""
    complained = False
    while True:
        try:
            settings = load_settings()
            return settings, open_data_dir(settings)
        except (DiskFull, OSError) as error:
            if not is_full(error) and not isinstance(error, DiskFull):
                raise
            if not complained:
                complain(f"{error} The Studio starts once there is room.")
            complained = True
            time.sleep(_NO_ROOM_PAUSE_S)


def _demo(studio: Studio) -> int:
    command = [sys.executable, "-m", "app.supervisor.demo", studio.address]
    with subprocess.Popen(command, cwd=ROOT) as demo:  # noqa: S603 - our own command
        try:
            while demo.poll() is None:
                studio.tend()
        finally:
            demo.kill()
    return demo.returncode


if __name__ == "__main__":
    sys.exit(main())
