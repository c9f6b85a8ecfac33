"""Complete messages of prompts that no recording covers, as the references' own code sends them."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine.benchmarks import (
    arc,
    bbh,
    boolq,
    drop,
    gpqa_diamond,
    hellaswag,
    mbpp,
    mmlu,
    open_qa,
    piqa,
    race_h,
    squad,
    winogrande,
)
from app.engine.benchmarks.benchmark_registry import get_benchmark
from app.engine.benchmarks.spec import DatasetRef, SampleBuilder
from app.engine.types import Sample

INSPECT_HEAD = (
    "Answer the following multiple choice question. The entire content of your response should be "
    "of the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of "
)
OPENBENCH_HEAD = (
    "Answer the following multiple choice question. The last line of your response should be of "
    "the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of "
)

BOOLQ = {"question": "is it so", "passage": "It is.", "answer": False}
HELLASWAG = {
    "ctx": "A man  sits. he",
    "ctx_a": "[header] A man [title] sits  down.",
    "ctx_b": "he THEN",
    "activity_label": "Rest",
    "endings": ["sleeps [substeps] well.", "runs", "eats", "{sings}"],
    "label": "3",
    "source_id": "wikihow~1",
}
RACE = {
    "example_id": "high1.txt",
    "article": "A text.",
    "question": "What is _ ?",
    "options": ["w", "x", "y", "z"],
    "answer": "D",
}
SQUAD = {"id": "a", "context": "C.", "question": "Q?", "answers": {"text": ["x"]}}
PIQA = {"goal": "Boil an egg", "sol1": "In water", "sol2": "In sand", "label": 0}
ARC = {
    "id": "Mercury_1",
    "question": "Which?",
    "choices": {"text": ["p", "q", "r"], "label": ["1", "2", "3"]},
    "answerKey": "2",
}
TRIVIA = {"question": "Who?", "answer": {"value": "A", "aliases": [], "normalized_aliases": []}}
GPQA = {
    "Record ID": "rec1",
    "Question": "Why?",
    "Correct Answer": "right",
    "Incorrect Answer 1": "w1",
    "Incorrect Answer 2": "w2",
    "Incorrect Answer 3": "w3",
    "High-level domain": "Physics",
}

EXPECTED: list[tuple[SampleBuilder, dict[str, Any], list[str], str]] = [
    (
        boolq.build_inspect,
        BOOLQ,
        [
            "\nGiven a passage, answer the subsequent question with either Yes or No. Include "
            "nothing else in your response.\n\nPassage: It is.\n\nQuestion: is it so\n"
        ],
        "No",
    ),
    (
        boolq.build_openbench,
        BOOLQ,
        [INSPECT_HEAD + "A,B.\n\nIt is.\nQuestion: is it so?\nAnswer:\n\nA) false\nB) true"],
        "A",
    ),
    (
        hellaswag.build_inspect,
        HELLASWAG,
        [
            "\nChoose the most plausible continuation for the story.\n",
            INSPECT_HEAD + "A,B,C,D.\n\nA man  sits. he\n\n"
            "A) sleeps [substeps] well.\nB) runs\nC) eats\nD) {sings}",
        ],
        "D",
    ),
    (
        hellaswag.build_openbench,
        HELLASWAG,
        [
            OPENBENCH_HEAD + "A, B, C, D:\n\nRest: A man. sits down. He then\n\n"
            "A) sleeps well.\nB) runs\nC) eats\nD) {sings}"
        ],
        "D",
    ),
    (
        race_h.build_inspect,
        RACE,
        [
            "Answer the following multiple-choice question. The entire content of your response "
            "should be of the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is "
            "one of A,B,C,D.\n\nYou are provided with a passage, a question based on the passage, "
            "and four choices for the answer. Exactly one of the choices is correct.\n\n"
            "Passage:\nA text.\n\nQuestion:\nWhat is _ ?\n\nChoices:\nA) w\nB) x\nC) y\nD) z"
        ],
        "D",
    ),
    (
        race_h.build_openbench,
        RACE,
        [
            OPENBENCH_HEAD + "A, B, C, D:\n\nPassage:\nA text.\n\nQuestion: What is _ ?\n\n"
            "A) w\nB) x\nC) y\nD) z"
        ],
        "D",
    ),
    (
        squad.build_inspect,
        SQUAD,
        [
            "\nUsing only the context provided in the question itself, you are tasked with "
            "answering a question in as few words as possible.\nIf the question is unanswerable, "
            "answer with 'unanswerable' in all lowercase.\n",
            "Context: C.\nQuestion: Q?",
        ],
        "x",
    ),
    (
        squad.build_openbench,
        SQUAD,
        [
            "Read the passage and answer the question. If the question cannot be answered from the "
            'passage, respond with "unanswerable". Give your answer on the last line in the format '
            '"Answer: <your answer>".\n\nPassage: C.\n\nQuestion: Q?'
        ],
        "x",
    ),
    (
        piqa.build_inspect,
        PIQA,
        [
            "The entire content of your response should be of the following format: 'ANSWER:\n"
            "$LETTER' (without quotes) where LETTER is one of A,B.\n\nGiven either a question or a "
            "statement followed by two possible solutions\nlabelled A and B, choose the most "
            "appropriate solution. If a question is given,\nthe solutions answer the question. If "
            "a statement is given, the solutions\nexplain how to achieve the statement.\n\n"
            "Boil an egg\n\nA) In water\nB) In sand"
        ],
        "A",
    ),
    (arc.build_inspect, ARC, [INSPECT_HEAD + "A,B,C.\n\nWhich?\n\nA) p\nB) q\nC) r"], "B"),
    (arc.build_openbench, ARC, [OPENBENCH_HEAD + "A, B, C:\n\nWhich?\n\nA) p\nB) q\nC) r"], "B"),
    (
        open_qa.build_triviaqa,
        TRIVIA,
        [
            "Answer the following trivia question. Give a short, factual answer on the last line "
            'in the format "Answer: <your answer>".\n\nQuestion: Who?'
        ],
        "A",
    ),
    (
        gpqa_diamond.build_inspect,
        GPQA,
        [
            "Answer the following multiple choice question. The last line of your response should "
            "be of the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of "
            "A,B,C,D. Think step by step before answering.\n\nWhy?\n\n"
            "A) w2\nB) w1\nC) w3\nD) right"
        ],
        "D",
    ),
]


@pytest.mark.parametrize(
    ("build", "record", "contents", "target"),
    EXPECTED,
    ids=[f"{row[0].__module__.rpartition('.')[2]}-{row[0].__name__}" for row in EXPECTED],
)
def test_messages_and_target_are_the_references(
    build: SampleBuilder, record: dict[str, Any], contents: list[str], target: str
) -> None:
    sample = next(build([record], {}))
    roles = ["system", "user"] if len(contents) == 2 else ["user"]
    assert [message["role"] for message in sample.messages] == roles
    assert [message["content"] for message in sample.messages] == contents
    assert sample.target in (target, (target,))


def test_gpqa_openbench_has_the_system_message_of_simple_evals() -> None:
    system, asked = next(gpqa_diamond.build_openbench([GPQA], {})).messages
    assert system == {"role": "system", "content": "You are a helpful assistant."}
    assert asked["content"].startswith(OPENBENCH_HEAD + "ABCD.\n\nWhy?\n\nA) ")


def winogrande_row(number: int, sentence: str | None = None) -> dict[str, Any]:
    return {
        "sentence": sentence or f"Sentence {number}: _ was late.",
        "option1": f"Ann {number}",
        "option2": f"Eve {number}",
        "answer": str(1 + number % 2),
    }


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        ("The cup broke since the _ was thin.", "The cup broke since the _____ was thin."),
        ("Ann thanked the _.", "Ann thanked the _____ ."),
        ("_ left early.", " _____ left early."),
        ("They ate sprouts._ was glad. ", "They ate sprouts. _____ was glad."),
    ],
)
def test_winogrande_openbench_has_spaces_around_the_blank(sentence: str, asked: str) -> None:
    sample = next(winogrande.build_openbench([winogrande_row(1, sentence)], {}))
    assert sample.messages[0]["content"] == (
        OPENBENCH_HEAD + f"A, B:\n\n{asked}\n\nA) Ann 1\nB) Eve 1"
    )


def test_winogrande_shows_five_training_sentences_in_the_hubs_order() -> None:
    pool = [winogrande_row(number) for number in range(7)]
    sample = next(winogrande.build_inspect_5_shot([winogrande_row(9)], {"fewshot": pool}))
    examples = [
        f"Sentence: Sentence {number}: [BLANK] was late.\nA) Ann {number}\nB) Eve {number}\n"
        f"ANSWER: {'AB'[number % 2]}"
        for number in (3, 2, 6, 4, 1)
    ]
    assert [message["content"] for message in sample.messages] == [
        "The following are multiple choice questions, with answers on the best logical completion "
        "to replace [BLANK] by A or B.\n\n" + "\n\n".join(examples) + "\n",
        "Answer the following multiple choice question by choosing the best logical option to "
        "replace the [BLANK]. The entire content of your response should be of the following "
        "format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of A,B.\n\n"
        "Sentence: Sentence 9: [BLANK] was late.\nA) Ann 9\nB) Eve 9\n",
    ]


def test_drop_asks_the_question_that_stands_twice_once() -> None:
    empty = {"day": "", "month": "", "year": ""}

    def row(identifier: str, question: str) -> dict[str, Any]:
        return {
            "query_id": identifier,
            "passage": "P.",
            "question": question,
            "answer": {"number": "3", "date": empty, "spans": []},
            "validated_answers": {"number": [], "date": [], "spans": []},
        }

    twice = "28553293-d719-441b-8f00-ce3dc6df5398"
    rows = [row(twice, "How many?"), row(twice, "How many/"), row("other", "How many/")]
    samples = list(drop.build_inspect(rows, {"fewshot": [row("t", "T?")] * 3}))
    assert [sample.id for sample in samples] == [twice, "other"]
    assert "How many?" in samples[0].messages[1]["content"]


def test_mbpp_inspect_asks_as_inspect_evals_does() -> None:
    example = {"task_id": 2, "text": "Add.", "code": "def f(): ...", "test_list": ["assert f()"]}
    row = {"task_id": 11, "prompt": "Now {this}.", "test_list": ["assert g() == {}", "assert h()"]}
    sample = next(mbpp.build_inspect([row], {"fewshot": [example]}))
    assert sample.messages[0]["content"] == (
        "You are an expert Python programmer. You will be given a task, and the tests that your "
        "code must pass.\nWrite the Python function to solve the task. Do not give additional "
        "explanations, just output the\nPython function. Only use imports that are included in "
        "Python's standard library.\n\nFor example:\n\n"
        "## Prompt 1\n```python\nAdd.\n```\n\n## Test Case 1\n```python\nassert f()\n```\n\n"
        "## Completion 1\n```python\ndef f(): ...\n```\n\n"
        "\n# Now, do it for the following task.\n\n## Prompt:\n```python\nNow {this}.\n```\n\n"
        "## Test Case:\n```python\nassert g() == {}\nassert h()\n```\n\n## Completion:\n"
    )
    assert sample.target == ("assert g() == {}", "assert h()")


def mmlu_row(subject: str, question: str) -> dict[str, Any]:
    choices = ["a", "b", "c", "d"]
    return {"question": question, "subject": subject, "choices": choices, "answer": 1}


def test_mmlu_leaves_repeated_examples_out() -> None:
    dev = [mmlu_row("x", question) for question in ("1?", "2?", "3?", "1?", "5?")]
    sample = next(mmlu.build_inspect_5_shot([mmlu_row("x", "Q?")], {"dev": dev}))
    shown = [one["content"] for one in sample.messages if one["role"] == "user"][:-1]
    assert [text.split("\n\n")[1] for text in shown] == ["1?", "2?", "3?", "5?"]


ORIGINAL: list[dict[str, Any]] = [
    {
        "_config": "date_understanding",
        "input": "Which day?\nOptions:\n(A) Monday\n(B) Friday",
        "target": "(B)",
    },
    {
        "_config": "navigate",
        "input": "Do you return?\nOptions:\n- Yes\n- No",
        "target": "No",
    },
]
COPY: list[dict[str, Any]] = [
    {
        "_config": "date_understanding",
        "question": "Which day?",
        "choices": {"label": ["A", "B"], "text": ["Monday", "Friday"]},
        "target": "B",
    },
    {"_config": "navigate", "question": "Do you return?\nOptions:\n- Yes\n- No", "target": "No"},
]
BBH_PROMPTS = {
    "prompts": [
        {"dataset_name": "date_understanding", "answer_only_prompt": "Infer.\n\nQ: x\nA: (A)"},
        {"dataset_name": "navigate", "answer_only_prompt": "Walk.\n\nQ: y\nA: Yes"},
    ]
}


def summary(samples: list[Sample]) -> list[tuple[str, str, object, str | None]]:
    return [(s.id, s.messages[0]["content"], s.target, s.category) for s in samples]


def test_bbh_makes_the_same_samples_of_the_original_and_of_the_copy() -> None:
    samples = list(bbh.build_inspect(COPY, {}))
    assert summary(samples) == summary(list(bbh.build_inspect(ORIGINAL, {})))
    assert samples[0].choices == ("Monday", "Friday")
    assert [sample.target for sample in samples] == ["B", "No"]


def test_bbh_shows_the_examples_of_the_task() -> None:
    lettered, free = bbh.build_inspect_answer_only(COPY, BBH_PROMPTS)
    assert lettered.messages[0]["content"] == (
        INSPECT_HEAD + "A,B.\n\nInfer.\n\nQ: x\nA: (A)\n\nQUESTION: Which day?\nOPTIONS:\n\n"
        "A) Monday\nB) Friday"
    )
    assert free.messages[0]["content"] == (
        "Make sure you output your answer on the last line as 'ANSWER: <one-word answer>'. You "
        "can output multiple lines, but the answer has to be on the last line. \n\n"
        "Walk.\n\nQ: y\nA: Yes\n\nQUESTION: Do you return?\nOptions:\n- Yes\n- No"
    )


def test_bbh_asks_lettered_tasks_first_and_reads_the_copy_that_inspect_evals_pins() -> None:
    datasets = get_benchmark("bbh").protocol("inspect").datasets
    names = []
    for ref in datasets:
        assert isinstance(ref, DatasetRef)
        assert (ref.repo, ref.split) == ("Joschka/big_bench_hard", ref.config)
        assert ref.revision == "76eaa8c29ad448752cd44201a1246618e2454cac"
        assert ref.stand_in is not None
        assert (ref.stand_in.repo, ref.stand_in.config) == ("lukaemon/bbh", ref.config)
        names.append(ref.config)
    assert len(names) == 27
    assert names[0] == "date_understanding"
    assert names[16:18] == ["tracking_shuffled_objects_three_objects", "boolean_expressions"]
    assert names[-1] == "dyck_languages"
