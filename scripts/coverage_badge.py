"""Writes ``docs/coverage.svg`` from the percentage that the last whole test run measured.

Usage: scripts/coverage_badge.py [COVERAGE_JSON]

The file is what ``scripts/test`` leaves: ``.coverage.json`` in the project's root.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BADGE = ROOT / "docs" / "coverage.svg"
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="112" height="20" role="img"
     aria-label="coverage: {percent}%">
  <title>coverage: {percent}%</title>
  <rect width="112" height="20" rx="3" fill="#3f4450"/>
  <path d="M68 0h41a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H68z" fill="{colour}"/>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="34" y="14">coverage</text>
    <text x="90" y="14">{percent}%</text>
  </g>
</svg>
"""


def colour_of(percent: int) -> str:
    """Return the badge's colour: green from the wanted 90 % on."""
    if percent >= 90:
        return "#2e7d32"
    return "#9a6700" if percent >= 75 else "#b3261e"


def badge(percent: int) -> str:
    """Return the badge as SVG."""
    return _SVG.format(percent=percent, colour=colour_of(percent))


def main() -> int:
    """Write the badge; return the exit code."""
    arguments = sys.argv[1:]
    if arguments and arguments[0].startswith("-"):
        sys.stdout.write(__doc__ or "")
        return 0
    source = Path(arguments[0]) if arguments else ROOT / ".coverage.json"
    if not source.exists():
        sys.stderr.write(f"{source} is not there; run scripts/test first\n")
        return 1
    # Rounded down: 89.9 is not 90.
    percent = int(json.loads(source.read_text())["totals"]["percent_covered"])
    BADGE.parent.mkdir(exist_ok=True)
    BADGE.write_text(badge(percent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
