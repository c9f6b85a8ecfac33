"""How much an account may have waiting, on its way, and kept."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest
from flask import Flask

from app.config import Settings
from app.errors import Conflict, Invalid, Limited, NotFound, Unavailable
from app.services.accounts import accounts
from app.services.accounts.accounts import Account
from app.services.own_benchmarks import reading, save_requests, uploads, versions
from app.services.own_benchmarks.upload_turns import UPLOADS_AT_ONCE, upload_turn
from tests.app_fixtures import PASSWORD


@pytest.fixture
def owner(app_context: Flask) -> Account:
    return accounts.register_account("ada@example.org", PASSWORD)


@pytest.fixture
def settings(app_context: Flask) -> Settings:
    found: Settings = app_context.extensions["settings"]
    return found


def keep(owner: Account, settings: Settings, text: bytes = b"q,a\n1,2\n") -> uploads.Upload:
    return uploads.keep_upload(owner.id, io.BytesIO(text), "own.csv", settings)


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_the_oldest_of_many_waiting_files_makes_room(owner: Account, settings: Settings) -> None:
    ids = []
    for number in range(uploads.MAX_WAITING + 1):
        upload = keep(owner, settings)
        age(upload.path, 100 - number)
        ids.append(upload.id)
    with pytest.raises(NotFound):
        uploads.find_upload(owner.id, ids[0], settings)
    for each in ids[1:]:
        assert uploads.find_upload(owner.id, each, settings).path.exists()


def test_files_that_wait_are_bounded_in_bytes_too(
    owner: Account, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_WAITING_BYTES", 100)
    first = keep(owner, settings, b"q,a\n" + b"1,2\n" * 20)
    age(first.path, 10)
    second = keep(owner, settings, b"q,a\n" + b"1,2\n" * 20)
    assert not first.path.exists()
    assert second.path.exists()


def test_accounts_do_not_push_each_others_files_out(owner: Account, settings: Settings) -> None:
    eve = accounts.register_account("eve@example.org", PASSWORD)
    mine = keep(owner, settings)
    age(mine.path, 1_000)
    for _ in range(uploads.MAX_WAITING + 1):
        keep(eve, settings)
    assert mine.path.exists()


def test_the_sweep_removes_old_files_and_the_remains_of_killed_requests(
    owner: Account, settings: Settings
) -> None:
    old, new = keep(owner, settings), keep(owner, settings)
    part = old.path.with_suffix(".part")
    part.write_bytes(b"")
    age(old.path, uploads.KEPT_S + 60)
    age(part, uploads.UNFINISHED_S + 60)
    assert uploads.sweep_uploads(settings) == 2
    assert [old.path.exists(), part.exists(), new.path.exists()] == [False, False, True]


def test_turns_of_an_account_are_few_and_come_back(owner: Account, settings: Settings) -> None:
    turns = [upload_turn(owner.id, settings, 1000) for _ in range(UPLOADS_AT_ONCE)]
    for turn in turns:
        turn.__enter__()
    with pytest.raises(Limited), upload_turn(owner.id, settings, 1000):
        pass
    with upload_turn(owner.id + 1, settings, 1000):
        pass
    for turn in turns:
        turn.__exit__(None, None, None)
    with upload_turn(owner.id, settings, 1000):
        pass


def test_own_data_is_bounded_in_bytes(
    owner: Account, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = save_requests.read_request(
        {"name": "mine", "question": "q", "target": "a", "scorer": "exact/text"}
    )
    versions.save(owner.id, keep(owner, settings), asked, settings)
    monkeypatch.setattr(versions, "MAX_KEPT_BYTES", 100)
    with pytest.raises(Conflict, match="Your own data takes"):
        versions.save(owner.id, keep(owner, settings), asked, settings)
    names = [path.name for path in settings.data_dir.resolve().joinpath("own").rglob("*.jsonl")]
    assert names == ["1.jsonl"]


def test_an_account_waits_for_its_own_files_and_not_for_those_of_another(
    owner: Account, settings: Settings, app_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_WAIT_S", 0.0)
    rows = keep(owner, settings)
    task = {"task": "look", "path": str(rows.path), "file_format": rows.file_format}
    with reading._turn(owner.id):
        with pytest.raises(Limited):
            reading.read_own_file(owner.id, task, 60)
        assert reading.read_own_file(owner.id + 1, task, 60)["columns"]
        with reading._turn(owner.id + 2), pytest.raises(Unavailable):
            reading.read_own_file(owner.id + 1, task, 60)
    assert reading.read_own_file(owner.id, task, 60)["columns"]


def test_a_reader_that_fails_does_not_blame_the_size_of_the_file(
    app_context: Flask, tmp_path: Path
) -> None:
    task = {"task": "look", "path": str(tmp_path / "gone.csv"), "file_format": "csv"}
    with pytest.raises(Invalid) as caught:
        reading.read_own_file(1, task, 60)
    assert caught.value.code == "own_data_unreadable"
    assert "memory" not in str(caught.value)
