"""Write docs/screenshots: every page in two widths and both themes; ``scripts/screenshots``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.seed import pages
from tests.seed.measure import Look, measure_site
from tests.seed.pages import BY_NAME, SHOWN, Page
from tests.seed.site import seeded_site

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
INDEX = FOLDER / "README.md"
LOOKS = tuple(Look(width, theme) for width in (1440, 390) for theme in ("light", "dark"))
GROUPS: tuple[tuple[str, Sequence[Page]], ...] = (
    ("Signing in", pages.SIGN_IN),
    ("Runs", pages.RUNS),
    ("Samples", pages.SAMPLES),
    ("Benchmarks", pages.BENCHMARKS),
    ("Compare", pages.COMPARE),
    ("Settings", pages.SETTINGS),
    ("Shared results", pages.SHARED),
    ("Others", pages.OTHERS),
)
HEAD = """# Screenshots

The first window of every page and state, at 1440 and 390 pixels in both themes, from the database
that tests are filled with (`tests/seed`). `scripts/screenshots` writes all of this anew;
`scripts/look` serves the same site, and draws whole pages. Ids, times and durations differ from one
writing to the next.
"""


def main() -> None:
    """Draw the pages, and the index of all."""
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description=__doc__)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="only these pages; default: all")
    chosen = parser.parse_args().pages or [page.name for page in SHOWN]
    if unknown := set(chosen) - set(BY_NAME):
        parser.error(f"no such page: {', '.join(sorted(unknown))}")
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="shots-") as folder,
        seeded_site(Path(folder)) as site,
        site.served() as url,
    ):
        wanted = [BY_NAME[name] for name in chosen]
        if measure_site(site, url, wanted, LOOKS, str(FOLDER), small=True) is None:
            raise SystemExit("There is no Chromium on this machine.")
    write_index()


def write_index() -> None:
    """Write the index, and take away the pictures of pages that are no more."""
    text, known = HEAD, {INDEX.name}
    for title, group in GROUPS:
        text += f"\n## {title}\n"
        for page in filter(SHOWN.__contains__, group):
            names = [f"{page.name}-{look.width}-{look.theme}.webp" for look in LOOKS]
            known.update(names)
            text += f"\n### {page.name}\n\n`{page.path}`{_circumstances(page)}\n\n"
            text += "".join(
                f'<img src="{name}" alt="{page.name}, {look.width} pixels, {look.theme}" '
                f'loading="lazy" width="{"34%" if look.width > 1000 else "14%"}">\n'
                for name, look in zip(names, LOOKS, strict=True)
            )
    INDEX.write_text(text, encoding="utf-8")
    for path in FOLDER.iterdir():
        if path.name not in known:
            path.unlink()


def _circumstances(page: Page) -> str:
    said = [
        f"seen by {page.who}" if page.who else "without an account",
        "after its form was sent" if page.form is not None else "",
        f"answers {page.status}" if page.status != 200 else "",
    ]
    return ", " + ", ".join(filter(None, said))


if __name__ == "__main__":
    main()
