from __future__ import annotations

import json

import pytest

from app.engine.scorers.exact import (
    parse_number,
    score_choice,
    score_constraints,
    score_json,
    score_list,
    score_number,
    score_text,
)
from app.engine.scorers.scorer_registry import all_scorers
from app.engine.types import Sample


def sample(
    target: str | tuple[str, ...], choices: tuple[str, ...] = (), **metadata: object
) -> Sample:
    return Sample("s", ({"role": "user", "content": "?"},), target, choices, metadata=metadata)


@pytest.mark.parametrize(
    "completion",
    [
        "ANSWER: 1234",
        "ANSWER: 1,234",
        "answer: 1234.",
        "**ANSWER:** 1234",
        "**ANSWER: 1234**",
        "ANSWER: `1234`",
        "ANSWER: $1234$",
        "ANSWER: \\boxed{1234}",
        "ANSWER:\n1234",
        "ANSWER: 12\nNo, wait.\nANSWER: 1234",
        "ANSWER: 2468/2",
        "ANSWER: 1234.0",
    ],
)
def test_a_number_is_right_in_any_common_dress(completion: str) -> None:
    assert score_number(completion, sample("1234")).score == 1.0


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("1234", None),
        ("", None),
        ("ANSWER:", None),
        ("ANSWER: twelve", None),
        ("ANSWER: 1234 or 1235", None),
        ("ANSWER: 1/0", None),
        ("ANSWER: 12,34", "12,34"),  # 12.34 in half of Europe
        ("ANSWER: " + "9" * 5000, None),
        ("ANSWER: 1235", "1235"),
        ("ANSWER: -1234", "-1234"),
    ],
)
def test_a_wrong_or_missing_number_scores_zero(completion: str, answer: str | None) -> None:
    verdict = score_number(completion, sample("1234"))
    assert (verdict.score, verdict.answer) == (0.0, answer)
    assert verdict.explanation


def test_numbers_compare_by_value() -> None:
    assert parse_number("−3/4") == parse_number("-0.75") == parse_number("-6/8")


def test_text_ignores_case_spaces_quotes_and_a_full_stop() -> None:
    target = sample("blue Whale")
    assert score_text('ANSWER: "Blue  whale".', target).score == 1.0
    assert score_text("ANSWER: bluewhale", target).score == 0.0
    assert score_text("blue whale", target).answer is None


def test_a_list_keeps_its_order_unless_the_sample_says_otherwise() -> None:
    assert score_list("ANSWER: b, a", sample("a, b")).score == 0.0
    assert score_list("ANSWER: [A, b]", sample("a, b")).score == 1.0
    assert score_list("ANSWER: (3, -4)", sample("3, -4")).score == 1.0
    assert score_list("ANSWER: b a", sample("a, b", unordered=True)).score == 1.0
    assert score_list("ANSWER: a, a", sample("a, b", unordered=True)).score == 0.0
    assert score_list("a, b", sample("a, b")).answer is None


@pytest.mark.parametrize("line", ["B", "(B)", "b", "B) two", "B.", "two", "**B**"])
def test_a_choice_is_named_by_letter_or_text(line: str) -> None:
    assert score_choice(f"ANSWER: {line}", sample("B", ("one", "two", "three"))).score == 1.0


def test_a_choice_that_is_not_offered_is_unparsable() -> None:
    target = sample("B", ("one", "two", "three"))
    assert score_choice("ANSWER: D", target).answer is None
    assert score_choice("ANSWER: because", target).answer is None
    assert score_choice("ANSWER: A", target).answer == "A"
    assert score_choice("B", target).answer is None


def test_choices_without_letters_are_named_by_text_only() -> None:
    target = sample("No", ("Yes", "No"))
    assert score_choice("ANSWER: no.", target).score == 1.0
    assert score_choice("ANSWER: yes", target).score == 0.0
    assert score_choice("ANSWER: n", target).answer is None


