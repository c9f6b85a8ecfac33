"""The interop suite: a Studio against real servers. Run it with ``scripts/interop``.

The ordinary suite does not collect this folder. Models are tiny and random, so what they say is
noise: the tests look at outcomes, tokens, errors and what the Studio tells of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.servers import HERE, running
from tests.interop.site import Site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A Studio without data from elsewhere."""
    one = Site(OFFLINE="true")
    try:
        one.open()
        yield one
    finally:
        one.close()


@pytest.fixture(scope="session")
def llama_cpp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of llama.cpp's server with the model ``tiny-random``."""
    program = [str(HERE / "llama_cpp_program.py"), "{port}"]
    folder: Path = tmp_path_factory.mktemp("llama-cpp")
    with running("llama-cpp", program, "/health", folder) as address:
        yield address
