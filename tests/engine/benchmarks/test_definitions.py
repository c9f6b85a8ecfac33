"""Every benchmark is complete, and its samples are what its scorer needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.engine.benchmarks.benchmark_registry import all_benchmarks, get_benchmark
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol
from app.engine.datasets.loader import DatasetLoader
from app.engine.scorers.scorer_registry import all_scorers, judged_scorers, sandboxed_scorers

CONTRACT = [
    "mmlu",
    "mmlu_pro",
    "gpqa_diamond",
    "gsm8k",
    "math_500",
    "aime_2024",
    "mgsm",
    "humaneval",
    "mbpp",
    "ifeval",
    "arc_easy",
    "arc_challenge",
    "hellaswag",
    "truthfulqa_mc1",
    "bbh",
    "drop",
    "winogrande",
    "boolq",
    "piqa",
    "commonsense_qa",
    "openbookqa",
    "simpleqa",
    "triviaqa",
    "race_h",
    "hle",
    "natural_questions",
    "squad",
]

ALL = list(all_benchmarks().values())
PROTOCOLS = [
    pytest.param(benchmark, protocol, id=f"{benchmark.name}-{protocol.name}")
    for benchmark in ALL
    for protocol in benchmark.protocols.values()
]
# Generated samples have tests of their own, in generated/.
PUBLISHED = [param for param in PROTOCOLS if not param.values[0].offline]  # type: ignore[union-attr]
# Read at its newest commit, since nobody has looked one up yet.
UNPINNED = {"lukaemon/bbh"}
PINS = Path(__file__).parent / "pins.json"


def test_the_benchmarks_that_were_promised_are_there() -> None:
    assert set(CONTRACT) <= set(all_benchmarks())


def test_data_are_pinned_to_what_was_looked_up() -> None:
    """A pin stands in the definition and in ``pins.json``, which a typing error must not change.

    Look a commit up at the hub, and a SHA-256 by hashing the file, before it is written there.
    """
    found: dict[str, set[str | None]] = {}
    for benchmark in ALL:
        for protocol in benchmark.protocols.values():
            for ref in hub_refs(protocol):
                found.setdefault(ref.url or ref.repo, set()).add(ref.sha256 or ref.revision)
    pins = json.loads(PINS.read_text())
    assert {place: list(hashes) for place, hashes in sorted(found.items())} == {
        place: [pin] for place, pin in pins.items()
    }


@pytest.mark.parametrize("benchmark", ALL, ids=lambda benchmark: benchmark.name)
def test_a_benchmark_says_everything_about_itself(benchmark: Benchmark) -> None:
    assert benchmark.default_protocol in benchmark.protocols
    assert all(name == protocol.name for name, protocol in benchmark.protocols.items())
    assert benchmark.title
    assert benchmark.description.endswith(".")
    assert benchmark.license
    assert benchmark.citation
    if not benchmark.offline:
        assert re.search(r"20(1|2)\d", benchmark.citation)
        assert benchmark.url.startswith("https://")
    low, high = benchmark.output_tokens
    assert 0 < low <= high
    assert benchmark.input_tokens > 0


def hub_refs(protocol: Protocol) -> list[DatasetRef]:
    """Return all places outside this machine, stand-ins too."""
    refs = [ref for ref in protocol.datasets if isinstance(ref, DatasetRef)]
    refs += protocol.support.values()
    return [*refs, *(ref.stand_in for ref in refs if ref.stand_in is not None)]


@pytest.mark.parametrize(("benchmark", "protocol"), PROTOCOLS)
def test_data_are_pinned_by_a_full_hash(benchmark: Benchmark, protocol: Protocol) -> None:
    for ref in hub_refs(protocol):
        if ref.url is not None:
            assert re.fullmatch("[0-9a-f]{64}", ref.sha256 or "")
        elif ref.repo not in UNPINNED:
            assert re.fullmatch("[0-9a-f]{40}", ref.revision or "")
        assert ref.fields


@pytest.mark.parametrize(("benchmark", "protocol"), PROTOCOLS)
def test_the_scorer_exists_and_requirements_say_what_it_needs(
    benchmark: Benchmark, protocol: Protocol
) -> None:
    if protocol.scorer in judged_scorers():
        is_default = protocol.name == benchmark.default_protocol
        assert ("judge" in benchmark.requirements) or not is_default
    elif protocol.scorer.startswith("code/"):
        assert "sandbox" in benchmark.requirements
        assert protocol.scorer in sandboxed_scorers()
    else:
        assert protocol.scorer in all_scorers()


@pytest.mark.parametrize(("benchmark", "protocol"), PUBLISHED)
def test_samples_are_complete_unique_and_the_same_on_every_pass(
    benchmark: Benchmark, protocol: Protocol, test_data: Path, tmp_path: Path
) -> None:
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=test_data / "datasets", offline=True)
    if not loader.available(protocol):
        pytest.skip("these records are not among the test data")
    dataset = loader.load(protocol)
    if protocol.name == benchmark.default_protocol:
        assert dataset.size == benchmark.size
    seen: set[str] = set()
    for sample in dataset.samples():
        seen.add(sample.id)
        assert sample.messages[-1]["role"] == "user"
        assert sample.messages[-1]["content"]
        assert sample.target or benchmark.name == "ifeval"
        assert (sample.category is not None) == (benchmark.breakdown is not None)
        if sample.choices and protocol.scorer.startswith("mcq/"):
            assert "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(str(sample.target)) < len(sample.choices)
    assert len(seen) == dataset.size
    assert list(dataset.first(50)) == list(dataset.first(50))


def test_mmlu_asks_a_repeated_question_once_as_inspect_evals_does(
    test_data: Path, tmp_path: Path
) -> None:
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=test_data / "datasets", offline=True)
    mmlu = get_benchmark("mmlu")
    sizes = {name: loader.load(mmlu.protocol(name)).size for name in mmlu.protocols}
    assert sizes == {"inspect": 13_937, "inspect_5_shot": 14_015, "openbench": 14_042}


def test_a_short_run_of_mmlu_asks_about_many_subjects(test_data: Path, tmp_path: Path) -> None:
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=test_data / "datasets", offline=True)
    for name in ("inspect", "inspect_5_shot"):
        samples = list(loader.load(get_benchmark("mmlu").protocol(name)).first(100))
        assert len({sample.category for sample in samples}) > 30
        # The first questions of inspect_evals, which shuffles with seed 42.
        assert [sample.id for sample in samples[:3]] == ["1470", "123", "5556"]


def test_truthfulqa_has_no_letter_that_is_always_right(test_data: Path, tmp_path: Path) -> None:
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=test_data / "datasets", offline=True)
    for protocol in get_benchmark("truthfulqa_mc1").protocols.values():
        targets = [str(sample.target) for sample in loader.load(protocol).samples()]
        assert max(targets.count(letter) for letter in "ABCDE") < len(targets) / 2
