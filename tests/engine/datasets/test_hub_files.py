"""Files of the hub: which hold a split, and how they become records."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.engine.benchmarks.spec import DatasetRef, Protocol, Record, Support
from app.engine.datasets.hub import PARQUET_REVISION, HuggingFaceHub, split_files
from app.engine.datasets.loader import DatasetLoader
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample

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

    def list_files(self, repo: str, revision: str | None) -> Sequence[str]:
        self.asked.append((repo, revision))
        root = self._root(revision)
        return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]

    def download(self, repo: str, path: str, revision: str | None) -> Path:
        self.asked.append((repo, revision))
        return self._root(revision) / path

    def card(self, repo: str, revision: str | None) -> Mapping[str, Any]:
        self.asked.append((repo, revision))
        return self.readme


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
    assert split_files(REF, files, card) == ["x/one-test.parquet"]


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
    assert split_files(REF, [path, "main/train-00000-of-00001.parquet", "LICENSE"], {}) == [path]


def test_another_split_is_never_taken() -> None:
    assert split_files(REF, ["main/train-0.parquet", "other/test-0.parquet"], {}) == []


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


class _Hub(http.server.BaseHTTPRequestHandler):
    """Answers like the hub does, for one file or with a refusal."""

    status = 200
    files: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        if self.status != 200:
            self._answer(b"{}", {"X-Error-Code": "GatedRepo"} if self.status == 403 else {})
        elif self.path.startswith("/api/"):
            entries = [
                {"type": "file", "path": path, "size": len(data), "oid": "0"}
                for path, data in self.files.items()
            ]
            self._answer(json.dumps(entries).encode(), {"Content-Type": "application/json"})
        else:
            name = self.path.partition(f"/resolve/{REF.revision}/")[2]
            etag = f'"{hash(self.files[name]) & 0xFFFF:040x}"'
            headers = {"ETag": etag, "X-Repo-Commit": str(REF.revision)}
            self._answer(self.files[name], headers)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(self.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Stay quiet."""


@contextlib.contextmanager
def serve(status: int = 200, files: dict[str, bytes] | None = None) -> Iterator[str]:
    handler = type("Handler", (_Hub,), {"status": status, "files": files or {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "code"), [(403, "dataset_gated"), (404, "dataset_unavailable")])
def test_a_refusal_of_the_hub_is_explained(tmp_path: Path, status: int, code: str) -> None:
    with serve(status) as address, pytest.raises(DatasetError) as caught:
        HuggingFaceHub(tmp_path, "token", address).list_files("org/name", None)
    assert caught.value.code == code


def test_records_come_from_the_real_hub_client(tmp_path: Path) -> None:
    configs = "- config_name: main\n  data_files:\n  - split: test\n    path: x.jsonl\n"
    readme = f"---\nconfigs:\n{configs}---\n"
    files = {"README.md": readme.encode(), "x.jsonl": f"{ROW}\n".encode(), "y.jsonl": b"{}\n"}
    with serve(files=files) as address:
        hub = HuggingFaceHub(tmp_path / "hub", None, address)
        loader = DatasetLoader(cache_dir=tmp_path / "cache", mirror_dir=None, hub=hub)
        dataset = loader.load(PROTOCOL)
    assert [record["question"] for record in dataset.records()] == ["q"]
