"""Show the seeded site to eyes: serve it, or draw its pages. Run it as ``scripts/look``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from threading import Event

from tests.app_fixtures import PASSWORD
from tests.seed.measure import Look, measure_site
from tests.seed.pages import BY_NAME, PAGES, SHOWN
from tests.seed.site import PEOPLE, Site, seeded_site

LOOKS = tuple(Look(width, theme) for theme in ("light", "dark") for width in (1440, 1024, 390))
SCREENSHOT = Path(__file__).resolve().parents[2] / "docs" / "screenshot.png"


def main() -> None:
    """Read the arguments and do what they say."""
    parser = argparse.ArgumentParser(prog="scripts/look", description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--pictures", metavar="FOLDER", help="draw every page in every look")
    parser.add_argument(
        "--only", nargs="+", metavar="PAGE", choices=BY_NAME, default=[page.name for page in SHOWN]
    )
    parser.add_argument("--screenshot", action="store_true", help="draw docs/screenshot.png")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="look-") as folder, seeded_site(Path(folder)) as site:
        if arguments.screenshot:
            draw(site, folder, ["run_done"], LOOKS[:1])
            shutil.copyfile(Path(folder) / "run_done-1440-light.png", SCREENSHOT)
        elif arguments.pictures:
            Path(arguments.pictures).mkdir(parents=True, exist_ok=True)
            draw(site, arguments.pictures, arguments.only, LOOKS)
        else:
            serve(site, arguments.port)


def draw(site: Site, folder: str, names: list[str], looks: tuple[Look, ...]) -> None:
    """Write a picture of each page in each look."""
    with site.served() as url:
        pages = [BY_NAME[name] for name in names]
        if measure_site(site, url, pages, looks, str(Path(folder).resolve())) is None:
            raise SystemExit("There is no Chromium on this machine.")


def serve(site: Site, port: int) -> None:
    """Serve the site until Ctrl-C."""
    with site.served(port) as url:
        people = ", ".join(f"{name}@example.org" for name in PEOPLE)
        sys.stdout.write(f"{url}  Sign in as one of {people} with “{PASSWORD}”.\n\n")
        for page in PAGES:
            if page.form is None:
                sys.stdout.write(
                    f"{page.name:24} {page.who or '-':6} {url}{site.path(page.path)}\n"
                )
        sys.stdout.flush()
        try:
            Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
