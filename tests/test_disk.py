"""Room on a disk: its levels, its reserve, and the faces of a full one."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import ResponseError
from sqlalchemy.exc import OperationalError

from app.disk import RESERVE, is_full, keep_reserve, measure, release_reserve
from tests.small_disk import disk_of, fill

FLOOR = 10**9  # more than a tenth of the disk: then that counts
MB = 2**20


@pytest.fixture
def small(request: pytest.FixtureRequest) -> Iterator[Path]:
    with disk_of(16) as folder:
        yield folder


@pytest.mark.parametrize(
    ("left_bytes", "level"), [(4 * MB, "ok"), (MB, "low"), (MB // 5, "full"), (0, "full")]
)
def test_the_level_follows_what_is_left(small: Path, left_bytes: int, level: str) -> None:
    fill(small / "ballast", left_bytes)
    assert measure(small / "not" / "there" / "yet", FLOOR).level == level


def test_a_floor_of_nothing_still_leaves_room_to_say_so(small: Path) -> None:
    fill(small / "ballast", MB // 5)
    assert measure(small, 0).level == "full"


def test_a_large_disk_keeps_the_floor_that_is_wanted(tmp_path: Path) -> None:
    assert measure(tmp_path, 0).floor_bytes < measure(tmp_path, 100 * MB).floor_bytes


def test_without_room_for_names_a_disk_is_full(small: Path) -> None:
    number = 0
    try:
        while True:
            (small / str(number)).touch()
            number += 1
    except OSError:
        assert measure(small, FLOOR).level == "full"


def test_the_reserve_is_there_when_nothing_else_is(small: Path) -> None:
    keep_reserve(small, measure(small, FLOOR))
    assert (small / RESERVE).stat().st_blocks > 0
    fill(small / "ballast")
    with pytest.raises(OSError, match="No space"):
        (small / "last-words").write_bytes(b"x" * 50_000)
    assert release_reserve(small)
    (small / "last-words").write_bytes(b"x" * 50_000)
    assert measure(small, FLOOR).level == "full"
    assert not release_reserve(small)
    keep_reserve(small, measure(small, FLOOR))
    assert not (small / RESERVE).exists()  # not at the price of others


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OperationalError("INSERT", {}, Exception("database or disk is full")),
        OperationalError("INSERT", {}, Exception("could not extend file: No space left")),
        ResponseError("MISCONF Errors writing to the AOF file: No space left on device"),
    ],
)
def test_a_full_disk_is_known_by_its_errors(error: Exception) -> None:
    assert is_full(error)
    later = ValueError("it did not work")
    later.__cause__ = error
    assert is_full(later)


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "Permission denied"), ResponseError("WRONGTYPE"), None]
)
def test_other_errors_are_none_of_it(error: Exception | None) -> None:
    assert not is_full(error)
