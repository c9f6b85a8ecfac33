"""Files of the hub: which hold a split, and how they become records."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.engine.benchmarks.spec import DatasetRef, Protocol, Record, Support
from app.engine.datasets.hub import PARQUET_REVISION, HubFile, split_files
from app.engine.datasets.loader import DatasetLoader
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample
from app.net.download import OnBytes

REF = DatasetRef("org/name", "main", "test", "a" * 40, {"question": str, "answer": int})


def build(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    for number, record in enumerate(records, start=1):
        content = record["question"]
        yield Sample(str(number), ({"role": "user", "content": content},), str(record["answer"]))


PROTOCOL = Protocol("studio", (REF,), build, "exact/studio", "{question}")


class FolderHub:
    """A hub whose repositories are folders, one for each revision."""

    def __init__(self, folder: Path, card: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.readme = card or {}
        self.asked: list[tuple[str, str | None]] = []

    def _root(self, revision: str | None) -> Path:
        return self.folder / (revision or "main").replace("/", "_")

    def list_files(self, repo: str, revision: str | None) -> Sequence[HubFile]:
        self.asked.append((repo, revision))
        root = self._root(revision)
        return [HubFile(str(path.relative_to(root))) for path in root.rglob("*") if path.is_file()]

    def download(
        self, repo: str, file: HubFile, revision: str | None, target: Path, on_bytes: OnBytes
    ) -> None:
        self.asked.append((repo, revision))
        shutil.copyfile(self._root(revision) / file.path, target)
        on_bytes(target.stat().st_size, None)

    def card(self, repo: str, revision: str | None, files: Sequence[HubFile]) -> Mapping[str, Any]:
        self.asked.append((repo, revision))
        return self.readme


def paths(ref: DatasetRef, files: Sequence[str], card: Mapping[str, Any]) -> list[str]:
    return [file.path for file in split_files(ref, [HubFile(path) for path in files], card)]


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def test_the_readme_decides_which_files_hold_a_split() -> None:
    files = ["README.md", "x/one-test.parquet", "x/two-train.parquet", "main/test.jsonl"]
    card = {
        "configs": [
            {
                "config_name": "main",
                "data_files": [
                    {"split": "train", "path": "x/*-train.parquet"},
                    {"split": "test", "path": ["x/*-test.parquet"]},
                ],
            }
        ]
    }
    assert paths(REF, files, card) == ["x/one-test.parquet"]


@pytest.mark.parametrize(
    "path",
    [
        "main/test-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
        "main/test/0000.parquet",
        "test.jsonl",
        "test.csv",
    ],
)
def test_usual_names_are_found_without_a_readme(path: str) -> None:
    assert paths(REF, [path, "main/train-00000-of-00001.parquet", "LICENSE"], {}) == [path]


@pytest.mark.parametrize(
    "configs", ["main", ["main"], {"config_name": "main"}, [{"config_name": "main"}], 3, None]
)
def test_a_readme_that_says_nothing_of_use_leaves_it_to_the_names(configs: Any) -> None:
    assert paths(REF, ["main/test.jsonl"], {"configs": configs}) == ["main/test.jsonl"]


def test_another_split_is_never_taken() -> None:
    assert paths(REF, ["main/train-0.parquet", "other/test-0.parquet"], {}) == []


def test_parquet_becomes_records_of_the_pinned_revision(tmp_path: Path) -> None:
    rows = [{"question": f"q{n}", "answer": n, "image": b"\xff"} for n in range(3)]
    root = tmp_path / "hub" / REF.revision  # type: ignore[operator]
    write_parquet(root / "main" / "test-00000-of-00002.parquet", rows[:2])
    write_parquet(root / "main" / "test-00001-of-00002.parquet", rows[2:])
    hub = FolderHub(tmp_path / "hub")
    loader = DatasetLoader(cache_dir=tmp_path / "cache", mirror_dir=None, hub=hub)
    dataset = loader.load(PROTOCOL)
    assert [record["question"] for record in dataset.records()] == ["q0", "q1", "q2"]
    assert "image" not in next(dataset.records())
    assert {revision for _, revision in hub.asked} == {REF.revision}
    assert loader.available(PROTOCOL)


def test_a_dataset_that_is_a_script_is_read_from_the_hubs_conversion(tmp_path: Path) -> None:
    script = tmp_path / "hub" / str(REF.revision) / "name.py"
    script.parent.mkdir(parents=True)
    script.write_text("raise SystemExit")
    converted = tmp_path / "hub" / PARQUET_REVISION.replace("/", "_")
    write_parquet(converted / "main" / "test" / "0000.parquet", [{"question": "q", "answer": 1}])
    loader = DatasetLoader(
        cache_dir=tmp_path / "cache", mirror_dir=None, hub=FolderHub(tmp_path / "hub")
    )
    assert loader.load(PROTOCOL).size == 1


def test_a_repository_without_the_split_is_unavailable(tmp_path: Path) -> None:
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, hub=FolderHub(tmp_path / "hub"))
    with pytest.raises(DatasetError) as caught:
        loader.load(PROTOCOL)
    assert caught.value.code == "dataset_unavailable"


def test_a_damaged_parquet_file_leaves_nothing_behind(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "hub" / str(REF.revision) / "main" / "test.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 broken")
    cache = tmp_path / "cache"
    loader = DatasetLoader(cache_dir=cache, mirror_dir=None, hub=FolderHub(tmp_path / "hub"))
    with pytest.raises(DatasetError) as caught:
        loader.load(PROTOCOL)
    assert caught.value.code == "dataset_invalid"
    assert not [path for path in cache.rglob("*") if path.is_file()]


ROW = '{"question": "q", "answer": 1}'


@pytest.mark.parametrize("content", [f"[{ROW}]", f'{{"rows": [{ROW}]}}', f"{ROW}\n{ROW}\n"])
def test_json_files_may_hold_a_list_or_lines(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hub" / str(REF.revision) / "main" / "test.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    loader = DatasetLoader(
        cache_dir=tmp_path / "cache", mirror_dir=None, hub=FolderHub(tmp_path / "hub")
    )
    assert next(loader.load(PROTOCOL).records())["question"] == "q"
