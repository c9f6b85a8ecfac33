"""Compare our scorers with the verdicts that the reference harnesses recorded.

Replays every answer of $STUDIO_TEST_DATA/parity through the scorer of its file and prints one
line a file. Exits with 1 when less than 99.5 % of a file's verdicts are equal (documented
differences are listed, and count as different), with 2 when there is nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError  # noqa: E402
from app.engine.scorers.scorer_registry import (  # noqa: E402
    all_scorers,
    judged_scorers,
    sandboxed_scorers,
)
from app.engine.types import Message, ModelReply, Sample, Scorer  # noqa: E402

REQUIRED_SHARE = 0.995
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class ParityFile:
    """What a file of recorded answers is compared with.

    Attributes:
        benchmark: Our benchmark's name; ``None`` where the file has no counterpart.
        protocol: The protocol of that benchmark.
        profiles: Our scorer profile by the name of the recorded one; ``*`` stands for the only.
    """

    benchmark: str | None
    protocol: str
    profiles: dict[str, str]


def _openbench(benchmark: str | None, profile: str) -> ParityFile:
    return ParityFile(benchmark, "openbench", {"*": profile})


def _inspect(benchmark: str | None, profile: str) -> ParityFile:
    return ParityFile(benchmark, "inspect", {"*": profile})


FILES: dict[str, ParityFile] = {
    "aime2024.inspect_evals": _inspect("aime_2024", "aime/inspect"),
    "aime_2024.openbench": _openbench("aime_2024", "boxed_int/openbench"),
    "arc_challenge.inspect_evals": _inspect("arc_challenge", "mcq/inspect"),
    "arc_challenge.openbench": _openbench("arc_challenge", "mcq/openbench"),
    "bbh.inspect_evals": _inspect("bbh", "bbh/inspect"),
    "bbh_date_understanding.openbench": _openbench("bbh", "mcq/openbench"),
    "bbh_navigate.openbench": _openbench("bbh", "mcq/openbench"),
    "bbh_sports_understanding.openbench": _openbench("bbh", "mcq/openbench"),
    "boolq_synth.inspect_evals": _inspect("boolq", "pattern_yes_no/inspect"),
    "commonsense_qa.inspect_evals": _inspect("commonsense_qa", "mcq/inspect"),
    "drop.openbench": _openbench("drop", "drop/openbench"),
    "gsm8k.inspect_evals": _inspect("gsm8k", "numeric/inspect"),
    "gsm8k.openbench": _openbench("gsm8k", "numeric/openbench"),
    "humaneval.inspect_evals": _inspect("humaneval", "code/humaneval_inspect"),
    "humaneval.openbench": _openbench("humaneval", "code/humaneval_openbench"),
    "ifeval.google_reference": _inspect("ifeval", "ifeval/inspect"),
    "ifeval.openbench": _openbench("ifeval", "ifeval/openbench"),
    "math.inspect_evals": ParityFile(
        None,
        "inspect",
        {
            "expression_equivalance": "math/inspect_judged",
            "expression_exact_match": "math/inspect_exact",
            "expression_exact_match_sympy": "math/inspect_sympy",
        },
    ),
    "math_500.openbench": _openbench("math_500", "math/openbench"),
    "mbpp.openbench": _openbench("mbpp", "code/mbpp_openbench"),
    "mgsm.inspect_evals": _inspect("mgsm", "numeric/inspect"),
    "mgsm.openbench": _openbench("mgsm", "mgsm/openbench"),
    "mmlu.openbench": _openbench("mmlu", "mcq/openbench"),
    "mmlu_0_shot.inspect_evals": _inspect("mmlu", "mcq/inspect"),
    "mmlu_5_shot.inspect_evals": _inspect("mmlu", "mcq/inspect"),
    "mmlu_pro.inspect_evals": _inspect("mmlu_pro", "mcq/inspect"),
    "mmlu_pro.openbench": _openbench("mmlu_pro", "mcq/openbench"),
    "natural_questions.openbench": _openbench(None, "qa_f1/openbench"),
    "openbookqa.openbench": _openbench("openbookqa", "mcq/openbench"),
    "piqa.openbench": _openbench("piqa", "mcq/openbench"),
    "simpleqa.openbench": _openbench("simpleqa", "judge/simpleqa_openbench"),
    "squad_f1.inspect_evals": ParityFile(
        None, "inspect", {"f1": "qa_f1/inspect", "exact": "qa_em/inspect"}
    ),
    "truthfulqa.inspect_evals": _inspect("truthfulqa_mc1", "mcq/inspect"),
    "truthfulqa.openbench": _openbench("truthfulqa_mc1", "mcq/openbench"),
    "winogrande.inspect_evals": _inspect("winogrande", "mcq/inspect"),
    "winogrande.openbench": _openbench("winogrande", "mcq/openbench"),
}

DIFFERENCES: dict[tuple[str, str], str] = {}
"""Verdicts that differ on purpose: (file, sample id) to the reference's bug that we fix."""


@dataclass
class Comparison:
    """What came out for one file."""

    name: str
    compared: int = 0
    equal: int = 0
    differences: list[tuple[str, str, str, str]] = field(default_factory=list)
    skipped: str = ""

    @property
    def share(self) -> float:
        """Return the share of equal verdicts; 1 where nothing was compared."""
        return self.equal / self.compared if self.compared else 1.0


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the recorded answers of one file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def to_sample(row: dict[str, Any]) -> Sample:
    """Return the sample that a recorded answer belongs to."""
    target = row["target"]
    metadata = dict(row.get("metadata") or {})
    metadata.setdefault("prompt", row["messages"][-1]["content"])
    return Sample(
        id=str(row["id"]),
        messages=tuple(row["messages"]),
        target=tuple(target) if isinstance(target, list) else str(target),
        choices=tuple(row.get("choices") or ()),
        metadata=metadata,
    )