def test_json_may_be_fenced_and_in_any_key_order() -> None:
    target = sample(json.dumps({"a": 1, "b": [True, None]}))
    fenced = 'ANSWER:\n```json\n{"b": [true, null],\n "a": 1}\n```'
    assert score_json(fenced, target).score == 1.0
    assert score_json('ANSWER: {"a": 1, "b": [null, true]}', target).score == 0.0
    assert score_json('ANSWER: {"a": true, "b": [true, null]}', target).score == 0.0
    assert score_json('ANSWER: {"a": 1', target).answer is None
    assert score_json("ANSWER: nothing", target).answer is None
    assert score_json('{"a": 1, "b": [true, null]}', target).answer is None
    assert score_json("ANSWER: " + "[" * 100_000, target).answer is None


RULES = [
    {"kind": "lines", "count": 2},
    {"kind": "words_per_line", "count": 2},
    {"kind": "word_times", "word": "cat", "count": 2},
    {"kind": "without_letter", "letter": "z"},
    {"kind": "first_word", "word": "cat"},
    {"kind": "last_word", "word": "dog"},
    {"kind": "case", "case": "lower"},
    {"kind": "letters_only"},
]


def test_all_rules_must_hold_and_the_detail_says_which_do() -> None:
    target = sample("", constraints=RULES)
    assert score_constraints("cat cat\nbig dog", target).score == 1.0
    verdict = score_constraints("cat zebra\nbig dog", target)
    assert verdict.score == 0.0
    assert verdict.detail["constraints"] == [True, True, False, False, True, True, True, True]
    assert "word_times" in verdict.explanation


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("cat cat big dog", "lines"),
        ("cat cat\nbig  dog", "words_per_line"),
        ("the cat\ncat dog", "first_word"),
        ("cat cat\ndog big", "last_word"),
        ("Cat cat\nbig dog", "case"),
        ("cat cat\nbig dog.", "letters_only"),
    ],
)
def test_each_rule_can_break(text: str, broken: str) -> None:
    verdict = score_constraints(text, sample("", constraints=RULES))
    assert verdict.score == 0.0
    assert broken in verdict.explanation


def test_an_empty_reply_breaks_the_rules_without_an_answer() -> None:
    assert score_constraints("  \n", sample("", constraints=RULES)).answer is None


