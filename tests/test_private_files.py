"""Nobody else on the machine reads our files, and no folder of somebody else's is used."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import queue_server
from app.config import load_settings, open_data_dir
from app.errors import ConfigError
from app.private_files import check_private, make_private
from tests.app_fixtures import make_settings

NOBODY = 65_534


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of an installation that anybody can read."""
    data = tmp_path / "data"
    for folder in ("own/abc", "queue", "datasets/hub"):
        (data / folder).mkdir(parents=True)
    for file in ("studio.db", "studio.db-wal", "studio.db-shm", "own/abc/rows.jsonl"):
        (data / file).write_text("private")
    return data


def test_what_is_there_is_put_right_and_what_comes_is_private(old: Path) -> None:
    assert open_data_dir(make_settings(old)) is None
    for path in (old, *old.rglob("*")):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    (old / "later").write_text("x")
    (old / "folder").mkdir()
    assert (mode(old / "later"), mode(old / "folder")) == (0o600, 0o700)


def test_links_are_not_followed(old: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("theirs")
    (old / "datasets" / "link").symlink_to(outside / "file")
    (old / "own" / "elsewhere").symlink_to(outside)
    (old / "secrets").symlink_to(outside)
    open_data_dir(make_settings(old))
    assert mode(outside / "file") == 0o644
    assert mode(outside) == 0o755


def test_what_is_not_ours_by_name_is_left_alone(old: Path) -> None:
    (old / "notes.txt").write_text("of the operator")
    open_data_dir(make_settings(old))
    assert mode(old / "notes.txt") == 0o644


def test_a_database_elsewhere_is_private_too(old: Path, tmp_path: Path) -> None:
    database = tmp_path / "elsewhere.db"
    database.write_text("rows")
    open_data_dir(make_settings(old, f"sqlite:///{database}"))
    assert mode(database) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_that_is_shared_stays_as_it_is_and_that_is_said(old: Path) -> None:
    os.chown(old / "studio.db", NOBODY, NOBODY)
    warning = open_data_dir(make_settings(old))
    assert warning is not None
    assert "studio.db belongs to another user" in warning
    assert mode(old / "studio.db-wal") == 0o644
    assert os.umask(0o022) == 0o022


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("trick", ["folder", "link", "file"])
def test_the_folder_of_the_socket_is_not_taken_from_somebody_else(
    tmp_path: Path, trick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    deep = tmp_path / ("d" * 100)
    folder = make_settings(deep, redis_url=None).queue_dir
    assert folder.parent == shared
    if trick == "folder":
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
    elif trick == "link":
        folder.symlink_to(tmp_path)
    else:
        folder.write_text("")
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        load_settings(data_dir=deep)
    with pytest.raises((ConfigError, FileExistsError)):
        queue_server.ensure(folder)


def test_our_own_folder_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    folder = tmp_path / "queue"
    folder.mkdir(mode=0o755)
    check_private(folder)
    assert mode(folder) == 0o700
    make_private(tmp_path / "new")
    assert mode(tmp_path / "new") == 0o700
