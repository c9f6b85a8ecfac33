"""Prompts equal the recorded ones byte for byte, and the documentation is up to date."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from app.engine.datasets.loader import DatasetLoader

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"script_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_recorded_prompt_can_be_made(test_data: Path, tmp_path: Path) -> None:
    script = load_script("parity_prompts")
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=test_data / "datasets", offline=True)
    files = sorted((test_data / "parity").glob("*.jsonl"))
    if not files:
        pytest.skip("there are no recordings among the test data")
    results = [script.compare_file(path, loader) for path in files]
    assert [one for one in results if one.equal != one.compared] == []
    assert sum(one.compared for one in results) > 0


def test_the_documentation_is_up_to_date() -> None:
    assert load_script("benchmark_docs").main(["--check"]) == 0
