from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping

import pytest

from app.engine.scorers.ifeval import SCORERS, loose_variants
from app.engine.scorers.ifeval_checks import CHECKS
from app.engine.types import Sample


def rows(test_data, name):
    path = test_data / "parity" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sample(*instructions: tuple[str, Mapping[str, object]]) -> Sample:
    names, arguments = [name for name, _ in instructions], [given for _, given in instructions]
    metadata = {"instruction_id_list": names, "kwargs": arguments}
    return Sample("1", ({"role": "user", "content": "?"},), "", metadata=metadata)


def follows(answer: str, name: str, profile: str = "google", **arguments) -> bool:
    return SCORERS[f"ifeval/{profile}"](answer, sample((name, arguments))).score == 1.0


def test_openbench_takes_capitals_without_a_language_for_no_english() -> None:
    assert follows("ME@EXAMPLE.COM", "change_case:english_capital")
    assert not follows("ME@EXAMPLE.COM", "change_case:english_capital", "openbench")
    assert follows("the end of it", "change_case:english_lowercase", "openbench")


def test_all_published_verdicts_of_the_reference_are_reproduced(test_data):
    different = []
    for row in rows(test_data, "ifeval.google_reference"):
        verdict = SCORERS["ifeval/google"](
            row["completion"], Sample(row["id"], (), "", metadata=row["metadata"])
        )
        expected, detail = row["score"], verdict.detail
        published = (
            expected["prompt_level_strict"],
            expected["strict"],
            expected["prompt_level_loose"],
            expected["loose"],
        )
        if published != (
            detail["prompt_strict"],
            detail["instruction_strict"],
            detail["prompt_loose"],
            detail["instruction_loose"],
        ):
            different.append(row["id"])
        assert verdict.score == float(expected["prompt_level_strict"]) or different
    assert different == []


def test_all_recorded_verdicts_of_openbench_are_reproduced(test_data):
    different = [
        row["id"]
        for row in rows(test_data, "ifeval.openbench")
        if SCORERS["ifeval/openbench"](
            row["completion"], Sample(row["id"], (), "", metadata=row["metadata"])
        ).score
        != row["score"]["ifeval_combined_scorer"]
    ]
    assert different == []


@pytest.mark.parametrize(
    ("name", "arguments", "good", "bad"),
    [
        ("keywords:existence", {"keywords": ["cat", "dog"]}, "Dogs, concatenated", "a dog"),
        (
            "keywords:frequency",
            {"keyword": "ha", "frequency": 3, "relation": "at least"},
            "HAhaha",
            "haha",
        ),
        (
            "keywords:frequency",
            {"keyword": "ha", "frequency": 2, "relation": "less than"},
            "ha",
            "haha",
        ),
        ("keywords:forbidden_words", {"forbidden_words": ["can"]}, "canned", "yes we CAN"),
        (
            "keywords:letter_frequency",
            {"letter": "E", "let_frequency": 2, "let_relation": "at least"},
            "eE",
            "e",
        ),
        ("language:response_language", {"language": "ko"}, "안녕하세요", "hello to the world"),
        (
            "length_constraints:number_sentences",
            {"num_sentences": 3, "relation": "less than"},
            "Mr. Smith came. He left.",
            "One. Two. Three.",
        ),
        ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\nb", "a\n\nb"),
        (
            "length_constraints:number_words",
            {"num_words": 3, "relation": "at least"},
            "well-known fact",
            "two words",
        ),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Hello"},
            'one\n\n"hello, you',
            "hello\n\none",
        ),
        ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] [b]", "[a\n]"),
        ("detectable_content:postscript", {"postscript_marker": "P.S."}, "x\np. s. y", "PS: y"),
        ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "P.P.S y", "P.S. y"),
        ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n- b", "* a\n** b"),
        ("detectable_format:constrained_response", {}, "Well: My answer is no.", "No."),
        (
            "detectable_format:number_highlighted_sections",
            {"num_highlights": 2},
            "*a* and **b**",
            "**b** * *",
        ),
        (
            "detectable_format:multiple_sections",
            {"section_spliter": "SECTION", "num_sections": 2},
            "SECTION 1 a SECTION 2 b",
            "Section 1 Section 2",
        ),
        ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
        ("detectable_format:title", {}, "<<a title>>", "<< >> <>"),
        ("combination:two_responses", {}, "a ****** b", "a ****** a"),
        ("combination:repeat_prompt", {"prompt_to_repeat": "Do it. "}, " do it. Done", "Done"),
        ("startend:end_checker", {"end_phrase": "Bye."}, 'text "BYE."', "Bye. Bye"),
        ("startend:quotation", {}, ' "a" ', '"'),
        (
            "change_case:capital_word_frequency",
            {"capital_frequency": 2, "capital_relation": "at least"},
            "I AM here",
            "I am here",
        ),
        ("change_case:english_capital", {}, "THIS IS THE END", "THIS is the end"),
        ("change_case:english_lowercase", {}, "this is the end", "das ist nicht das ende"),
        ("punctuation:no_comma", {}, "a; b", "a, b"),
    ],
)
def test_each_instruction_tells_followed_from_not(name, arguments, good, bad):
    assert follows(good, name, **arguments)
    assert not follows(bad, name, **arguments)


