"""A run's own system message, before that of the benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.engine.types import Message, Sample


def with_system_message(samples: Iterable[Sample], text: str | None) -> Iterator[Sample]:
    """Yield the samples with a system message that begins with ``text``; ``None``: as they are.

    A benchmark's own system message follows in the same message: chat templates allow one.
    """
    for sample in samples:
        yield sample if text is None else _with_system_message(sample, text)


def _with_system_message(sample: Sample, text: str) -> Sample:
    system = [text, *(each["content"] for each in sample.messages if each["role"] == "system")]
    first: Message = {"role": "system", "content": "\n\n".join(system)}
    rest = (each for each in sample.messages if each["role"] != "system")
    return replace(sample, messages=(first, *rest))
