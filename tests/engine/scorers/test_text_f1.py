from __future__ import annotations

import pytest

from app.engine.scorers.bbh import score_bbh
from app.engine.scorers.pattern import score_word, score_yes_no
from app.engine.scorers.scorer_registry import all_scorers
from app.engine.scorers.text_f1 import score_drop, score_exact, score_f1, score_qa
from app.engine.types import Sample


def test_the_best_of_the_accepted_answers_counts() -> None:
    sample = Sample("1", (), "Lyon|the City of Paris")

    verdict = score_qa("Some thought.\nAnswer: **Paris**", sample)

    assert verdict.score == pytest.approx(0.5)
    assert verdict.answer == "**Paris**"
    assert verdict.detail["exact_match"] == 0.0


def test_articles_case_punctuation_and_hyphens_do_not_matter() -> None:
    assert score_qa("The 30-October, 1918!", Sample("1", (), "30 October 1918")).score == 1.0


def test_the_last_line_counts_where_no_line_is_labelled() -> None:
    assert score_qa("Let me think...\n\nParis\n", Sample("1", (), "Paris")).score == 1.0


def test_repeated_words_lower_the_score_but_not_for_drop() -> None:
    sample = Sample("1", (), "Paris")

    assert score_qa("Answer: Paris Paris", sample).score == pytest.approx(2 / 3)
    assert score_drop("Answer: Paris Paris", sample).score == 1.0


def test_drop_gives_nothing_for_the_right_words_with_the_wrong_number() -> None:
    sample = Sample("1", (), "7 yards")

    assert score_drop("Answer: 8 yards", sample).score == 0.0
    assert score_drop("Answer: 7.0 yards", sample).score == 1.0


def test_inspect_f1_is_rounded_and_keeps_the_point_of_a_bracketed_number() -> None:
    assert score_f1("Answer: red apple pie", Sample("1", (), ("apple",))).score == 0.5
    assert score_f1("Answer: one two", Sample("1", (), ("one two three",))).score == 0.8
    assert score_f1("Answer: (3.14)", Sample("1", (), ("3.14",))).score == 1.0
    assert score_f1("Answer: (3.14)\r\n", Sample("1", (), ("3.14",))).score == 1.0


def test_infinity_is_a_number_for_openbench_only() -> None:
    assert score_f1("infinity", Sample("1", (), ("inf",))).score == 0.0
    assert score_qa("infinity", Sample("1", (), "inf")).score == 1.0


def test_exact_of_inspect_compares_the_whole_response() -> None:
    sample = Sample("1", (), ("Wendy Fraser",))

    assert score_exact("wendy fraser.", sample).score == 1.0
    assert score_exact("Answer: Wendy Fraser", sample).score == 0.0
    assert score_exact(" ", sample).answer is None


@pytest.mark.parametrize(
    ("text", "targets"), [("Answer: a%", ("a",)), ("The", ("The",)), ("the -", ("-", "The"))]
)
def test_inspect_skips_targets_without_a_word(text: str, targets: tuple[str, ...]) -> None:
    sample = Sample("1", (), targets)

    assert score_f1(text, sample).score == 0.0
    assert score_exact(text, sample).score == 0.0


def test_squad_of_inspect_compares_the_label_too() -> None:
    sample = Sample("1", (), ("Paris",))

    assert all_scorers()["squad_f1/inspect"]("Answer: Paris", sample).score == 0.67
    assert all_scorers()["squad_f1/inspect"]("Paris!", sample).score == 1.0


def test_an_empty_response_has_no_answer() -> None:
    for profile in ("qa_f1/openbench", "drop/openbench", "qa_f1/inspect"):
        verdict = all_scorers()[profile]("", Sample("1", (), "Paris"))
        assert (verdict.score, verdict.answer) == (0.0, None)


@pytest.mark.parametrize("text", ["Yes", "yes.", "**Yes**", "(Yes)", "_Yes_\n", '"YES"'])
def test_yes_may_be_dressed_but_must_be_alone(text: str) -> None:
    assert score_yes_no(text, Sample("1", (), "Yes")).score == 1.0


@pytest.mark.parametrize("text", ["", "Yes, because", "The answer is Yes", "yes and no"])
def test_more_than_yes_or_no_is_no_answer(text: str) -> None:
    assert score_yes_no(text, Sample("1", (), "Yes")).answer is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("ANSWER: valid\nanswer: yes.", "yes"),
        ("Answer:\nyes", "yes"),
        ("ANSWER: (yes)", "(yes)"),
        ("ANSWER: yes, because", None),
        ("ANSWER: yes because", None),
        ("ANSWER: yes\n\nHope this helps!", "yes"),
        ("ANSWER: no\nWait.\nANSWER: yes, \t\nDone", "yes"),
        ("ANSWER: yes\nANSWER: no, because", None),
        ("ANSWER:ANSWER:yes.", "ANSWER:yes"),
        ("ANSWER: yes..", "yes."),
        ("ANSWER: .", "."),
        ("So the answer is yes.", None),
        ("ANSWER:", None),
    ],
)
def test_the_word_after_the_last_marker_must_end_its_line(text: str, answer: str | None) -> None:
    assert score_word(text, Sample("1", (), "Yes")).answer == answer


def test_bbh_is_judged_by_the_kind_of_its_subset() -> None:
    letters = Sample("1", (), "B", ("x", "y"), metadata={"dataset_type": 1})
    word = Sample("2", (), "No", metadata={"dataset_type": 2})
    ending = Sample("3", (), "24", metadata={"dataset_type": 3})

    assert score_bbh("ANSWER: B", letters).score == 1.0
    assert score_bbh("ANSWER: no", word).score == 1.0
    assert score_bbh("so it is 24.", ending).score == 1.0
    assert score_bbh("24 or so", ending).score == 0.0


def test_bbh_tells_the_kind_from_the_sample_where_it_is_not_given() -> None:
    assert score_bbh("ANSWER: B", Sample("1", (), "B", ("x", "y"))).score == 1.0
    assert score_bbh("valid", Sample("2", (), "valid")).answer is None
    assert score_bbh("It is ] )", Sample("3", (), "] )")).score == 1.0
