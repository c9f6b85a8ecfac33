"""Checks that the locked requirements are what the loose ones ask for; asks no registry.

Usage: scripts/lock_check.py

Each requirements*.txt must hold, for every line of its .in file, one exact version that the line
allows; every version must have hashes, and no line may name a registry. What the Studio runs
with and what it is tested with must be the same versions.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NAMES = ("requirements-build", "requirements", "requirements-dev")


def wanted(path: Path) -> Iterator[Requirement]:
    """Return the loose requirements of an .in file and of those that it includes."""
    for line in path.read_text().splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text.startswith("-r "):
            yield from wanted(path.parent / text[3:].strip())
        elif text and not text.startswith("-"):
            yield Requirement(text)


def locked(path: Path) -> tuple[dict[str, set[str]], list[str]]:
    """Return the versions that a lock file has of each package, and what is wrong with its form.

    A package has several where the newest does not run on every Python.
    """
    versions: dict[str, set[str]] = {}
    wrong: list[str] = []
    for entry in re.sub(r"\s*\\\n\s*", " ", path.read_text()).splitlines():
        text = re.sub(r"(^|\s)#.*", "", entry).strip()
        if not text:
            continue
        requirement, *hashes = text.split(" --hash=")
        if text.startswith("-") or "://" in text:
            wrong.append(f"{path.name} names a source: {text[:60]}")
        elif not hashes or not all(each.startswith("sha256:") for each in hashes):
            wrong.append(f"{path.name} has no hash for {requirement}")
        else:
            package = Requirement(requirement)
            exact = {each.version for each in package.specifier if each.operator == "=="}
            versions.setdefault(canonicalize_name(package.name), set()).update(exact)
    return versions, wrong


def disagreements(folder: Path = ROOT) -> list[str]:
    """Return a line for everything that does not fit together."""
    wrong: list[str] = []
    locks: dict[str, dict[str, set[str]]] = {}
    for name in NAMES:
        locks[name], faults = locked(folder / f"{name}.txt")
        wrong += faults
        for need in wanted(folder / f"{name}.in"):
            found = locks[name].get(canonicalize_name(need.name), set())
            if not found:
                wrong.append(f"{name}.txt lacks {need}")
            for version in found:
                if not need.specifier.contains(version, prereleases=True):
                    wrong.append(f"{name}.txt has {need.name} {version}, {name}.in wants {need}")
    wrong += [
        f"requirements-dev.txt and requirements.txt have different versions of {name}"
        for name, versions in locks["requirements"].items()
        if locks["requirements-dev"].get(name) != versions
    ]
    return wrong


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    if sys.argv[1:]:
        sys.stderr.write(__doc__ or "")
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    wrong = disagreements()
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    if wrong:
        sys.stderr.write("Change the .in file, then run scripts/lock.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
