from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.engine.benchmarks.generated.family import LEVELS, Family, Puzzle
from app.engine.benchmarks.spec import Benchmark, GeneratedRef, Record
from app.engine.scorers.exact import SCORERS
from app.engine.types import Sample

GENERATED = [b for b in all_benchmarks().values() if b.offline]
DIGESTS = Path(__file__).parent / "digests.json"

DIGEST_PROGRAM = """
import hashlib, json
from app.engine.benchmarks.benchmark_registry import all_benchmarks
out = {}
for name, benchmark in all_benchmarks().items():
    if name.startswith("gen_"):
        ref = benchmark.protocol().datasets[0]
        records = [ref.generate(1, index) for index in range(12)]
        text = json.dumps(records, sort_keys=True)
        out[f"{name}:{benchmark.version}"] = hashlib.sha256(text.encode()).hexdigest()[:16]
print(json.dumps(out, indent=1))
"""


def ref_of(benchmark: Benchmark) -> GeneratedRef:
    ref = benchmark.protocol().datasets[0]
    assert isinstance(ref, GeneratedRef)
    return ref


def records_of(benchmark: Benchmark, seed: int = 1) -> list[Record]:
    ref = ref_of(benchmark)
    return [ref.generate(seed, index) for index in range(ref.size)]


@cache
def samples_by_name(name: str) -> tuple[Sample, ...]:
    benchmark = all_benchmarks()[name]
    return tuple(benchmark.protocol().build(records_of(benchmark), {}))


def samples_of(benchmark: Benchmark) -> tuple[Sample, ...]:
    return samples_by_name(benchmark.name)


def reply(benchmark: Benchmark, answer: str) -> str:
    whole = benchmark.protocol().scorer == "exact/constraints"
    return answer if whole else f"Let me think.\nANSWER: {answer}"


def by_name(benchmark: Benchmark) -> str:
    return benchmark.name


def test_there_are_at_least_twenty_generated_benchmarks() -> None:
    assert len(GENERATED) >= 20


@pytest.mark.parametrize("benchmark", GENERATED, ids=by_name)
def test_a_family_keeps_the_contract_of_its_benchmark(benchmark: Benchmark) -> None:
    samples = samples_of(benchmark)
    assert benchmark.offline
    assert len(samples) == benchmark.size == 300
    assert len({sample.id for sample in samples}) == 300
    assert len({sample.messages[0]["content"] for sample in samples}) == 300
    levels = [sample.metadata["level"] for sample in samples]
    assert levels == [LEVELS[index % 3] for index in range(300)]
    assert len({sample.category for sample in samples}) == 3
    tokens = sum(len(sample.messages[0]["content"]) for sample in samples) / 300 / 4
    assert tokens == pytest.approx(benchmark.input_tokens, rel=0.1)


@pytest.mark.parametrize("benchmark", GENERATED, ids=by_name)
def test_the_scorer_accepts_the_target_and_rejects_every_near_miss(benchmark: Benchmark) -> None:
    score = SCORERS[benchmark.protocol().scorer]
    for sample in samples_of(benchmark):
        target = sample.target
        assert isinstance(target, str)
        assert score(reply(benchmark, target), sample).score == 1.0, sample.id
        assert sample.metadata["simulated_wrong"], sample.id
        for wrong in sample.metadata["simulated_wrong"]:
            assert score(reply(benchmark, wrong), sample).score == 0.0, (sample.id, wrong)


@pytest.mark.parametrize("benchmark", GENERATED, ids=by_name)
def test_another_seed_gives_other_puzzles_with_other_ids(benchmark: Benchmark) -> None:
    ref = ref_of(benchmark)
    first, second = ref.generate(1, 5), ref.generate(2, 5)
    assert first["id"] != second["id"]
    assert first["question"] != second["question"]
    assert first == json.loads(json.dumps(first))


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_records_do_not_depend_on_the_process_or_the_hash_seed(hash_seed: str) -> None:
    """A changed digest means that the family's version must be raised (then update the file)."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", DIGEST_PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path.cwd())},
    )
    assert json.loads(done.stdout) == json.loads(DIGESTS.read_text())


def test_no_answer_is_so_frequent_that_guessing_it_pays() -> None:
    allowed = {"gen_syllogisms": 0.6, "gen_letter_counting": 0.5}
    for benchmark in GENERATED:
        targets = [str(sample.target) for sample in samples_of(benchmark)]
        top = max(targets.count(target) for target in set(targets)) / len(targets)
        assert top <= allowed.get(benchmark.name, 0.3), benchmark.name


def test_a_family_with_too_few_puzzles_says_so() -> None:
    family = Family(
        name="tiny",
        title="",
        category="math",
        description="",
        make=lambda rng, level: Puzzle(str(rng.randrange(10)), "1"),
        scorer="exact/number",
        answer_form="<integer>",
        input_tokens=1,
    )
    with pytest.raises(ValueError, match="fewer than 300"):
        family.generate(1, 0)


def test_digest_of_one_family_matches_its_records() -> None:
    name = "gen_chain_sum:1"
    text = json.dumps(records_of(all_benchmarks()["gen_chain_sum"])[:12], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert json.loads(DIGESTS.read_text())[name] == digest
