"""Prompts and scorers that contradict each other are noticed; a perfect model scores 1."""

from __future__ import annotations

import pytest

from app.engine.own.profiles import PROFILES, current_scorer, following
from app.engine.own.prompt_check import prompt_warnings
from app.engine.scorers.scorer_registry import all_scorers
from app.engine.types import Sample

ANSWER_LINE = "{question}\n\nEnd with a line 'ANSWER: $ANSWER'."
PLAIN = "{question}"


@pytest.mark.parametrize("scorer", PROFILES)
def test_the_prompt_that_belongs_to_a_scorer_fits_it(scorer: str) -> None:
    template = PROFILES[scorer].template
    assert prompt_warnings(template, scorer) == []
    assert prompt_warnings(template + " ", scorer) == []


@pytest.mark.parametrize(
    ("scorer", "template"),
    [
        ("exact/text", PLAIN),
        ("exact/number", PLAIN),
        ("exact/number", "{question} Put it in \\boxed{}."),
        ("math/studio", PLAIN),
        ("qa_em/studio", "{question} Think step by step."),
        ("qa_f1/studio", "{question} Explain your answer."),
        ("qa_em/inspect", "{question} Put it in \\boxed{}."),
        ("qa_em/studio", "{question} Reply as JSON."),
    ],
)
def test_a_prompt_that_asks_for_another_form_is_warned_about(scorer: str, template: str) -> None:
    [warning] = prompt_warnings(template, scorer)
    assert warning.startswith("The scorer ")


@pytest.mark.parametrize(
    ("scorer", "template"),
    [
        *((scorer, ANSWER_LINE) for scorer in PROFILES),
        ("math/studio", "{question} Use \\boxed{}."),
        ("choice/studio", "{question}\n{choices}"),
        ("numeric/studio", PLAIN),
        ("qa_em/studio", PLAIN),
        ("exact/number", "{question}\n**Answer**: $N"),
        ("unknown", PLAIN),
    ],
)
def test_a_prompt_that_fits_is_not(scorer: str, template: str) -> None:
    assert prompt_warnings(template, scorer) == []


def test_a_prompt_that_nobody_touched_follows_the_scorer() -> None:
    other = PROFILES["exact/text"].template
    for scorer, profile in PROFILES.items():
        assert following(other, scorer) == profile.template
        assert following("", scorer) == profile.template
        assert following("{question} Mine.", scorer) == "{question} Mine."


def test_former_names_of_scorers_are_known() -> None:
    assert current_scorer("mcq/inspect") == "choice/studio"
    assert current_scorer("qa_em/inspect") == "qa_em/studio"
    assert current_scorer("exact/text") == "exact/text"


@pytest.mark.parametrize(
    ("scorer", "target", "choices"),
    [
        ("choice/studio", "B", ("red", "blue")),
        ("exact/text", "Paris", ()),
        ("exact/number", "42", ()),
        ("numeric/studio", "42", ()),
        ("math/studio", "42", ()),
        ("qa_em/studio", "Paris", ()),
        ("qa_f1/studio", "Paris", ()),
    ],
)
def test_a_perfect_model_scores_1_under_a_prompt_that_asks_for_an_answer_line(
    scorer: str, target: str, choices: tuple[str, ...]
) -> None:
    assert prompt_warnings(ANSWER_LINE, scorer) == []
    reply = f"Let me think about it.\n\nANSWER: {target}"
    assert all_scorers()[scorer](reply, Sample("1", (), target, choices)).score == 1.0
