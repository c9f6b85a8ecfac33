"""What every scorer owes: no exception, a bounded time, a valid verdict."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError
from app.engine.scorers import scorer_registry
from app.engine.types import ModelReply, Sample
from tests.engine.scorers.examples import EXAMPLES

LIMIT_S = 1.0 if sys.gettrace() is None else 4.0
"""Of CPU time; where coverage is measured, its tracer takes part of it."""

ROOT = Path(__file__).resolve().parents[3]
ALL = (
    *scorer_registry.all_scorers(),
    *scorer_registry.judged_scorers(),
    *scorer_registry.sandboxed_scorers(),
)
PROFILES = list(scorer_registry.all_scorers())
SYMPY = {"math/inspect", "math/inspect_sympy"}
# What these compare with is checked when the benchmark is made, so not any text may be one.
CHECKED_TARGET = {"math/studio", *(name for name in PROFILES if name.startswith("exact/"))}
ANY_TARGET = [name for name in PROFILES if name not in SYMPY | CHECKED_TARGET]

FRAGMENTS = [
    *(
        "Answer:",
        "ANSWER : ",
        "answer",
        "Option",
        "Choice",
        "yes",
        "no",
        "答案：",
        "উত্তর:",
        "الإجابة:",
    ),
    *("\\boxed{", "\\textbf{", "\\frac", "\\sqrt", "\\text{ ", "}", "{", "**", "_", "$", "(", ")"),
    *("A", "b", "C)", "ſ", "\u212a", "Ｂ", ".", ",", ":", "–", "/", "=", "%", "-"),
    *("\n", "\r\n", " ", "\t", "\x00", "\ud800", "1", "42", "½", "⁹", "五十", "०"),
]

completions = st.one_of(
    st.text(max_size=80), st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)
)
samples = st.builds(
    Sample,
    id=st.just("1"),
    messages=st.just(()),
    target=st.one_of(completions, st.lists(completions, min_size=1, max_size=3).map(tuple)),
    choices=st.lists(st.just("option"), max_size=10).map(tuple),
    metadata=st.sampled_from(
        [
            {},
            {"dataset_type": 1},
            {"dataset_type": 2},
            {"dataset_type": 3},
            {"answer_prefix": "答案"},
        ]
    ),
)


def test_every_scorer_has_an_example_and_every_example_a_scorer() -> None:
    assert set(EXAMPLES) == set(ALL), "add the new scorer to tests/engine/scorers/examples.py"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return sandbox


@pytest.mark.parametrize("profile", scorer_registry.all_scorers())
def test_the_right_answer_scores_1_and_the_wrong_one_0(profile: str) -> None:
    example, scorer = EXAMPLES[profile], scorer_registry.all_scorers()[profile]
    assert scorer(example.right, example.sample).score == 1.0
    assert scorer(example.wrong, example.sample).score == 0.0


@pytest.mark.parametrize("profile", scorer_registry.judged_scorers())
def test_the_judge_decides(profile: str) -> None:
    example, make = EXAMPLES[profile], scorer_registry.judged_scorers()[profile]
    for said, completion, score in zip(
        example.judged, (example.right, example.wrong), (1.0, 0.0), strict=True
    ):
        judged = make(lambda _messages, said=said: ModelReply(said))
        assert judged(completion, example.sample).score == score


@pytest.mark.parametrize("profile", scorer_registry.sandboxed_scorers())
def test_code_that_passes_the_tests_scores_1_and_other_code_0(
    profile: str, sandbox: Sandbox
) -> None:
    example, scorer = EXAMPLES[profile], scorer_registry.sandboxed_scorers()[profile](sandbox)
    assert scorer(example.right, example.sample).score == 1.0
    assert scorer(example.wrong, example.sample).score == 0.0


@pytest.mark.parametrize("profile", ANY_TARGET)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(completion=completions, sample=samples)
def test_no_input_raises_and_every_score_lies_between_0_and_1(
    profile: str, completion: str, sample: Sample
) -> None:
    verdict = scorer_registry.all_scorers()[profile](completion, sample)

    assert verdict.score is not None
    assert 0.0 <= verdict.score <= 1.0
    assert verdict.explanation
    if verdict.answer is None:
        assert verdict.score == 0.0 or not completion.strip()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "completion",
    [
        "Answer" + "\n" * 100_000 + "x",
        "ANSWER: " + " " * 100_000 + "!",
        "ANSWER: " + "A " * 50_000 + "é",
        "\\boxed{" * 14_000 + "}" * 10,
        "$" + " " * 50_000 + "A" + " " * 50_000,
        "<think" * 17_000,
        "Answer: " + "[1," * 33_000,
        "²" * 100_000,
        "1" + "²" * 3_000,
        "十" * 100_000,
        "10**999999 1e999999",
    ],
    ids=lambda text: f"{text[:8]!a}-{len(text)}",
)
def test_text_made_to_be_slow_takes_less_than_a_second(profile: str, completion: str) -> None:
    sample = hurried(profile)
    scorer = scorer_registry.all_scorers()[profile]

    started = time.thread_time()
    scorer(completion, sample)
    assert time.thread_time() - started < LIMIT_S


def hurried(profile: str) -> Sample:
    """Return a sample that the scorer looks for in vain."""
    metadata = EXAMPLES[profile].metadata
    return Sample("1", (), "42", ("a", "b", "c", "d"), metadata=metadata)


def _filled(fragment: str) -> str:
    return (fragment * (1_000_000 // len(fragment) + 1))[:1_000_000]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_degenerate_answer_of_a_million_characters_takes_less_than_a_second(
    profile: str,
) -> None:
    sample = hurried(profile)
    scorer = scorer_registry.all_scorers()[profile]
    fragments = (" ", "\n", "A", "9", "Answer:", "ANSWER:" + " " * 9_000, "\\boxed{", "**A) ")

    for fragment in fragments:
        completion = _filled(fragment)
        started = time.thread_time()
        scorer(completion, sample)
        assert time.thread_time() - started < LIMIT_S, fragment


def test_sympy_is_loaded_by_no_scorer_module() -> None:
    code = (
        "import sys; from app.engine.scorers.scorer_registry import all_scorers; all_scorers();"
        "sys.exit(any(m in sys.modules for m in ('sympy', 'math_verify', 'flask', 'sqlalchemy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT)  # noqa: S603
    assert done.returncode == 0


def test_two_modules_must_not_define_the_same_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("twice")
    vars(module)["SCORERS"] = {"mcq/inspect": lambda _completion, _sample: None}
    load: Callable[[str], ModuleType] = lambda _name: module  # noqa: E731
    monkeypatch.setattr("app.engine.scorers.scorer_registry.importlib.import_module", load)

    with pytest.raises(ValueError, match="mcq/inspect is defined twice"):
        scorer_registry._table.__wrapped__("SCORERS")


def test_profiles_are_sorted() -> None:
    assert list(scorer_registry.all_scorers()) == sorted(scorer_registry.all_scorers())
    assert "math/openbench" in scorer_registry.judged_scorers()
