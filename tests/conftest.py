"""Fixtures for the whole suite; those of the web application are in ``tests/app_fixtures.py``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = [
    "tests.app_fixtures",
    "tests.queue_fixtures",
    "tests.run_fixtures",
    "tests.seed_fixtures",
]


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real datasets and parity files that ``STUDIO_TEST_DATA`` names."""
    folder = os.environ.get("STUDIO_TEST_DATA")
    if not folder or not (Path(folder) / "datasets").is_dir():
        pytest.skip("STUDIO_TEST_DATA does not name the folder of test datasets")
    return Path(folder)
