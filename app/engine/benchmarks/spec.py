"""What a benchmark is: a versioned definition under one or more protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.engine.types import Generation, Sample

Record = Mapping[str, Any]
"""One row of a dataset, with the hub's column names."""

Support = Mapping[str, Sequence[Record]]
"""Further splits by name (``{"fewshot": [...]}``), for few-shot examples."""

SampleBuilder = Callable[[Iterable[Record], Support], Iterator[Sample]]
"""Turns records into samples with complete prompts, lazily and deterministically."""

Category = Literal[
    "knowledge", "reasoning", "math", "coding", "instructions", "language", "long_context", "own"
]


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """The pinned location of one split's records.

    Attributes:
        repo: Hub dataset, ``org/name``.
        config: Hub config; ``default`` where the dataset has only one.
        split: ``test``, ``validation`` ...
        revision: Full commit of the hub dataset.
        fields: Required columns and the Python type of each value.
        url: For files outside the hub: the address, with ``sha256``.
        sha256: Digest of the file at ``url``.
        gated: The user must accept terms at the hub and bring a token.
        public: ``False`` where the authors forbid plain-text copies: fetched, never mirrored.
        stand_in: Another place with the same records, perhaps in another layout that the builder
            knows, too: read where its file is on this machine and this one's is not.
    """

    repo: str
    config: str
    split: str
    revision: str | None = None
    fields: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)
    url: str | None = None
    sha256: str | None = None
    gated: bool = False
    public: bool = True
    stand_in: DatasetRef | None = None


@dataclass(frozen=True, slots=True)
class GeneratedRef:
    """Records made by our own code: the same for the same seed and version.

    ``generate(seed, index)`` returns record number ``index``; ``size`` is how many there are.
    """

    generate: Callable[[int, int], Record]
    size: int
    seed: int = 1


@dataclass(frozen=True, slots=True)
class LocalRef:
    """Records in a local file: an account's own data, mapped when it was uploaded.

    Attributes:
        path: JSON lines.
        sha256: Digest of the file.
        label: What messages call it.
        fields: Required fields and the Python type of each value.
    """

    path: Path
    sha256: str
    label: str
    fields: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)


AnyRef = DatasetRef | GeneratedRef | LocalRef


@dataclass(frozen=True, slots=True)
class Protocol:
    """How one reference runs a benchmark: data, prompt, parameters and scorer.

    Attributes:
        name: ``inspect``, ``openbench`` or ``studio`` (our own definition).
        datasets: Splits, concatenated in order; each record gets ``_config`` with its config.
        build: Records to samples.
        scorer: Profile name in ``app.engine.scorers`` (``numeric/inspect``).
        generation: The reference's defaults; a run may override them.
        epochs: How often each sample is asked.
        support: Splits for few-shot examples.
        prompt_template: The prompt with ``{placeholders}``, for readers.
        fewshot: Number of examples in the prompt.
        differences: Documented bugs of the reference that are fixed here.
    """

    name: str
    datasets: tuple[AnyRef, ...]
    build: SampleBuilder
    scorer: str
    prompt_template: str
    generation: Generation = field(default_factory=Generation)
    epochs: int = 1
    support: Mapping[str, DatasetRef] = field(default_factory=dict)
    fewshot: int = 0
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named, versioned benchmark.

    Attributes:
        name: Catalogue id used in API and URLs (``gsm8k``).
        version: Raised with every change of prompt or scorer.
        size: Expected number of samples under the default protocol.
        input_tokens: Average prompt tokens per sample, for estimates without history.
        output_tokens: Low and high average completion tokens per sample.
        breakdown: What ``Sample.category`` holds (``subject``); ``None`` without one.
        metric: Name of the headline number.
        requirements: What the machine must allow (``sandbox``, ``judge``, ``hf_token``).
    """

    name: str
    title: str
    category: Category
    version: int
    description: str
    protocols: Mapping[str, Protocol]
    default_protocol: str
    size: int
    license: str
    citation: str
    url: str
    input_tokens: int
    output_tokens: tuple[int, int]
    breakdown: str | None = None
    metric: str = "accuracy"
    requirements: tuple[str, ...] = ()

    @property
    def offline(self) -> bool:
        """Return whether the records need neither network nor mirror."""
        return all(
            isinstance(ref, GeneratedRef | LocalRef)
            for ref in self.protocols[self.default_protocol].datasets
        )

    def protocol(self, name: str | None = None) -> Protocol:
        """Return the protocol ``name``, or the default one.

        Raises:
            KeyError: There is no such protocol.
        """
        return self.protocols[name or self.default_protocol]
