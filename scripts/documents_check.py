"""Checks what the documents name: links, files, programs, quoted prompts, the steps of CI.

Usage: scripts/documents_check.py
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "app" / "engine"
_LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)")
_CODE = re.compile(r"`((?:app|tests|scripts|docs|deploy|migrations|\.github|\.ci)/[\w./*-]+)`")
_PROGRAM = re.compile(r"""-m["', ]+(app(?:\.\w+)+)""")
_NOTICE_FILE = re.compile(r"^  ((?:benchmarks|scorers)/\S+) +(.*)$", re.MULTILINE)
# Need data that no hosted machine has.
ONLY_AT_HOME = {"parity", "catalog"}


def documents() -> list[Path]:
    """Return every Markdown file of the project, but the history."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md")]
    return sorted(path for path in found if path.name != "CHANGELOG.md")


def lost_names() -> Iterator[str]:
    """Name every link that leads nowhere, and every path in code type that does not exist."""
    for document in documents():
        text = document.read_text()
        shown = document.relative_to(ROOT)
        for target in _LINK.findall(text):
            if not (document.parent / target).exists():
                yield f"{shown} links to {target}, which does not exist"
        for path in _CODE.findall(text):
            if not any(ROOT.glob(path)):
                yield f"{shown} names {path}, which does not exist"


def lost_programs() -> Iterator[str]:
    """Name every module that is to be run with ``python -m`` and does not exist."""
    for place in (
        *documents(),
        ROOT / "Dockerfile",
        ROOT / "compose.yaml",
        *ROOT.glob("scripts/*"),
    ):
        for module in _PROGRAM.findall(place.read_text()) if place.is_file() else ():
            path = ROOT.joinpath(*module.split("."))
            if not (path.with_suffix(".py").exists() or (path / "__main__.py").exists()):
                yield f"{place.relative_to(ROOT)} runs {module}, which does not exist"


def misquoted(quoted: str) -> Iterator[str]:
    """Say where the first part of NOTICE does not fit the files with quoted prompts."""
    for name, said in _NOTICE_FILE.findall(quoted):
        path = ENGINE / name
        text = path.read_text() if path.exists() else ""
        if not text:
            yield f"NOTICE names {name}, which does not exist"
        for constant in re.findall(r"\b[A-Z_]{5,}\b", said):
            if constant not in text:
                yield f"NOTICE says that {name} has {constant}"
    for path in sorted(ENGINE.glob("scorers/*.txt")):
        if f"scorers/{path.name}" not in quoted:
            yield f"NOTICE does not say where {path.name} is quoted from"


def untold_terms(read: str) -> Iterator[str]:
    """Name every benchmark whose data's terms the second part of NOTICE does not tell."""
    terms = dict(_NOTICE_FILE.findall(read))
    for path in sorted(ENGINE.glob("benchmarks/*.py")):
        for licence in re.findall(r'^        license="([^";,]+)', path.read_text(), re.MULTILINE):
            if licence not in terms.get(f"benchmarks/{path.name}", ""):
                yield f"NOTICE does not tell the terms of benchmarks/{path.name}: {licence}"


def different_steps() -> Iterator[str]:
    """Name the steps of .ci/run that GitHub's workflow does not run, or the other way round."""
    script = (ROOT / ".ci" / "run").read_text()
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    steps = set(re.findall(r"^do_(\w+)\(\)", script, re.MULTILINE))
    listed = re.search(r"^ALL=\((.*)\)$", script, re.MULTILINE)
    if not listed or set(listed[1].split()) != steps:
        yield ".ci/run does not list exactly the steps that it defines"
    called = set(" ".join(re.findall(r"\.ci/run ([a-z ]+)$", workflow, re.MULTILINE)).split())
    called |= set(", ".join(re.findall(r"step: \[(.*)\]", workflow)).split(", "))
    for step in sorted(steps - ONLY_AT_HOME ^ called):
        yield f"the step {step} is not in both .ci/run and .github/workflows/ci.yml"


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    if sys.argv[1:]:
        sys.stderr.write(__doc__ or "")
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    quoted, _, read = (ROOT / "NOTICE").read_text().partition("2. DATA THAT IS READ")
    wrong = [
        *lost_names(),
        *lost_programs(),
        *misquoted(quoted),
        *untold_terms(read),
        *different_steps(),
    ]
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
