"""The attack suite: hostile users against a real Studio. Run it with ``scripts/attack``.

Each test attacks a site that ``scripts/start`` would start, and says what must hold meanwhile:
``watch`` fails it where the site took too much memory, answered late or lost a process. The
ordinary suite does not collect this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.site import Site
from tests.attacks.watch import HEALTH_LIMIT_S, MEMORY_LIMIT_MB, Watch
from tests.faults.provider import Provider, write_questions
from tests.faults.studio import CANARY

_TAKEN = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "bounds(memory_mb=430, health_s=1): what the site may take under this attack",
    )
    config.stash[_TAKEN] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what each attack took at worst: the figures behind the bounds."""
    terminalreporter.section("memory of all processes, slowest answer of /health")
    for line in config.stash[_TAKEN]:
        terminalreporter.line(line)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of datasets with our own questions, and their scripted answers."""
    folder = tmp_path_factory.mktemp("mirror")
    write_questions(folder)
    return folder


@pytest.fixture
def provider(mirror: Path) -> Iterator[Provider]:
    """A provider that answers within 0.1 s and takes the planted key only."""
    running = Provider(mirror / "answers.json", CANARY, 0.1)
    yield running
    running.close()


@pytest.fixture
def make_site(mirror: Path, provider: Provider) -> Iterator[Callable[..., Site]]:
    """Starts sites; its arguments are environment variables."""
    made: list[Site] = []

    def make(**settings: str) -> Site:
        site = Site(mirror, provider, **settings)
        made.append(site)
        site.start()
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site with default settings, ready and without accounts."""
    return make_site()


@pytest.fixture
def watch(site: Site, request: pytest.FixtureRequest) -> Iterator[Watch]:
    """Watches the site during the test, and fails it where a bound was passed.

    The mark ``bounds`` gives other bounds than 430 MB and one second.
    """
    mark = request.node.get_closest_marker("bounds")
    bounds = {"memory_mb": MEMORY_LIMIT_MB, "health_s": HEALTH_LIMIT_S}
    watching = Watch(site)
    watching.start()
    yield watching
    watching.stop()
    slowest_s = max(watching.health_s, default=0.0)
    taken = f"{watching.peak_mb:4.0f} MB {slowest_s:6.2f} s  {request.node.name}"
    request.config.stash[_TAKEN].append(taken)
    watching.check(**{**bounds, **(mark.kwargs if mark else {})})
