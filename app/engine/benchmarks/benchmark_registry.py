"""All benchmarks by name, found in this folder: a new file with ``BENCHMARKS`` is enough."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from app.engine import benchmarks
from app.engine.benchmarks.spec import Benchmark


@cache
def all_benchmarks() -> Mapping[str, Benchmark]:
    """Return every benchmark by name, sorted.

    Each module in this package may define ``BENCHMARKS: tuple[Benchmark, ...]``.

    Raises:
        ValueError: Two modules define the same name.
    """
    found: dict[str, Benchmark] = {}
    for info in pkgutil.walk_packages(benchmarks.__path__, f"{benchmarks.__name__}."):
        module = importlib.import_module(info.name)
        for benchmark in getattr(module, "BENCHMARKS", ()):
            if benchmark.name in found:
                raise ValueError(f"benchmark {benchmark.name} is defined twice")
            found[benchmark.name] = benchmark
    return MappingProxyType(dict(sorted(found.items())))


def get_benchmark(name: str) -> Benchmark:
    """Return the benchmark ``name``.

    Raises:
        KeyError: There is no such benchmark.
    """
    return all_benchmarks()[name]
