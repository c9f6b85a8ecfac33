"""The seeded site, made once for each process that tests it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app_fixtures import fresh_database
from tests.seed.site import Site, seeded_site


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The real site with every page and state in it; see ``tests/seed/pages.py``."""
    with fresh_database() as url, seeded_site(tmp_path_factory.mktemp("seed"), url) as site:
        yield site