def recorded_value(value: object) -> float:
    """Return a recorded verdict as a score: C is 1, I and N are 0."""
    if isinstance(value, str):
        return 1.0 if value == "C" else 0.0
    return float(value)  # type: ignore[arg-type]


class RecordedJudge:
    """Answers with the recorded replies of the grader, in order.

    A prompt other than the recorded one is counted, as the reference would have asked otherwise.
    """

    def __init__(self) -> None:
        self.replies: list[dict[str, Any]] = []
        self.other_prompts = 0

    def __call__(self, messages: tuple[Message, ...]) -> ModelReply:
        recorded = self.replies.pop(0) if self.replies else None
        if recorded is None:
            return ModelReply(text="")
        ours = [message["content"] for message in messages]
        if ours != [message["content"] for message in recorded["messages"]]:
            self.other_prompts += 1
        return ModelReply(text=recorded["completion"])


def find_scorer(profile: str, judge: RecordedJudge, sandbox: object) -> Scorer | None:
    """Return the scorer of a profile; ``None`` where it needs a sandbox and there is none."""
    if profile in judged_scorers():
        return judged_scorers()[profile](judge)
    if profile in sandboxed_scorers():
        return None if sandbox is None else sandboxed_scorers()[profile](sandbox)
    return all_scorers()[profile]


def recorded_verdicts(row: dict[str, Any], file: ParityFile) -> Iterator[tuple[str, float]]:
    """Yield our profile and the recorded score, for each scorer of the file."""
    scores = row["score"]
    if "prompt_level_strict" in scores:  # Google's own IFEval verdicts
        yield file.profiles["*"], recorded_value(scores["prompt_level_strict"])
        return
    for name, value in scores.items():
        yield file.profiles.get(name) or file.profiles["*"], recorded_value(value)


def compare_file(path: Path, file: ParityFile, sandbox: object) -> Comparison:
    """Score every answer of a file and compare the verdicts."""
    result = Comparison(path.stem)
    judge = RecordedJudge()
    try:
        scorers = {name: find_scorer(name, judge, sandbox) for name in file.profiles.values()}
    except KeyError as error:
        result.skipped = f"no scorer {error.args[0]}"
        return result
    if None in scorers.values():
        result.skipped = "needs the sandbox (--no-code)"
        return result
    for row in read_rows(path):
        sample = to_sample(row)
        for profile, theirs in recorded_verdicts(row, file):
            judge.replies = list(row.get("grader") or ())
            verdict = scorers[profile](row["completion"], sample)  # type: ignore[misc]
            result.compared += 1
            if verdict.score is not None and abs(verdict.score - theirs) <= TOLERANCE:
                result.equal += 1
                continue
            reason = DIFFERENCES.get((path.stem, sample.id), verdict.explanation)
            ours = f"{verdict.score} {verdict.answer!r}"
            recorded = f"{theirs} {list((row.get('answer') or {}).values())}"
            result.differences.append((sample.id, ours, recorded, reason))
    if judge.other_prompts:
        result.differences.append(("*", f"{judge.other_prompts} judge prompts differ", "", ""))
        result.equal = min(result.equal, result.compared - judge.other_prompts)
    return result


def compare_or_skip(path: Path, file: ParityFile, sandbox: object) -> Comparison:
    """Compare a file, or say why this machine cannot run its code."""
    try:
        return compare_file(path, file, sandbox)
    except SandboxUnavailableError as error:
        return Comparison(path.stem, skipped=str(error))


def say(line: str) -> None:
    """Write one line of the report."""
    sys.stdout.write(line + "\n")


def report(results: Iterable[Comparison], *, verbose: bool) -> bool:
    """Print the table and return whether every file is equal enough."""
    say(f"{'file':<38} {'verdicts':>8} {'equal':>6} {'share':>8}")
    passed = True
    for result in results:
        if result.skipped:
            say(f"{result.name:<38} {'-':>8} {'-':>6} {'-':>8}  skipped: {result.skipped}")
            continue
        good = result.share >= REQUIRED_SHARE
        passed = passed and good
        mark = "" if good else "  BELOW 99.5 %"
        say(f"{result.name:<38} {result.compared:>8} {result.equal:>6} {result.share:>8.2%}{mark}")
        shown = result.differences if verbose else result.differences[:5]
        for sample_id, ours, theirs, reason in shown:
            say(f"    {sample_id}: ours {ours} | theirs {theirs} | {reason}")
        if len(shown) < len(result.differences):
            say(f"    … and {len(result.differences) - len(shown)} more (--verbose)")
    return passed


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="scripts/parity", description=__doc__)
    parser.add_argument("files", nargs="*", help="names such as gsm8k.openbench (default: all)")
    parser.add_argument(
        "--data",
        default=os.environ.get("STUDIO_TEST_DATA"),  # noqa: TID251 - a script, not the app
        help="folder that holds parity/ (default: $STUDIO_TEST_DATA)",
    )
    parser.add_argument("--no-code", action="store_true", help="leave the code benchmarks out")
    parser.add_argument("--verbose", action="store_true", help="list every difference")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Compare, report, and return the exit status."""
    options = parse_arguments(arguments)
    folder = Path(options.data or ".") / "parity"
    paths = [path for path in sorted(folder.glob("*.jsonl")) if path.stem in FILES]
    if options.files:
        paths = [path for path in paths if path.stem in options.files]
    if not paths:
        say(f"no parity files in {folder}: set STUDIO_TEST_DATA or give --data")
        return 2
    sandbox = None if options.no_code else Sandbox()
    results = (compare_or_skip(path, FILES[path.stem], sandbox) for path in paths)
    return 0 if report(results, verbose=options.verbose) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
