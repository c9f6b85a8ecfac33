"""Where records come from, and what is said when they are missing or damaged."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.engine.benchmarks.benchmark_registry import get_benchmark
from app.engine.benchmarks.spec import DatasetRef, GeneratedRef, Protocol, Record, Support
from app.engine.datasets.loader import DatasetLoader
from app.engine.datasets.selection import Selection
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample
from app.net.call_errors import CallError
from app.net.download import OnBytes

FIELDS = {"question": str, "answer": int}


def build(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    for number, record in enumerate(records, start=1):
        yield Sample(
            id=str(number),
            messages=({"role": "user", "content": record["question"]},),
            target=str(record["answer"]),
        )


def protocol(*refs: DatasetRef | GeneratedRef, **support: DatasetRef) -> Protocol:
    return Protocol(
        name="studio",
        datasets=refs or (DatasetRef("org/name", "main", "test", fields=FIELDS),),
        build=build,
        scorer="exact/studio",
        prompt_template="{question}",
        support=support,
    )


def write_rows(folder: Path, rows: Iterable[object], name: str = "test.jsonl") -> Path:
    path = folder / "org__name" / "main" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(
        (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n"
        for row in rows
    )
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def rows(count: int) -> list[object]:
    return [{"question": f"frage {n} ü", "answer": n} for n in range(count)]


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


@pytest.fixture
def loader(tmp_path: Path, mirror: Path) -> DatasetLoader:
    return DatasetLoader(cache_dir=tmp_path / "cache", mirror_dir=mirror, offline=True)


def failure(loader: DatasetLoader, wanted: Protocol | None = None) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        loader.load(wanted or protocol())
    return caught.value


@pytest.mark.parametrize("name", ["test.jsonl", "test.jsonl.gz"])
def test_records_of_the_mirror_are_read_as_often_as_one_likes(
    loader: DatasetLoader, mirror: Path, name: str
) -> None:
    write_rows(mirror, rows(5), name)
    dataset = loader.load(protocol())
    assert dataset.size == 5
    first = list(dataset.samples())
    assert [sample.target for sample in first] == ["0", "1", "2", "3", "4"]
    assert list(dataset.samples()) == first
    assert next(dataset.records())["_config"] == "main"


def test_samples_come_in_the_order_that_is_asked_for(loader: DatasetLoader, mirror: Path) -> None:
    write_rows(mirror, rows(50))
    dataset = loader.load(protocol())
    every = list(dataset.samples())
    assert list(dataset.first(2)) == every[:2]
    assert list(dataset.first(99)) == every
    for places in ([], [49], [3, 4, 9], [9, 3, 4], range(50), range(7)):
        assert list(dataset.samples(places)) == [every[place] for place in places]
    chosen = dataset.places(Selection(limit=20, order="random"))
    assert list(dataset.samples(chosen)) == [every[place] for place in chosen]


def test_samples_in_another_order_are_held_a_round_at_a_time(
    loader: DatasetLoader, mirror: Path
) -> None:
    long = "x" * 400_000
    write_rows(mirror, [{"question": f"{n} {long}", "answer": n} for n in range(120)])
    dataset = loader.load(protocol())
    places = list(range(120))[::-1]
    tracemalloc.start()
    try:
        for place, sample in zip(places, dataset.samples(places), strict=True):
            assert sample.target == str(place)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16_000_000  # of 48 MB


def test_the_digest_depends_on_values_and_not_on_columns_order_or_packing(
    loader: DatasetLoader, mirror: Path
) -> None:
    path = write_rows(mirror, rows(3))
    plain = loader.load(protocol()).digest
    path.unlink()
    turned = [dict(reversed(row.items())) for row in rows(3) if isinstance(row, dict)]
    write_rows(mirror, turned, "test.jsonl.gz")
    assert loader.load(protocol()).digest == plain
    write_rows(mirror, rows(4))
    assert loader.load(protocol()).digest != plain


def test_the_digest_covers_fewshot_examples(loader: DatasetLoader, mirror: Path) -> None:
    write_rows(mirror, rows(3))
    dev = DatasetRef("org/name", "main", "dev", fields=FIELDS)
    write_rows(mirror, rows(1), "dev.jsonl")
    before = loader.load(protocol(fewshot=dev)).digest
    write_rows(mirror, rows(2), "dev.jsonl")
    assert loader.load(protocol(fewshot=dev)).digest != before


def test_splits_are_concatenated_with_their_config(loader: DatasetLoader, mirror: Path) -> None:
    write_rows(mirror, rows(2))
    other = mirror / "org__name" / "extra" / "test.jsonl"
    other.parent.mkdir()
    other.write_text('{"question": "q", "answer": 9}\n')
    refs = [DatasetRef("org/name", config, "test", fields=FIELDS) for config in ("main", "extra")]
    dataset = loader.load(protocol(*refs))
    assert [record["_config"] for record in dataset.records()] == ["main", "main", "extra"]
    assert dataset.size == 3


def test_generated_records_need_no_files(loader: DatasetLoader) -> None:
    ref = GeneratedRef(lambda seed, index: {"question": f"{seed}", "answer": index}, 4, seed=7)
    dataset = loader.load(protocol(ref))
    assert dataset.size == 4
    assert loader.available(protocol(ref))
    again = loader.load(protocol(ref))
    assert again.digest == dataset.digest


def test_broken_json_is_reported_with_its_line(loader: DatasetLoader, mirror: Path) -> None:
    broken = rows(600)
    broken[499] = '{"question": "cut'
    write_rows(mirror, broken)
    error = failure(loader)
    assert error.code == "dataset_invalid"
    assert "org__name/main/test.jsonl line 500" in error.message
    assert error.action


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"question": "q"}, "field 'answer' is missing"),
        ({"question": "q", "answer": "1"}, "field 'answer' should be a whole number, found text"),
        ({"question": "q", "answer": True}, "found true or false"),
        ({"question": None, "answer": 1}, "field 'question' should be text, found null"),
        ([1, 2], "is not a JSON object"),
        ('{"question": "q", "answer": NaN}', "NaN"),
    ],
)
def test_a_record_that_does_not_fit_is_named(
    loader: DatasetLoader, mirror: Path, record: object, said: str
) -> None:
    write_rows(mirror, [*rows(2), record])
    error = failure(loader)
    assert error.code == "dataset_invalid"
    assert "line 3" in error.message
    assert said in error.message
    with pytest.raises(DatasetError, match="line 3"):
        list(loader.unchecked(protocol()))


def test_a_record_that_the_builder_fails_on_is_named(loader: DatasetLoader, mirror: Path) -> None:
    def build(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
        for record in records:
            yield Sample(record["question"], (), target=record["answer"]["letter"])

    write_rows(mirror, rows(2))
    broken = replace(protocol(), build=build)
    for read in (loader.load, lambda each: list(loader.unchecked(each))):
        with pytest.raises(DatasetError, match="record 1: does not fit the benchmark") as failed:
            read(broken)
        assert failed.value.code == "dataset_invalid"


def test_a_file_cut_short_is_reported(loader: DatasetLoader, mirror: Path) -> None:
    path = write_rows(mirror, rows(500), "test.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-200])
    error = failure(loader)
    assert error.code == "dataset_invalid"
    assert "test.jsonl.gz line" in error.message
    assert "ends early" in error.message


def test_a_file_that_is_not_gzip_is_reported(loader: DatasetLoader, mirror: Path) -> None:
    write_rows(mirror, rows(5), "test.jsonl.gz").write_bytes(b"no gzip at all")
    assert failure(loader).code == "dataset_invalid"


def test_bytes_that_are_not_utf8_are_reported(loader: DatasetLoader, mirror: Path) -> None:
    write_rows(mirror, rows(1)).write_bytes(b'{"question": "\xff", "answer": 1}\n')
    error = failure(loader)
    assert error.code == "dataset_invalid"
    assert "line 1" in error.message


def test_an_empty_file_is_no_dataset(loader: DatasetLoader, mirror: Path) -> None:
    write_rows(mirror, [])
    error = failure(loader)
    assert error.code == "dataset_invalid"
    assert "no records" in error.message


def test_a_record_the_builder_cannot_use_is_the_datasets_fault(
    loader: DatasetLoader, mirror: Path
) -> None:
    write_rows(mirror, rows(2))
    ref = DatasetRef("org/name", "main", "test", fields={"question": str})
    write_rows(mirror, [*rows(1), {"question": "q"}])
    error = failure(loader, protocol(ref))
    assert error.code == "dataset_invalid"
    assert "record 2" in error.message


def test_offline_without_a_copy_says_what_to_do(loader: DatasetLoader) -> None:
    error = failure(loader)
    assert error.code == "dataset_unavailable"
    assert "downloads are off" in error.message
    assert "DATASETS_DIR" in (error.action or "")
    assert not loader.available(protocol())


def test_gated_records_need_a_token(tmp_path: Path) -> None:
    online = DatasetLoader(cache_dir=tmp_path, mirror_dir=None)
    gated = DatasetRef("org/name", "main", "test", fields=FIELDS, gated=True)
    error = failure(online, protocol(gated))
    assert error.code == "dataset_gated"
    assert "HF_TOKEN" in (error.action or "")


CSV = 'question,answer\n"one, two",three\n'
CSV_REF = DatasetRef(
    "org/name",
    "main",
    "test",
    fields={"question": str, "answer": str},
    url="https://example.org/a.csv",
    sha256=hashlib.sha256(CSV.encode()).hexdigest(),
)


def test_an_address_is_fetched_once_and_checked(tmp_path: Path) -> None:
    fetched: list[str] = []

    def fetch(url: str, target: Path, _on_bytes: OnBytes) -> None:
        fetched.append(url)
        target.write_text(CSV)

    told: list[str] = []
    online = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, fetch=fetch)
    dataset = online.load(protocol(CSV_REF), told.append)
    assert [record["question"] for record in dataset.records()] == ["one, two"]
    assert told[0] == "Downloading org/name main/test"
    offline = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, offline=True)
    assert offline.load(protocol(CSV_REF)).digest == dataset.digest
    assert fetched == ["https://example.org/a.csv"]
    here = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert here == ["test.jsonl", "test.jsonl.sha256"]


def test_another_file_at_the_address_is_refused(tmp_path: Path) -> None:
    online = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        fetch=lambda _url, path, _on_bytes: _write(path, "question\nx\n"),
    )
    error = failure(online, protocol(CSV_REF))
    assert error.code == "dataset_digest"
    assert CSV_REF.sha256 is not None
    assert CSV_REF.sha256 in error.message
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_damaged_answer_of_an_address_is_fetched_again(tmp_path: Path) -> None:
    answers = iter(["question,ans", CSV])
    online = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        fetch=lambda _url, path, _on_bytes: _write(path, next(answers)),
    )
    assert online.load(protocol(CSV_REF)).size == 1


def test_a_web_page_at_the_address_is_called_one(tmp_path: Path) -> None:
    online = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        fetch=lambda _url, path, _on_bytes: _write(path, "\n<!DOCTYPE HTML><title>Hotel"),
    )
    error = failure(online, protocol(CSV_REF))
    assert error.code == "dataset_unavailable"
    assert "web page" in error.message


def _online(tmp_path: Path, fetched: list[str]) -> DatasetLoader:
    def fetch(url: str, target: Path, _on_bytes: OnBytes) -> None:
        fetched.append(url)
        target.write_text(CSV)

    return DatasetLoader(cache_dir=tmp_path, mirror_dir=None, fetch=fetch)


@pytest.mark.parametrize("damage", ["cut short", "changed", "emptied", "no receipt, cut short"])
def test_a_damaged_copy_in_the_cache_is_downloaded_again(tmp_path: Path, damage: str) -> None:
    fetched: list[str] = []
    loader = _online(tmp_path, fetched)
    digest = loader.load(protocol(CSV_REF)).digest
    (copy,) = tmp_path.rglob("*.jsonl")
    content = copy.read_bytes()
    changed = {"changed": content.replace(b"three", b"threw"), "emptied": b""}
    copy.write_bytes(changed.get(damage, content[:-9]))
    if damage.startswith("no receipt"):
        copy.with_name("test.jsonl.sha256").unlink()

    offline = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, offline=True)
    assert "is damaged, and downloads are off" in failure(offline, protocol(CSV_REF)).message
    assert copy.is_file()
    assert loader.load(protocol(CSV_REF)).digest == digest
    assert len(fetched) == 2
    assert loader.load(protocol(CSV_REF)).digest == digest
    assert len(fetched) == 2


def test_a_copy_of_an_earlier_studio_is_kept(tmp_path: Path) -> None:
    fetched: list[str] = []
    loader = _online(tmp_path, fetched)
    loader.load(protocol(CSV_REF))
    (receipt,) = tmp_path.rglob("*.sha256")
    receipt.unlink()
    assert loader.load(protocol(CSV_REF)).size == 1
    assert receipt.is_file()
    assert len(fetched) == 1


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def test_an_address_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    def fetch(_url: str, _target: Path, _on_bytes: OnBytes) -> None:
        raise CallError("timeout", "no answer")

    online = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, fetch=fetch)
    error = failure(online, protocol(CSV_REF))
    assert (error.code, error.message) == (
        "dataset_unavailable",
        "https://example.org/a.csv could not be downloaded. no answer",
    )


def test_a_table_without_header_gets_the_names_of_the_fields(tmp_path: Path) -> None:
    ref = DatasetRef(
        "org/name", "de", "test", fields={"question": str, "answer": str}, url="https://e.org/a.tsv"
    )
    online = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        fetch=lambda _url, path, _on_bytes: _write(path, 'ein "Zitat\t18\nzwei\t3\n'),
    )
    dataset = online.load(protocol(ref))
    assert [sample.target for sample in dataset.samples()] == ["18", "3"]
    assert next(dataset.samples()).messages[0]["content"] == 'ein "Zitat'


def test_a_line_break_inside_a_csv_field_is_the_same_in_every_file(tmp_path: Path) -> None:
    ref = DatasetRef(
        "org/name", "m", "t", fields={"question": str, "answer": str}, url="https://e.org/a.csv"
    )
    content = b'question,answer\r\n"one\r\ntwo",1\r\n,\r\n" ",""\r\n"x\n",2\r\n'

    def fetch(_url: str, path: Path, _on_bytes: OnBytes) -> None:
        path.write_bytes(content)

    online = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, fetch=fetch)
    samples = list(online.load(protocol(ref)).samples())
    assert [sample.messages[0]["content"] for sample in samples] == ["one\ntwo", "x\n"]


def test_a_stand_in_is_read_where_only_it_is_here(loader: DatasetLoader, mirror: Path) -> None:
    stand_in = DatasetRef("org/name", "main", "test", fields=FIELDS)
    ref = DatasetRef("other/place", "x", "y", "0" * 40, {"question": str}, stand_in=stand_in)
    assert not loader.available(protocol(ref))
    assert "other/place x/y is not on this machine" in failure(loader, protocol(ref)).message
    write_rows(mirror, rows(3))
    assert loader.available(protocol(ref))
    dataset = loader.load(protocol(ref))
    assert next(dataset.records())["_config"] == "main"
    assert dataset.size == 3
    folder = mirror / "other__place" / "x"
    folder.mkdir(parents=True)
    (folder / "y.jsonl").write_text('{"question": "the reference", "answer": 1}\n')
    assert loader.load(protocol(ref)).size == 1


def test_packed_lines_behind_an_address_are_read(tmp_path: Path) -> None:
    url = "https://example.org/a.b/rows.jsonl.gz"
    ref = DatasetRef("org/name", "main", "test", fields=FIELDS, url=url)
    packed = gzip.compress(b'{"question": "q", "answer": 1}\n')

    def fetch(_url: str, path: Path, _on_bytes: OnBytes) -> None:
        path.write_bytes(packed)

    online = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, fetch=fetch)
    assert online.load(protocol(ref)).size == 1


def test_memory_does_not_grow_with_the_number_of_records(
    loader: DatasetLoader, mirror: Path
) -> None:
    peaks = []
    for count in (500, 8_000):
        write_rows(mirror, rows(count))
        tracemalloc.start()
        dataset = loader.load(protocol())
        assert sum(1 for _ in dataset.samples()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_mmlu_loads_each_question_once(test_data: Path, tmp_path: Path) -> None:
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=test_data / "datasets", offline=True)
    dataset = loader.load(get_benchmark("mmlu").protocol())
    assert dataset.size == 13_937


def test_csv_fields_may_be_long(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    long = "x" * 300_000
    ref = DatasetRef(
        "org/name", "m", "t", fields={"question": str, "answer": str}, url="https://e.org/a.csv"
    )
    online = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        fetch=lambda _url, path, _on_bytes: _write(path, f"question,answer\n{long},1\n"),
    )
    assert len(next(online.load(protocol(ref)).samples()).messages[0]["content"]) == 300_000
    csv.field_size_limit(before)
