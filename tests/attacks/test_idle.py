"""Without an attack: what the bounds of the others are measured against."""

from __future__ import annotations

import pytest

from tests.attacks.site import Site
from tests.attacks.watch import Watch


@pytest.mark.bounds(memory_mb=360)  # 313 measured with the run
def test_an_honest_account_is_served(site: Site, watch: Watch) -> None:
    """A run of a hundred samples, as every test here may start beside its attack."""
    ada = site.account("ada")
    run = ada.wait_for_end(ada.submit(100))
    assert run["status"] == "completed"
    assert run["counts"]["correct"] == 75
