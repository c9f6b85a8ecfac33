"""The documents of the settings are generated, complete and current."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from dotenv import dotenv_values

from app.config import Settings, load_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def env_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("env_docs", ROOT / "scripts" / "env_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_current(env_docs: ModuleType) -> None:
    for path, text in env_docs.documents().items():
        assert path.read_text() == text, f"run scripts/env_docs.py: {path.name}"


def test_every_setting_is_described(env_docs: ModuleType) -> None:
    example, table = env_docs.example(), env_docs.table()
    for name, field in Settings.model_fields.items():
        assert field.description
        assert f"\n# {name.upper()}=" in example
        assert f"| `{name.upper()}` |" in table


def test_the_example_uncommented_is_a_valid_configuration(
    env_docs: ModuleType, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    lines = env_docs.example().splitlines()
    names = {f"# {name.upper()}=" for name in Settings.model_fields}
    file.write_text(
        "\n".join(
            line.removeprefix("# ") for line in lines if any(line.startswith(n) for n in names)
        )
    )
    assert set(dotenv_values(file)) == {name.upper() for name in Settings.model_fields}
    assert load_settings(_env_file=file, data_dir=tmp_path).port == 8000
