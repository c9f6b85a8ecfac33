from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from app.engine.sandbox.folders import new_folder, sweep_folders


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_lives_as_long_as_its_context(temporary: Path) -> None:
    with new_folder() as folder, new_folder() as other:
        assert sweep_folders() == 0
        assert sorted(temporary.iterdir()) == sorted([Path(folder), Path(other)])
        assert not list(Path(folder).iterdir())
    assert not list(temporary.iterdir())


def test_folders_without_an_owner_go_and_what_only_bears_the_name_stays(temporary: Path) -> None:
    (temporary / "sandbox-old").mkdir()
    (temporary / "sandbox-old" / "data").write_bytes(b"x" * 1000)
    precious = temporary / "precious"
    precious.mkdir()
    (precious / "data").write_text("kept", encoding="ascii")
    (temporary / "sandbox-link").symlink_to(precious)
    (temporary / "sandbox-file").write_text("kept", encoding="ascii")
    assert sweep_folders() == 1
    assert sorted(path.name for path in temporary.iterdir()) == [
        "precious",
        "sandbox-file",
        "sandbox-link",
    ]
    assert (precious / "data").exists()
