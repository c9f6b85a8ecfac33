"""Writes the list of decisions into docs/adr/README.md, and checks the form of each.

Usage: scripts/adr_docs.py [--check]

--check writes nothing. Either way it ends with 1 if a decision does not have the form that
docs/adr/README.md describes, and --check also if the list is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "adr"
INDEX = FOLDER / "README.md"
_LIST = re.compile(r"(<!-- decisions -->\n).*?(<!-- /decisions -->)", re.DOTALL)
_NAME = re.compile(r"\d{4}(-[a-z0-9]+)+\.md")
_TITLE = re.compile(r"# (\d+)\. (.+)")
_STATUS = re.compile(r"Status: ((?:accepted|replaced by \d+), \d{4}-\d{2})")


def decisions() -> list[Path]:
    """Return the files of all decisions, in order."""
    return sorted(path for path in FOLDER.glob("*.md") if path != INDEX)


def faults(path: Path) -> Iterator[str]:
    """Say how a decision differs from the form."""
    lines = path.read_text().splitlines()
    if not _NAME.fullmatch(path.name):
        yield "its file is not named like 0001-three-or-four-words.md"
    title = _TITLE.fullmatch(lines[0])
    if not title or int(title[1]) != int(path.name[:4]):
        yield "its first line is not '# N. The decision' with the number of the file"
    if len(lines) < 3 or not _STATUS.fullmatch(lines[2]):
        yield "its third line is not 'Status: accepted, YYYY-MM'"
    sections = [line[3:] for line in lines if line.startswith("## ")]
    if sections[:2] != ["Context", "Decision"] or sections[-1:] != ["Consequences"]:
        yield f"its sections are not Context, Decision, ..., Consequences, but {sections}"


def index() -> str:
    """Return what docs/adr/README.md should contain."""
    rows = ["| | Decision | Status |", "|---|---|---|"]
    for path in decisions():
        text = path.read_text()
        title, status = _TITLE.match(text), _STATUS.search(text)
        if title and status:
            rows.append(f"| {title[1]} | [{title[2]}]({path.name}) | {status[1]} |")
    table = "\n".join(rows) + "\n"
    return _LIST.sub(lambda found: found[1] + table + found[2], INDEX.read_text())


def main() -> int:
    """Write or check; return the exit code."""
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.stderr.write(__doc__ or "")
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    wrong = [f"{path.name}: {fault}" for path in decisions() for fault in faults(path)]
    numbers = [path.name[:4] for path in decisions()]
    wrong += [
        f"two decisions have the number {one}" for one in {*numbers} if numbers.count(one) > 1
    ]
    if arguments and INDEX.read_text() != index():
        wrong.append("docs/adr/README.md lacks a decision; run scripts/check --fix")
    if not arguments:
        INDEX.write_text(index())
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