SAME_TEXT: list[tuple[str, str | tuple[str, ...]]] = [
    ("ANSWER: U.S.A.", "U.S.A."),
    ("ANSWER: U.S.A", "U.S.A."),
    ("ANSWER: etc.", "etc."),
    ("ANSWER: $5", "$5"),
    ("ANSWER: *", "*"),
    ("ANSWER: **", "**"),
    ("ANSWER: **U.S.A.**", "U.S.A."),
    ('ANSWER: "U.S.A."', "U.S.A."),
    ("ANSWER: ...", "..."),
    ("ANSWER: …", "..."),
    ("ANSWER: $", "$"),
    ("ANSWER: `", "`"),
    ("ANSWER: _", "_"),
    ('ANSWER: "', '"'),
    ("ANSWER: 'tis", "'tis"),
    ("ANSWER: ’tis", "'tis"),
    ("ANSWER: It’s", "It's"),
    ("ANSWER: “Hello”", "Hello"),
    ("ANSWER: café", "café"),
    ("ANSWER: ﬁn", "fin"),
    ("ANSWER: ＴＯＫＹＯ", "tokyo"),
    ("ANSWER: 東京。", "東京"),
    ("ANSWER: 「東京」", "東京"),
    ("ANSWER：東京", "東京"),
    ("ANSWER: STRASSE", "straße"),
    ("ANSWER: (b)", "(b)"),
    ("ANSWER: [a]", "[a]"),
    ("ANSWER: f(x)", "f(x)"),
    ("**ANSWER: Paris**", "Paris"),
    ("**Answer:** Paris", "Paris"),
    ("**Answer**: Paris.", "Paris"),
    ("ANSWER: \\boxed{Paris}", "Paris"),
    ("ANSWER: \\text{Paris}", "Paris"),
    ("$\\boxed{ANSWER: 5}$", "5"),
    ("ANSWER: Paris", "paris"),
    ("ANSWER: a", "A"),
    ("ANSWER: Yes!", "Yes!"),
    ("ANSWER: C++", "C++"),
    ("ANSWER: C#", "C#"),
    ("ANSWER: x*", "x*"),
    ("ANSWER: x<|im_end|>", "x"),
    ("ANSWER: x</s>", "x"),
    ("'ANSWER: x'", "x"),
    ("ANSWER: <s>", "<s>"),
    ("ANSWER: snake_case_", "snake_case_"),
    ("ANSWER: __init__", "__init__"),
    ("ANSWER: $x$", "x"),
    ("ANSWER: x", "$x$"),
    ("ANSWER: 1939–1945", "1939-1945"),
    ("ANSWER: Mr.", "Mr."),
    ("ANSWER: Inc.", "inc."),
    ("ANSWER: p.m.", "p.m."),
    ("ANSWER:\n\nParis", "Paris"),
    ("ANSWER: line one\nline two", "line one\nline two"),
    ("ANSWER: Paris\n\nI hope that is the answer: tell me more", "Paris"),
    ("ANSWER: zwei", ("one", "zwei")),
    ("ANSWER: 5%", "5%"),
    ("ANSWER: 5€", "5€"),
    ("ANSWER: «Paris»", "Paris"),
    ("ANSWER: „Paris“", "Paris"),
    ('ANSWER: "a" and "b"', '"a" and "b"'),
    ("ANSWER: a\xa0b", "a b"),
    ("ANSWER: \u200bParis", "Paris"),
    ("ANSWER: ΣΑΣ", "σας"),
    ("ANSWER: #", "#"),
    ("ANSWER: -", "-"),
    ("ANSWER: .", "."),
    ("ANSWER: **.**", "."),
    ("ANSWER: 。", "。"),
]
OTHER_TEXT: list[tuple[str, str]] = [
    ("ANSWER: 5", "$5"),
    ("ANSWER: 102", "10²"),
    ("ANSWER: Paris", "Pari"),
    ("ANSWER: C", "C++"),
    ("ANSWER: b", "(b)"),
    ("ANSWER: x", "*"),
    ("Paris", "Paris"),
    ("ANSWER: 5", "-5"),
    ("ANSWER: a b", "ab"),
    ('ANSWER: "a" and "b"', "a and b"),
    ("ANSWER: .", "x"),
    ("ANSWER:", "x"),
    ("ANSWER: resume", "résumé"),
]


@pytest.mark.parametrize(("completion", "target"), SAME_TEXT)
def test_an_answer_equal_to_the_target_is_right_whatever_it_ends_with(
    completion: str, target: str | tuple[str, ...]
) -> None:
    assert score_text(completion, sample(target)).score == 1.0


@pytest.mark.parametrize(("completion", "target"), OTHER_TEXT)
def test_dress_is_taken_off_both_or_neither(completion: str, target: str) -> None:
    assert score_text(completion, sample(target)).score == 0.0


def test_every_entry_of_a_target_list_counts() -> None:
    assert score_number("ANSWER: 43", sample(("42", "43"))).score == 1.0
    assert score_list("ANSWER: b, a", sample(("a, b", "b, a"))).score == 1.0
    assert score_json('ANSWER: {"b": 1}', sample(('{"a": 1}', '{"b": 1}'))).score == 1.0
    assert score_choice("ANSWER: C", sample(("B", "C"), ("x", "y", "z"))).score == 1.0


@pytest.mark.parametrize(
    ("line", "score"),
    [
        ("The answer is 42", 1.0),
        ("Total: 42 apples", 1.0),
        ("40 + 2 = 42", 1.0),
        ("**x = 42**", 1.0),
        ("it is not 42", 0.0),
        ("42 is 43", 0.0),
        ("12:42", 0.0),
        ("more than 42", 0.0),
    ],
)
def test_a_number_may_end_a_statement(line: str, score: float) -> None:
    sample = Sample("1", (), "42")
    assert score_number(f"ANSWER: {line}", sample).score == score


