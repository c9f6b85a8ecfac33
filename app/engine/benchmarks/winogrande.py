"""WinoGrande: which noun fills the blank (Sakaguchi et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.hub_shuffle import hub_permutation
from app.engine.benchmarks.prompt_parts import (
    OPENBENCH_CHOICE,
    choice_prompt,
    letter,
    lettered,
    openbench_choice_prompt,
    system_and_user,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Message, Sample

INSPECT_PROMPT = (
    "Answer the following multiple choice question by choosing the best logical option to "
    "replace the [BLANK]. The entire content of your response should be of the following "
    "format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of {letters}.\n\n"
    "{question}\n{choices}\n"
)
INSPECT_SYSTEM = (
    "The following are multiple choice questions, with answers on the best logical completion to "
    "replace [BLANK] by A or B.\n\n{examples}\n"
)
FEWSHOT = 5
FEWSHOT_SEED = 42
OPENBENCH_BLANK = " _____ "


def _options(record: Record) -> tuple[str, str]:
    return record["option1"], record["option2"]


def _sample(number: int, record: Record, messages: tuple[Message, ...]) -> Sample:
    return Sample(
        id=str(number),
        messages=messages,
        target=letter(int(record["answer"]) - 1),
        choices=_options(record),
        metadata={"sentence": record["sentence"]},
    )


def _inspect_question(record: Record) -> str:
    return f"Sentence: {record['sentence'].replace('_', '[BLANK]')}"


def _inspect_prompt(record: Record) -> str:
    return choice_prompt(_inspect_question(record), _options(record), INSPECT_PROMPT)


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the letter only, without examples."""
    for number, record in enumerate(records, start=1):
        yield _sample(number, record, user(_inspect_prompt(record)))


def _fewshot_text(record: Record) -> str:
    answer = letter(int(record["answer"]) - 1)
    return f"{_inspect_question(record)}\n{lettered(_options(record))}\nANSWER: {answer}"


def build_inspect_5_shot(records: Iterable[Record], support: Support) -> Iterator[Sample]:
    """Ask after five training sentences in the system message, the same for all."""
    pool = support["fewshot"]
    drawn = hub_permutation(len(pool), FEWSHOT_SEED)[:FEWSHOT]
    system = INSPECT_SYSTEM.format(
        examples="\n\n".join(_fewshot_text(pool[index]) for index in drawn)
    )
    for number, record in enumerate(records, start=1):
        yield _sample(number, record, system_and_user(system, _inspect_prompt(record)))


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with a longer blank and room for reasoning."""
    for number, record in enumerate(records, start=1):
        # Spaces around the blank, even before a full stop or at the start of the sentence.
        question = OPENBENCH_BLANK.join(part.strip() for part in record["sentence"].split("_"))
        yield _sample(number, record, user(openbench_choice_prompt(question, _options(record))))


def _ref(split: str) -> DatasetRef:
    return DatasetRef(
        "allenai/winogrande",
        "winogrande_xl",
        split,
        "01e74176c63542e6b0bcb004dcdea22d94fb67b5",
        {"sentence": str, "option1": str, "option2": str, "answer": str},
    )


VALIDATION = _ref("validation")
INSPECT_GENERATION = Generation(max_tokens=64)

BENCHMARKS = (
    Benchmark(
        name="winogrande",
        title="WinoGrande",
        category="reasoning",
        version=2,
        description=(
            "Sentences with a blank that one of two nouns fills; the wording alone does not tell "
            "which."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(VALIDATION,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_PROMPT,
                generation=INSPECT_GENERATION,
                differences=(
                    "inspect_evals puts five training sentences into the system message unless "
                    "told otherwise: that is protocol inspect_5_shot. Here its task with "
                    "fewshot=0.",
                ),
            ),
            "inspect_5_shot": Protocol(
                name="inspect_5_shot",
                datasets=(VALIDATION,),
                build=build_inspect_5_shot,
                scorer="mcq/inspect",
                prompt_template=INSPECT_SYSTEM + "\n\n" + INSPECT_PROMPT,
                generation=INSPECT_GENERATION,
                support={"fewshot": _ref("train")},
                fewshot=FEWSHOT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(VALIDATION,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE,
            ),
        },
        default_protocol="inspect",
        size=1267,
        license="CC-BY",
        citation=(
            "Sakaguchi et al. (2019), WinoGrande: An Adversarial Winograd Schema Challenge at "
            "Scale, arXiv:1907.10641"
        ),
        url="https://huggingface.co/datasets/allenai/winogrande",
        input_tokens=93,
        output_tokens=(5, 200),
    ),
)
