"""Builders whose records are not among the test data, on synthetic rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from app.engine.benchmarks import (
    boolq,
    drop,
    gpqa_diamond,
    hellaswag,
    hle,
    mbpp,
    mmlu,
    open_qa,
    race_h,
    simpleqa,
    squad,
)
from app.engine.benchmarks.spec import SampleBuilder
from app.engine.types import Sample


def one(builder: SampleBuilder, record: dict[str, Any], **support: Any) -> Sample:
    return next(builder([record], support))


def gpqa_rows(count: int) -> list[dict[str, str]]:
    return [
        {
            "Record ID": f"rec{n}",
            "Question": f"Question {n}?",
            "Correct Answer": f"right {n}",
            **{f"Incorrect Answer {k}": f"wrong {k} of {n}" for k in (1, 2, 3)},
            "High-level domain": "Physics",
        }
        for n in range(count)
    ]


def test_gpqa_spreads_the_right_answer_over_all_letters() -> None:
    for builder in (gpqa_diamond.build_inspect, gpqa_diamond.build_openbench):
        samples = list(builder(gpqa_rows(198), {}))
        counts = Counter(sample.target for sample in samples)
        assert set(counts) == set("ABCD")
        assert max(counts.values()) < 80
        for sample in samples:
            place = "ABCD".index(str(sample.target))
            assert sample.choices[place].startswith("right")
            assert f"{sample.target}) {sample.choices[place]}" in sample.messages[-1]["content"]


def test_gpqa_knows_the_right_place_when_two_options_read_the_same() -> None:
    rows = [{**row, "Incorrect Answer 2": row["Correct Answer"]} for row in gpqa_rows(40)]
    plain = [s.target for s in gpqa_diamond.build_inspect(gpqa_rows(40), {})]
    assert [s.target for s in gpqa_diamond.build_inspect(rows, {})] == plain


def test_gpqa_openbench_orders_a_question_the_same_wherever_it_stands() -> None:
    rows = gpqa_rows(20)
    forwards = {s.id: s.choices for s in gpqa_diamond.build_openbench(rows, {})}
    backwards = {s.id: s.choices for s in gpqa_diamond.build_openbench(rows[::-1], {})}
    assert forwards == backwards


def test_gpqa_is_gated_and_never_mirrored() -> None:
    assert gpqa_diamond.RECORDS.gated
    assert not gpqa_diamond.RECORDS.public


MBPP_ROW = {
    "task_id": 7,
    "text": "Do it.",
    "code": "def f(): pass",
    "test_list": ["assert f() is None"],
    "test_setup_code": "import math\nx = 1",
    "challenge_test_list": ["assert f() != 1"],
}


def test_mbpp_keeps_the_setup_code_whole() -> None:
    sample = one(mbpp.build_openbench, MBPP_ROW)
    assert (
        "import math\nx = 1\nassert f() is None\nassert f() != 1" in sample.messages[0]["content"]
    )
    assert sample.metadata["test_setup_code"] == "import math\nx = 1"
    assert sample.metadata["test_list"] == ["assert f() is None", "assert f() != 1"]


def test_mbpp_inspect_shows_tasks_two_to_four_first() -> None:
    pool = [{**MBPP_ROW, "task_id": n, "text": f"Example {n}."} for n in range(1, 11)]
    row = {"task_id": 11, "prompt": "Now this.", "test_list": ["assert g()"], "test_imports": []}
    content = one(mbpp.build_inspect, row, fewshot=pool).messages[0]["content"]
    assert [n for n in range(1, 11) if f"Example {n}." in content] == [2, 3, 4]
    assert content.endswith("```python\nassert g()\n```\n\n## Completion:\n")
    assert "## Prompt 1\n```python\nExample 2.\n```" in content


def test_hellaswag_openbench_removes_wikihow_marks() -> None:
    row = {
        "ctx": "[header] How to x [title] First [step] do. then",
        "ctx_a": "[header] How to x [title] First [step] do.",
        "ctx_b": "then",
        "activity_label": "Work",
        "endings": ["a [substeps] b", "c", "d", "e"],
        "label": "2",
        "source_id": "wikihow~1",
    }
    sample = one(hellaswag.build_openbench, row)
    assert "[" not in sample.messages[0]["content"]
    assert "How to x. First do. Then" in sample.messages[0]["content"]
    assert sample.target == "C"
    raw = one(hellaswag.build_inspect, row)
    assert [message["role"] for message in raw.messages] == ["system", "user"]
    assert "[title]" in raw.messages[1]["content"]


def test_boolq_answers_by_word_or_by_letter() -> None:
    row = {"question": "is it so", "passage": "It is.", "answer": True}
    assert one(boolq.build_inspect, row).target == "Yes"
    lettered = one(boolq.build_openbench, row)
    assert lettered.target == "B"
    assert lettered.messages[0]["content"].endswith(
        "It is.\nQuestion: is it so?\nAnswer:\n\nA) false\nB) true"
    )


def drop_row(number: str = "3") -> dict[str, Any]:
    empty = {"day": "", "month": "", "year": ""}
    answer = {"number": number, "date": empty, "spans": []}
    checked = {"number": ["", number], "date": [empty, empty], "spans": [["a", "b"], []]}
    return {
        "query_id": "q1",
        "passage": "P.",
        "question": "How many?",
        "answer": answer,
        "validated_answers": checked,
    }


def test_drop_accepts_every_annotator_once() -> None:
    sample = one(drop.build_inspect, drop_row(), fewshot=[drop_row(str(n)) for n in range(5)])
    assert sample.target == ("3", "a,b")
    assert sample.messages[0]["content"].count("Passage: P.\nQuestion: How many?\nAnswer: ") == 3
    assert sample.messages[1]["content"].startswith("Your Task\n---\nPassage: P.")


def test_drop_openbench_draws_new_examples_for_every_question() -> None:
    pool = [{"context": f"Passage {n}\nAnswer:", "completion": str(n)} for n in range(30)]
    rows = [{"context": "Passage x", "completion": "", "ref_text": "1|2"} for _ in range(4)]
    samples = list(drop.build_openbench(rows, {"fewshot": pool}))
    assert len({sample.messages[0]["content"] for sample in samples}) == 4
    assert samples[0].target == ("1", "2")


def test_triviaqa_accepts_aliases_in_a_fixed_order() -> None:
    answer = {"value": "Rome", "aliases": ["Roma", "Rome"], "normalized_aliases": ["roma", "rome"]}
    sample = one(open_qa.build_triviaqa, {"question": "Q?", "answer": answer})
    assert sample.target == ("Rome", "Roma", "roma", "rome")


def test_squad_knows_unanswerable_questions() -> None:
    row = {"id": "a", "context": "C", "question": "Q?", "answers": {"text": [], "answer_start": []}}
    assert one(squad.build_inspect, row).target == ("unanswerable",)
    assert one(squad.build_openbench, row).messages[0]["content"].endswith("Question: Q?")


def test_race_asks_one_question_a_row() -> None:
    row = {
        "example_id": "high1.txt",
        "article": "Text.",
        "question": "What?",
        "options": ["w", "x", "y", "z"],
        "answer": "D",
    }
    content = one(race_h.build_inspect, row).messages[0]["content"]
    assert "Passage:\nText.\n\nQuestion:\nWhat?" in content
    assert one(race_h.build_openbench, row).target == "D"


def test_simpleqa_sends_the_question_alone() -> None:
    row = {"problem": "Who?", "answer": "She", "metadata": "{}"}
    sample = one(simpleqa.build, row)
    assert sample.messages == ({"role": "user", "content": "Who?"},)
    assert sample.target == "She"


def test_a_bar_inside_an_accepted_answer_divides_it_for_openbench_only() -> None:
    answers = {"text": ["a | b", "b", "c"], "answer_start": [0, 0, 0]}
    row = {"id": "a", "context": "C", "question": "Q?", "answers": answers}
    assert one(squad.build_openbench, row).target == ("a", "b", "c")
    assert one(squad.build_inspect, row).target == ("a | b", "b", "c")
    asked = {"question": "Q?", "answer": ["x|y", " "]}
    assert one(open_qa.build_natural_questions, asked).target == ("x", "y")


def mmlu_row(subject: str, question: str = "Q?") -> dict[str, Any]:
    choices = ["a", "b", "c", "d"]
    return {"question": question, "subject": subject, "choices": choices, "answer": 1}


def test_mmlu_leaves_a_repeated_question_out_and_keeps_the_numbers_of_the_others() -> None:
    rows = [mmlu_row("x"), mmlu_row("y"), mmlu_row("x"), mmlu_row("x", "Other?")]
    # Four rows are asked in the order 4, 3, 2, 1 (seed 42); the first in that order stays.
    assert [sample.id for sample in mmlu.build_inspect(rows, {})] == ["4", "3"]
    support = {"dev": [mmlu_row("x", "Dev?"), mmlu_row("y", "Other dev?")]}
    assert [s.id for s in mmlu.build_inspect_5_shot(rows, support)] == ["4", "3", "2"]
    assert [s.id for s in mmlu.build_openbench(rows, {})] == ["1", "2", "3", "4"]


def hle_row(identifier: str, image: str | None = "") -> dict[str, Any]:
    return {
        "id": identifier,
        "question": f"What is {{{identifier}}}?",
        "answer": "42",
        "image": image,
        "answer_type": "exactMatch",
        "category": "Math",
    }


def test_hle_asks_the_questions_without_an_image_in_the_format_of_its_authors() -> None:
    picture = "data:image/png;base64," + "A" * 1000
    rows = [hle_row("a"), hle_row("b", picture), hle_row("c", None)]
    samples = list(hle.build_openbench(rows, {}))
    assert [sample.id for sample in samples] == ["a", "c"]
    system, asked = samples[0].messages
    assert system["content"] == (
        "Your response should be in the following format:\n"
        "Explanation: {your explanation for your answer choice}\n"
        "Answer: {your chosen answer}\n"
        "Confidence: {your confidence score between 0% and 100% for your answer}"
    )
    assert asked["content"] == "What is {a}?"
    assert samples[0].category == "Math"
    assert "base64" not in repr(samples)


def test_hle_passes_images_over_one_at_a_time() -> None:
    drawn = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal drawn
        for number in range(100):
            drawn += 1
            yield hle_row(str(number), "" if number % 10 == 9 else "data:,x")

    samples = hle.build_openbench(rows(), {})
    assert drawn == 0
    assert next(samples).id == "9"
    assert drawn == 10


def test_hle_is_gated_pinned_and_never_mirrored() -> None:
    assert hle.TEST.gated
    assert not hle.TEST.public
    assert hle.TEST.revision is not None
