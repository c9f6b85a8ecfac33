"""Our verdicts on the answers that the reference harnesses scored."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from app.engine.benchmarks.benchmark_registry import get_benchmark

ROOT = Path(__file__).resolve().parents[3]
OTHER_KINDS = ("humaneval", "mbpp", "ifeval", "simpleqa")
"""Files whose scorers need a sandbox or are tested beside their checkers."""


@pytest.fixture(scope="module")
def parity() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity_script", ROOT / "scripts" / "parity.py")
    if spec is None or spec.loader is None:
        pytest.fail("scripts/parity.py is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_verdicts_equal_the_recorded_ones(parity: ModuleType, test_data: Path) -> None:
    paths = sorted((test_data / "parity").glob("*.jsonl"))
    own = [path for path in paths if not path.stem.startswith(OTHER_KINDS)]

    for path in own:
        result = parity.compare_file(path, parity.FILES[path.stem], None)
        assert not result.skipped, path.stem
        assert result.compared > 0, path.stem
        assert result.share >= parity.REQUIRED_SHARE, (path.stem, result.differences)
    assert len(own) > 25


def test_every_parity_file_has_a_profile(parity: ModuleType, test_data: Path) -> None:
    files = {path.stem for path in (test_data / "parity").glob("*.jsonl")}

    assert files <= set(parity.FILES)


def test_the_benchmarks_use_the_profiles_that_are_compared(parity: ModuleType) -> None:
    for name, file in parity.FILES.items():
        if file.benchmark is None:
            continue
        protocol = get_benchmark(file.benchmark).protocol(file.protocol)
        assert protocol.scorer in file.profiles.values(), name
