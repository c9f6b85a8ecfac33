"""The hub on good and bad days, from a real server of its layout."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.engine.benchmarks.spec import DatasetRef, Protocol, Record, Support
from app.engine.datasets.dataset import Dataset
from app.engine.datasets.loader import DatasetLoader, Transfer
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample
from app.net.addresses import EgressPolicy
from app.net.call_errors import Canceled
from app.net.download import Deadlines, Downloader
from tests.fakes.hub_server import HubServer, wait_for_request

REPO = "org/name"
REVISION = "a" * 40
ROW = {"question": "q", "answer": "1"}
QUICK = Deadlines(connect_s=1.0, silence_s=0.5, answer_s=2.0, bytes_per_s=10e6, retries=1)
README = (
    b"---\nconfigs:\n- config_name: main\n  data_files:\n  - split: test\n    path: x.jsonl\n---\n"
)

Load = Callable[..., Dataset]


def build(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    for number, record in enumerate(records, start=1):
        content = record["question"]
        yield Sample(str(number), ({"role": "user", "content": content},), str(record["answer"]))


def protocol(*refs: DatasetRef) -> Protocol:
    return Protocol("studio", refs or (ref(),), build, "exact/studio", "{question}")


def ref(config: str = "main", **options: Any) -> DatasetRef:
    return DatasetRef(REPO, config, "test", REVISION, {"question": str, "answer": str}, **options)


def lines(count: int, question: str = "q") -> bytes:
    row = json.dumps({"question": question, "answer": "1"}) + "\n"
    return row.encode() * count


def parquet(count: int) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    writer = pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    writer.write_table(pyarrow.Table.from_pylist([ROW] * count), buffer)
    return buffer.getvalue()


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add(REPO, {"main/test.jsonl": lines(3)})
        yield server


@pytest.fixture
def loader(hub: HubServer, tmp_path: Path) -> Callable[..., DatasetLoader]:
    def make(**options: Any) -> DatasetLoader:
        downloader = Downloader(EgressPolicy(allow_private=True), QUICK)
        return DatasetLoader(
            cache_dir=tmp_path,
            mirror_dir=None,
            downloader=downloader,
            hub_endpoint=hub.address,
            **options,
        )

    return make


@pytest.fixture
def load(loader: Callable[..., DatasetLoader]) -> Load:
    def load_now(*refs: DatasetRef, **options: Any) -> Dataset:
        return loader(**options).load(protocol(*refs))

    return load_now


def failure(load: Load, *refs: DatasetRef, **options: Any) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        load(*refs, **options)
    assert caught.value.action
    return caught.value


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_the_readme_names_the_files_and_only_those_are_fetched(
    hub: HubServer, load: Load, tmp_path: Path
) -> None:
    hub.add(REPO, {"README.md": README, "x.jsonl": lines(2), "main/test.jsonl": lines(9)})
    assert load().size == 2
    assert [request.path.rpartition("/")[2] for request in hub.requests] == [
        f"{REVISION}?recursive=true",
        "README.md",
        "x.jsonl",
    ]
    assert files_in(tmp_path) == ["test.jsonl", "test.jsonl.sha256"]


def test_splits_of_one_repository_share_its_list_of_files(hub: HubServer, load: Load) -> None:
    names = [f"task_{number}" for number in range(27)]
    hub.add(REPO, {"README.md": b"# no metadata"} | {f"{n}/test.jsonl": lines(2) for n in names})
    assert load(*(ref(name) for name in names)).size == 54
    # Two pages of the list, the README, the files; hf_hub_download made four calls for each split.
    assert len(hub.requests) == 2 + 1 + 27


def test_large_files_come_from_another_host_which_never_sees_the_token(
    hub: HubServer, load: Load
) -> None:
    hub.token = "hf_good0123456789"
    files = {"main/test-00000-of-00001.jsonl": lines(5_000)}
    hub.add(REPO, files, gated=True)
    with HubServer() as storage:
        storage.add(REPO, files)
        hub.storage_address = storage.address
        assert load(ref(gated=True), hub_token=hub.token).size == 5_000
        assert all("authorization" in request.headers for request in hub.requests)
        assert [request.headers.get("authorization") for request in storage.requests] == [None]


def test_a_dataset_that_is_a_script_is_read_from_the_hubs_conversion(
    hub: HubServer, load: Load
) -> None:
    hub.add(REPO, {"name.py": b"raise SystemExit", "main/test/0000.parquet": parquet(4)})
    assert load().size == 4


def test_progress_is_told_in_bytes_of_all_files(
    hub: HubServer, loader: Callable[..., DatasetLoader]
) -> None:
    contents = {f"{name}/test.jsonl": lines(4_000) for name in ("main", "other")}
    hub.add(REPO, contents)
    total = sum(map(len, contents.values()))
    told: list[Transfer] = []
    loader().load(protocol(ref(), ref("other")), None, told.append)
    assert (told[0].done_bytes, told[0].total_bytes) == (0, total)
    assert told[-1] == Transfer(REPO, total, total)
    steps = [transfer.done_bytes for transfer in told]
    assert steps == sorted(steps)
    assert len(steps) > 4


# Damage


@pytest.mark.parametrize("count", [3, 5_000], ids=["small", "large"])
def test_a_file_that_arrives_damaged_is_fetched_again(
    hub: HubServer, load: Load, count: int
) -> None:
    hub.add(REPO, {"main/test.jsonl": lines(count)})
    hub.damage("test.jsonl", times=1)
    if count > 1_000:  # the redirect took the fault, the storage serves the next one
        hub.damage("/storage/", times=1)
    assert load().size == count


@pytest.mark.parametrize("count", [3, 5_000], ids=["small", "large"])
def test_a_file_that_is_always_damaged_is_refused_and_leaves_nothing(
    hub: HubServer, load: Load, tmp_path: Path, count: int
) -> None:
    hub.add(REPO, {"main/test.jsonl": lines(count)})
    hub.damage("test.jsonl", times=100)
    error = failure(load)
    assert error.code == "dataset_digest"
    assert "main/test.jsonl of org/name arrived damaged twice" in error.message
    assert files_in(tmp_path) == []
    hub.heal()
    assert load().size == count


def test_damage_that_no_digest_shows_is_seen_when_the_file_is_read(
    hub: HubServer, load: Load
) -> None:
    content = parquet(9)
    hub.add(REPO, {"main/test.parquet": content}, names_digests=False)
    broken = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
    assert broken != content
    hub.damage("test.parquet", times=1)
    assert load().size == 9


def test_a_connection_that_breaks_goes_on_where_it_was(hub: HubServer, load: Load) -> None:
    hub.add(REPO, {"main/test.jsonl": lines(2_000)})
    hub.break_off("test.jsonl", times=1)
    assert load().size == 2_000
    ranges = [request.headers.get("range") for request in hub.requests if ".jsonl" in request.path]
    assert ranges[0] is None
    assert (ranges[1] or "").startswith("bytes=")


# Refusals


def test_gated_terms_are_named(hub: HubServer, load: Load) -> None:
    hub.token = "hf_another0123456"
    hub.add(REPO, {"main/test.jsonl": lines(1)}, gated=True)
    assert failure(load).code == "dataset_gated"


def test_a_refused_token_is_called_that(hub: HubServer, load: Load) -> None:
    hub.token = "hf_good0123456789"
    for options in ({"gated": False}, {"gated": True}):
        hub.add(REPO, {"main/test.jsonl": lines(1)}, **options)
        error = failure(load, hub_token="hf_expired0123456")
        assert error.code == "dataset_token"
        assert "refuses the token in HF_TOKEN: Invalid credentials" in error.message
        assert "hf_expired0123456" not in error.message + str(error.action)


def test_a_repository_that_is_gone_is_named(hub: HubServer, load: Load) -> None:
    missing = DatasetRef("org/gone", "main", "test", REVISION)
    error = failure(load, missing)
    assert (error.code, "org/gone" in error.message) == ("dataset_unavailable", True)
    hub.token = "hf_good0123456789"
    error = failure(load, missing, hub_token=hub.token)
    assert "does not have org/gone" in error.message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "answers with an error (status 500)"),
        (503, "answers with an error (status 503)"),
        (429, "has had too many requests"),
        (511, "A web page came in place of the data"),
        (404, "does not have org/name"),
    ],
)
def test_a_status_of_the_hub_is_explained(
    hub: HubServer, load: Load, status: int, words: str
) -> None:
    hub.fail(status)
    error = failure(load)
    assert error.code == "dataset_unavailable"
    assert words in error.message


def test_a_passing_failure_is_tried_again(hub: HubServer, load: Load) -> None:
    hub.fail(503, times=1)
    assert load().size == 3


# Silence and strangers


def test_a_hub_that_never_answers_is_given_up(hub: HubServer, load: Load) -> None:
    hub.mode = "silent"
    began = time.monotonic()
    error = failure(load)
    assert time.monotonic() - began < 10
    assert error.code == "dataset_unavailable"
    assert "does not answer in time" in error.message


def test_a_hub_that_drips_is_given_up(hub: HubServer, load: Load) -> None:
    hub.mode = "drip"
    error = failure(load)
    assert "too slow" in error.message


def test_a_hub_that_is_not_there_is_named(tmp_path: Path) -> None:
    address = closed_port()
    loader = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        downloader=Downloader(EgressPolicy(allow_private=True), QUICK),
        hub_endpoint=address,
    )
    with pytest.raises(DatasetError) as caught:
        loader.load(protocol())
    assert f"The hub ({address.removeprefix('http://')}) cannot be reached" in caught.value.message


def test_a_storage_that_refuses_is_told_from_the_hub(hub: HubServer, load: Load) -> None:
    hub.add(REPO, {"main/test.jsonl": lines(5_000)})
    hub.storage_address = closed_port()
    error = failure(load)
    host = hub.storage_address.removeprefix("http://")
    assert f"answers, but the storage that it names ({host}) cannot be reached" in error.message


def test_the_page_of_a_network_is_called_that(hub: HubServer, load: Load, tmp_path: Path) -> None:
    hub.mode = "portal"
    error = failure(load)
    assert error.code == "dataset_unavailable"
    assert "A web page came in place of the data" in error.message
    assert files_in(tmp_path) == []


def test_a_page_in_place_of_one_file_is_called_that(hub: HubServer, load: Load) -> None:
    hub.add(REPO, {"main/test.jsonl": b"<html><body>Sign in</body></html>"})
    assert "A web page came in place of the data" in failure(load).message


def test_private_addresses_need_an_operator_who_names_them(hub: HubServer, tmp_path: Path) -> None:
    loader = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        downloader=Downloader(deadlines=QUICK),
        hub_endpoint=hub.address,
    )
    with pytest.raises(DatasetError, match="Address not permitted"):
        loader.load(protocol())
    assert hub.requests == []


# Stopping


@pytest.mark.parametrize("mode", ["silent", "drip"])
def test_a_download_that_hangs_ends_when_it_is_asked_to(
    hub: HubServer, tmp_path: Path, mode: Any
) -> None:
    hub.mode = mode
    patient = Deadlines(silence_s=60.0, answer_s=600.0)
    loader = DatasetLoader(
        cache_dir=tmp_path,
        mirror_dir=None,
        downloader=Downloader(EgressPolicy(allow_private=True), patient),
        hub_endpoint=hub.address,
    )
    ended: list[Canceled] = []

    def work() -> None:
        try:
            loader.load(protocol())
        except Canceled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for_request(hub, "/tree/")
    began = time.monotonic()
    loader.close()
    thread.join(timeout=20)
    assert len(ended) == 1
    assert time.monotonic() - began < 2
    assert files_in(tmp_path) == []
