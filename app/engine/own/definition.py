"""Turns an account's own data into a ``Benchmark`` like any other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine.benchmarks.prompt_parts import letter, user
from app.engine.benchmarks.spec import (
    Benchmark,
    LocalRef,
    Protocol,
    Record,
    SampleBuilder,
    Support,
)
from app.engine.engine_errors import DatasetError
from app.engine.own.own_data_error import MAX_LINE_BYTES, OwnDataError
from app.engine.own.profiles import PROFILES, current_scorer
from app.engine.types import Sample

PREFIX = "own/"
PROTOCOL = "studio"
MAX_TEMPLATE_CHARS = 20_000
MAX_PLACES = 10
"""How often a template may say ``{question}``, and ``{choices}``."""
MAX_PROMPT_CHARS = MAX_LINE_BYTES + MAX_TEMPLATE_CHARS
"""What fits into a row and a template fits into a prompt, once."""
FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "question": str,
    "target": (str, list),
    "choices": list,
    "category": (str, type(None)),
}
_REQUIREMENTS = {"judge": ("judge",), "code": ("sandbox",)}
_PLACE = re.compile(r"\{(question|choices)\}")


@dataclass(frozen=True, slots=True)
class OwnDefinition:
    """One version of an account's own benchmark.

    Attributes:
        slug: Its name without ``own/``.
        rows: Number of questions.
        path: Its records, mapped, as JSON lines.
        sha256: Of that file.
        input_tokens: Average of the first prompts.
        has_categories: Whether the records have categories.
    """

    slug: str
    version: int
    title: str
    description: str
    prompt_template: str
    scorer: str
    rows: int
    path: Path
    sha256: str
    input_tokens: int
    has_categories: bool


def check_template(template: str, scorer: str) -> None:
    """Check a prompt template.

    Raises:
        OwnDataError: A placeholder is missing, it is too long, or the scorer is not offered.
    """
    scorer = current_scorer(scorer)
    if scorer not in PROFILES:
        known = ", ".join(PROFILES)
        raise OwnDataError(f"There is no such scorer; choose one of: {known}.", field="scorer")
    if len(template) > MAX_TEMPLATE_CHARS:
        raise OwnDataError(
            f"The template is longer than {MAX_TEMPLATE_CHARS:,} characters.",
            field="prompt_template",
        )
    needed = ["{question}", "{choices}"] if PROFILES[scorer].needs_choices else ["{question}"]
    for place in needed:
        if place not in template:
            raise OwnDataError(f"The template needs {place}.", field="prompt_template")
        if template.count(place) > MAX_PLACES:
            raise OwnDataError(
                f"The template has {place} {template.count(place):,} times; at most {MAX_PLACES}.",
                field="prompt_template",
            )


def render(template: str, record: Record) -> str:
    """Return the prompt of a record. What a question says in braces stays as it is.

    Raises:
        OwnDataError: It would be too long; that is known before it is made.
    """
    values = {"question": record["question"], "choices": _offered(record["choices"])}
    inserted = sum(
        template.count(f"{{{name}}}") * (len(value) - len(name) - 2)
        for name, value in values.items()
    )
    if len(template) + inserted > MAX_PROMPT_CHARS:
        raise OwnDataError(
            f"The prompt of {record['id']!r} would have {len(template) + inserted:,} characters; "
            f"at most {MAX_PROMPT_CHARS:,}.",
            field="prompt_template",
        )
    return _PLACE.sub(lambda place: values[place[1]], template)


def _offered(choices: Iterable[str]) -> str:
    """Return the options one a line; an empty one is not offered, and the others keep letters."""
    return "\n".join(f"{letter(i)}) {choice}" for i, choice in enumerate(choices) if choice)


def sample_of(template: str, record: Record) -> Sample:
    """Return a record as a sample."""
    target = record["target"]
    metadata: dict[str, Any] = {"question": record["question"]}
    return Sample(
        id=record["id"],
        messages=user(render(template, record)),
        target=target if isinstance(target, str) else tuple(target),
        choices=tuple(record["choices"]),
        category=record["category"],
        metadata=metadata,
    )


def benchmark_of(own: OwnDefinition) -> Benchmark:
    """Return the definition as a benchmark."""
    scorer = current_scorer(own.scorer)
    profile = PROFILES[scorer]
    name = PREFIX + own.slug
    data = LocalRef(own.path, own.sha256, f"{name} version {own.version}", FIELDS)
    protocol = Protocol(
        name=PROTOCOL,
        datasets=(data,),
        build=_builder(own.prompt_template),
        scorer=scorer,
        prompt_template=own.prompt_template,
    )
    return Benchmark(
        name=name,
        title=own.title,
        category="own",
        version=own.version,
        description=own.description or f"Your own {own.rows:,} questions. {profile.help}",
        protocols={PROTOCOL: protocol},
        default_protocol=PROTOCOL,
        size=own.rows,
        license="your own data",
        citation="",
        url="",
        input_tokens=own.input_tokens,
        output_tokens=profile.output_tokens,
        breakdown="category" if own.has_categories else None,
        metric="mean F1" if scorer.startswith("qa_f1") else "accuracy",
        requirements=_REQUIREMENTS.get(scorer.partition("/")[0], ()),
    )


def _builder(template: str) -> SampleBuilder:
    def build(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
        for record in records:
            try:
                yield sample_of(template, record)
            except OwnDataError as error:  # a version from before there was a limit
                raise DatasetError(
                    "dataset_invalid", error.message, "Save a new version with a shorter template."
                ) from None

    return build