@pytest.mark.parametrize(
    ("answer", "target", "score"),
    [
        ("U.S.A.", "U.S.A.", 1.0),
        ("U.S.A", "U.S.A.", 1.0),
        ("etc.", "etc.", 1.0),
        ("$5", "$5", 1.0),
        ("*", "*", 1.0),
        ("**Paris**", "Paris", 1.0),
        ("“Paris”", "Paris", 1.0),
        ("Paris.", "Paris", 1.0),
        ("café", "café", 1.0),
        ("Paris?", "Paris", 0.0),
        ("C++", "C++", 1.0),
        ("C#", "C#", 1.0),
        (".NET", ".NET", 1.0),
        ("Yahoo!", "Yahoo!", 1.0),
        ("a*b", "a*b", 1.0),
        ("'s-Hertogenbosch", "'s-Hertogenbosch", 1.0),
        ("5%", "5%", 1.0),
        ("-5", "5", 0.0),
        ("(a)", "(a)", 1.0),
        ("東京。", "東京", 1.0),
        ("Paris ", "Paris", 1.0),
        ("`x`", "x", 1.0),
        ("Dr. No", "Dr. No", 1.0),
        ("No.", "No", 1.0),
        ("It's", "It’s", 1.0),
        ("\xa0Paris", "Paris", 1.0),
        ("ﬁsh", "fish", 1.0),
        ("", "Paris", 0.0),
        ("paris", "Paris", 1.0),
    ],
)
def test_texts_that_end_oddly(answer: str, target: str, score: float) -> None:
    sample = Sample("1", (), target)
    assert all_scorers()["exact/text"](f"ANSWER: {answer}", sample).score == score


@pytest.mark.parametrize(
    ("reply", "target", "score"),
    [
        ("ANSWER: 2 1/2", "5/2", 1.0),
        ("ANSWER: 1 2", "12", 0.0),
        ("ANSWER: \\(42\\)", "42", 1.0),
        ("ANSWER: \\$1,234", "1234", 1.0),
        ("ANSWER: 9{,}500", "9500", 1.0),
        ("ANSWER: \\frac{1}{2}", "0.5", 1.0),
        ("ANSWER: 42!", "42", 1.0),
        ("ANSWER: 1\xa0234", "1234", 1.0),
        ("ANSWER: 1e-5", "0.00001", 1.0),
        ("ANSWER: .5", "0.5", 1.0),
        ("ANSWER: 50%", "50%", 1.0),
        ("ANSWER: 0.5", "50%", 1.0),
        ("ANSWER: -42", "42", 0.0),
        ("ANSWER: −42", "-42", 1.0),
        ("ANSWER: 42 km", "42 km", 1.0),
        ("ANSWER: 42", "42 km", 1.0),
        ("ANSWER: 1,234.5", "1234.5", 1.0),
        ("ANSWER: 1.234,5", "1234.5", 1.0),
        ("ANSWER: 42.", "42", 1.0),
        ("ANSWER: **42**", "42", 1.0),
        ("ANSWER: $42$", "42", 1.0),
        ("ANSWER: \\boxed{42}", "42", 1.0),
        ("ANSWER: ½", "0.5", 1.0),
        ("ANSWER: 3 × 10^2", "300", 1.0),
        ("ANSWER: 4.0", "4", 1.0),
        ("ANSWER: 4.01", "4", 0.0),
        ("ANSWER: ١٢", "12", 1.0),
        ("ANSWER: 1_000", "1000", 1.0),
        ("ANSWER: about 42", "42", 1.0),
        ("ANSWER: 42 or 43", "42", 0.0),
        ("ANSWER: x = 42", "42", 1.0),
        ("ANSWER: +42", "42", 1.0),
        ("ANSWER: 1/3", "0.3333", 0.0),
        ("ANSWER: 2½", "2.5", 1.0),
        ("ANSWER: 12,5", "12.5", 1.0),
        ("ANSWER: €42", "42", 1.0),
        ("ANSWER: 42 %", "42%", 1.0),
        ("ANSWER: forty-two", "42", 0.0),
        ("ANSWER: 10^3", "1000", 1.0),
        ("ANSWER: 1.5 million", "1500000", 1.0),
        ("ANSWER: 1'000", "1000", 1.0),
        ("ANSWER: 42 (approx.)", "42", 1.0),
        ("ANSWER: 007", "7", 1.0),
    ],
)
def test_numbers_as_people_and_models_write_them(reply: str, target: str, score: float) -> None:
    assert all_scorers()["exact/number"](reply, Sample("1", (), target)).score == score