def test_loose_verdicts_forgive_a_first_line_a_last_line_and_asterisks():
    assert loose_variants("Sure!\n*a*\nBye") == (
        "Sure!\n*a*\nBye",
        "*a*\nBye",
        "Sure!\n*a*",
        "*a*",
        "Sure!\na\nBye",
        "a\nBye",
        "Sure!\na",
        "a",
    )
    verdict = SCORERS["ifeval/google"](
        'Sure, here:\n"quoted"', sample(("startend:quotation", {}), ("punctuation:no_comma", {}))
    )
    assert verdict.score == 0.0
    assert verdict.detail == {
        "prompt_strict": False,
        "instruction_strict": [False, False],
        "prompt_loose": True,
        "instruction_loose": [True, True],
    }


def test_openbench_takes_keywords_as_whole_words_and_counts_double_highlights_twice():
    assert follows("concatenate", "keywords:existence", "google", keywords=["cat"])
    assert not follows("concatenate", "keywords:existence", "openbench", keywords=["cat"])
    name = "detectable_format:number_highlighted_sections"
    assert not follows("**a**", name, "google", num_highlights=2)
    assert follows("**a**", name, "openbench", num_highlights=2)


@pytest.mark.parametrize("profile", ["google", "inspect", "openbench"])
@pytest.mark.parametrize("answer", ["", " \n", "\x00", "\ud800", "((((", "٣٫٥", "。！"])
def test_no_answer_and_no_argument_raises(profile, answer):
    odd: list[dict[str, object]] = [
        {},
        {"keyword": "(", "keywords": ["*"], "forbidden_words": ["["], "letter": ""},
    ]
    odd += [{key: float("nan") for key in ("num_words", "frequency", "nth_paragraph")}]
    for name in (*CHECKS, "unknown:instruction"):
        for arguments in odd:
            verdict = SCORERS[f"ifeval/{profile}"](answer, sample((name, arguments)))
            assert verdict.score in (0.0, 1.0)


def test_missing_or_misshapen_instructions_score_zero():
    for metadata in ({}, {"instruction_id_list": ["punctuation:no_comma"], "kwargs": "x"}):
        verdict = SCORERS["ifeval/google"]("a, b", Sample("1", (), "", metadata=metadata))
        assert verdict.score == 0.0


def test_kwargs_by_position_are_read_like_a_list():
    metadata = {
        "instruction_id_list": ["detectable_format:number_bullet_lists"],
        "kwargs": {"0": {"num_bullets": 2}},
    }
    assert SCORERS["ifeval/google"]("- a\n- b", Sample("1", (), "", metadata=metadata)).score == 1.0


@pytest.mark.no_cover  # it measures, and tracing takes several times as long as the work
@pytest.mark.parametrize(
    "unit",
    ["Hello world, A test. ", "* Foo!\n", "\n", " ", "[", "<<", "*", "p.s.", '."', "a@", "<"],
)
def test_a_megabyte_of_anything_is_judged_in_time(unit):
    answer = (unit * 1_000_000)[:1_000_000]
    huge = dict.fromkeys(("num_sentences", "num_bullets", "num_highlights", "num_words"), 10**9)
    everything = sample(*((name, huge) for name in CHECKS))
    started = time.process_time()
    SCORERS["ifeval/google"](answer, everything)
    # All 25 instructions, strict and loose: 3 s where it is quiet.
    assert time.process_time() - started < 60


def test_random_text_never_raises():
    draw = random.Random(7)  # noqa: S311 - reproducible test data
    for _ in range(100):
        answer = "".join(draw.choices("aA.!?*\n \"[]<>'{}:-0é你है", k=draw.randrange(60)))
        SCORERS["ifeval/google"](answer, sample(*((name, {}) for name in CHECKS)))
