"""Let Lighthouse judge pages of the seeded site; run it as ``scripts/lighthouse``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.seed.measure import FLAGS
from tests.seed.pages import BY_NAME, SHOWN, Page
from tests.seed.site import Site, seeded_site

LEAST = {"performance": 99, "accessibility": 100, "best-practices": 100, "seo": 100}
FORMS = ("mobile", "desktop")
PATIENCE_S = 180
TRIES = 3  # a busy machine loses a trace now and then
METRICS = (
    "first-contentful-paint",
    "speed-index",
    "total-blocking-time",
    "cumulative-layout-shift",
)
# A page that no search engine may see gets no mark for being found.
UNSEEN = ("/s/",)


def main() -> None:
    """Measure, print a row for each page and form, and end with 1 below the bounds."""
    parser = argparse.ArgumentParser(prog="scripts/lighthouse", description=__doc__)
    parser.add_argument("pages", nargs="*", metavar="PAGE")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--form", choices=FORMS, help="only this one")
    arguments = parser.parse_args()
    names = arguments.pages or [page.name for page in SHOWN if is_measured(page)]
    forms = (arguments.form,) if arguments.form else FORMS
    failed = []
    with (
        tempfile.TemporaryDirectory(prefix="lighthouse-") as folder,
        seeded_site(Path(folder)) as site,
        site.served() as url,
    ):
        sys.stdout.write(f"{'page':28} {'form':8} {'  '.join(LEAST)}\n")
        for name in names:
            for form in forms:
                row = judge(site, url, BY_NAME[name], form, arguments.runs)
                sys.stdout.write(f"{row}\n")
                sys.stdout.flush()
                failed += [f"{name} ({form})"] if row.is_low() else []
    if failed:
        sys.stdout.write(f"\nBelow the bounds: {', '.join(failed)}\n")
        raise SystemExit(1)


def is_measured(page: Page) -> bool:
    """Return whether a page is what a person comes to see by an address."""
    return page.ours and page.form is None and page.status == 200


class Row:
    """What Lighthouse says of one page in one form.

    Args:
        page: Its name.
        form: Phone or desktop.
        marks: Of each category, out of a hundred.
        faults: What cost marks, beside performance.
    """

    def __init__(self, page: str, form: str, marks: dict[str, float], faults: set[str]) -> None:
        self.page, self.form, self.marks, self.faults = page, form, marks, faults

    def is_low(self) -> bool:
        """Return whether it is below a bound."""
        return any(self.marks[name] < least for name, least in LEAST.items())

    def __str__(self) -> str:
        marks = "  ".join(f"{self.marks[name]:>{len(name)}.0f}" for name in LEAST)
        return f"{self.page:28} {self.form:8} {marks}  {', '.join(sorted(self.faults))}".rstrip()


def judge(site: Site, url: str, page: Page, form: str, runs: int) -> Row:
    """Ask Lighthouse several times and take the median of each category."""
    reports = [ask(site, url, page, form) for _ in range(runs)]
    marks = {
        name: median(round(100 * report["categories"][name]["score"]) for report in reports)
        for name in LEAST
    }
    return Row(page.name, form, marks, {fault for report in reports for fault in faults(report)})


def ask(site: Site, url: str, page: Page, form: str) -> dict[str, Any]:
    """Return Lighthouse's report of a page, seen by whom it is for."""
    cookie = f"studio_session={site.cookie(page.who)}" if page.who else ""
    command = [
        os.environ["LIGHTHOUSE"],
        url + site.path(page.path),
        "--quiet",
        "--output=json",
        "--output-path=stdout",
        f"--only-categories={','.join(LEAST)}",
        f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
        f"--extra-headers={json.dumps({'Cookie': cookie} if cookie else {})}",
        *(["--preset=desktop"] if form == "desktop" else []),
        *(["--skip-audits=is-crawlable"] if page.path.startswith(UNSEEN) else []),
    ]
    said = ""
    for _ in range(TRIES):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        if done.returncode == 0:
            report: dict[str, Any] = json.loads(done.stdout)
            return report
        said = done.stderr[-2000:]
    raise SystemExit(f"Lighthouse could not open {page.name}:\n{said}")


def faults(report: dict[str, Any]) -> Iterator[str]:
    """Name the audits that cost marks; of performance, say what was measured."""
    if report["categories"]["performance"]["score"] * 100 < LEAST["performance"]:
        for name in METRICS:
            yield f"{name} {report['audits'][name]['displayValue']}"
    for name in LEAST:
        for each in report["categories"][name]["auditRefs"] if name != "performance" else []:
            score = report["audits"][each["id"]]["score"]
            if each["weight"] and score is not None and score < 1:
                yield str(each["id"])


if __name__ == "__main__":
    main()
