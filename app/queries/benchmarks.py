"""Reads of the catalog, with what of it this server can run."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from app.config import Settings
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.engine.benchmarks.spec import Benchmark, DatasetRef, GeneratedRef, LocalRef, Protocol
from app.engine.datasets.loader import DatasetLoader
from app.engine.engine_errors import DatasetError
from app.engine.own.definition import PREFIX
from app.engine.own.prompt_check import prompt_warnings
from app.engine.scorers.kept_faults import kept_faults
from app.engine.scorers.scorer_registry import judged_scorers
from app.engine.types import Sample
from app.errors import NotFound
from app.net.download import Downloader
from app.net.guard import EgressPolicy
from app.net.proxies import proxy_choice
from app.queries.benchmark_order import FIRST_LOOK, in_order
from app.queries.catalog import benchmarks_of, find_benchmark

log = logging.getLogger(__name__)

CATEGORY_LABELS = {
    "knowledge": "Knowledge",
    "reasoning": "Reasoning",
    "math": "Mathematics",
    "coding": "Coding",
    "instructions": "Instructions",
    "language": "Language",
    "long_context": "Long context",
    "own": "Your own",
}
PREVIEW_SAMPLES = 40
LOOK_S = 0.5
"""So long is the longest prompt looked for."""

REQUIREMENT_WORDS = {
    "sandbox": "Runs code that the model wrote; an admin allows it with ALLOW_CODE_EXECUTION=true.",
    "judge": "Scored by a second model, the judge.",
    "hf_token": "Gated: accept its terms at the hub and set HF_TOKEN.",
}


def dataset_loader(settings: Settings) -> DatasetLoader:
    """Return the loader that these settings describe."""
    return DatasetLoader(
        cache_dir=settings.data_dir.resolve() / "datasets",
        mirror_dir=settings.datasets_dir,
        hub_token=settings.hf_token.get_secret_value() if settings.hf_token else None,
        offline=settings.offline,
        # A mirror of the hub may be a machine of the operator's network.
        downloader=Downloader(
            EgressPolicy(allow_private=settings.hf_endpoint is not None),
            proxy=proxy_choice(
                settings.https_proxy.get_secret_value() if settings.https_proxy else None,
                settings.no_proxy,
            ),
        ),
        hub_endpoint=settings.hf_endpoint,
    )


def get_benchmark(name: str, account_id: int) -> Benchmark:
    """Return the benchmark ``name``.

    Raises:
        NotFound: There is none.
    """
    benchmark = find_benchmark(name, account_id)
    if benchmark is None:
        raise NotFound(f"There is no benchmark called {name!r}.", code="benchmark_not_found")
    return benchmark


def unavailable_reason(benchmark: Benchmark, settings: Settings) -> str | None:
    """Return why this server cannot run the benchmark now; ``None`` when it can."""
    if "sandbox" in benchmark.requirements and not settings.allow_code_execution:
        return REQUIREMENT_WORDS["sandbox"]
    protocol = benchmark.protocol()
    if dataset_loader(settings).available(protocol):
        return None
    if isinstance(protocol.datasets[0], LocalRef):
        return "The uploaded file is no longer on this server; upload it again."
    if settings.offline:
        return "Its data is not on this machine, and downloads are off (OFFLINE)."
    gated = any(isinstance(ref, DatasetRef) and ref.gated for ref in protocol.datasets)
    if gated and not settings.hf_token:
        return REQUIREMENT_WORDS["hf_token"]
    return None


def benchmark_view(benchmark: Benchmark) -> dict[str, Any]:
    """Return a benchmark as the API lists it."""
    return {
        "name": benchmark.name,
        "title": benchmark.title,
        "category": benchmark.category,
        "version": benchmark.version,
        "description": benchmark.description,
        "samples": benchmark.size,
        "source": _source(benchmark.protocol()),
        "license": benchmark.license,
        "metric": benchmark.metric,
        "scorer": benchmark.protocol().scorer,
        "offline": benchmark.offline,
        "requirements": list(benchmark.requirements),
        "protocols": list(benchmark.protocols),
        "default_protocol": benchmark.default_protocol,
        "judged_protocols": [
            each.name for each in benchmark.protocols.values() if each.scorer in judged_scorers()
        ],
    }


def _source(protocol: Protocol) -> dict[str, Any]:
    first = protocol.datasets[0]
    if isinstance(first, GeneratedRef):
        return {"kind": "generated", "dataset": None, "revision": None, "url": None}
    if isinstance(first, LocalRef):
        return {"kind": "own", "dataset": first.label, "revision": first.sha256, "url": None}
    if first.url:
        return {
            "kind": "url",
            "dataset": first.repo,
            "revision": first.sha256,
            "url": first.url,
        }
    return {
        "kind": "hub",
        "dataset": first.repo,
        "revision": first.revision,
        "url": f"https://huggingface.co/datasets/{first.repo}",
    }


def cards(settings: Settings, account_id: int, used: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return all benchmarks as the pages show them, those that run here and are ``used`` first."""
    shown = []
    for benchmark in benchmarks_of(account_id):
        reason = unavailable_reason(benchmark, settings)
        shown.append(
            {
                **benchmark_view(benchmark),
                "category_label": CATEGORY_LABELS[benchmark.category],
                "available": reason is None,
                "unavailable_reason": reason,
                "for_first_look": reason is None
                and benchmark.name in FIRST_LOOK
                and benchmark.name not in used,
            }
        )
    return in_order(shown, used)


def categories(shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the categories that occur, with how many benchmarks each has."""
    counts = Counter(card["category"] for card in shown)
    return [
        {"value": value, "label": label, "count": counts[value]}
        for value, label in CATEGORY_LABELS.items()
        if counts[value]
    ]


def search(
    shown: Sequence[dict[str, Any]], *, q: str = "", category: str = "", offline: bool = False
) -> list[dict[str, Any]]:
    """Return the cards that contain every word of ``q`` and fit the other filters."""
    words = q.lower().split()
    return [
        card
        for card in shown
        if (not category or card["category"] == category)
        and (not offline or card["offline"])
        and all(
            word in f"{card['name']} {card['title']} {card['description']}".lower()
            for word in words
        )
    ]


def detail_view(benchmark: Benchmark, settings: Settings) -> dict[str, Any]:
    """Return a benchmark with its prompt, an example and its protocols."""
    reason = unavailable_reason(benchmark, settings)
    protocol = benchmark.protocol()
    samples = preview_samples(benchmark, protocol.name, settings)
    return {
        **benchmark_view(benchmark),
        "category_label": CATEGORY_LABELS[benchmark.category],
        "available": reason is None,
        "unavailable_reason": reason,
        "prompt_template": protocol.prompt_template,
        "example": {
            "messages": list(samples[0].messages),
            "target": samples[0].target,
        }
        if samples
        else None,
        "warnings": prompt_warnings(protocol.prompt_template, protocol.scorer)
        if benchmark.name.startswith(PREFIX)
        else [],
        "fewshot": protocol.fewshot,
        "citation": benchmark.citation,
        "url": benchmark.url,
        "protocol_details": [
            {
                "name": each.name,
                "scorer": each.scorer,
                "fewshot": each.fewshot,
                "epochs": each.epochs,
                "temperature": each.generation.temperature,
                "max_tokens": each.generation.max_tokens,
                "default": each.name == benchmark.default_protocol,
                "differences": [*each.differences, *kept_faults(each.scorer)],
            }
            for each in benchmark.protocols.values()
        ],
    }


def preview_samples(benchmark: Benchmark, protocol: str, settings: Settings) -> tuple[Sample, ...]:
    """Return the first few samples of a benchmark whose data is here; else none.

    Never downloads: a page must not wait for the hub.
    """
    here = settings.model_copy(update={"offline": True})
    # Looked up each time: the data may arrive while this process runs.
    if not dataset_loader(here).available(benchmark.protocols[protocol]):
        return ()
    if benchmark.name.startswith(PREFIX):  # names that mean something else in each account
        return _read_preview(benchmark, protocol, here)
    return _preview(benchmark.name, protocol, here)


def longest_prompt(benchmark: Benchmark, protocol: str, settings: Settings) -> Sample | None:
    """Return the sample with the longest prompt, of as many as can be read in a moment.

    ``None`` where the data is not here, or cannot be read.
    """
    here = settings.model_copy(update={"offline": True})
    if not dataset_loader(here).available(benchmark.protocols[protocol]):
        return None
    if benchmark.name.startswith(PREFIX):
        return _read_longest(benchmark, protocol, here)
    return _longest(benchmark.name, protocol, here)


@lru_cache(maxsize=256)
def _longest(name: str, protocol: str, settings: Settings) -> Sample | None:
    return _read_longest(all_benchmarks()[name], protocol, settings)


def _read_longest(benchmark: Benchmark, protocol: str, settings: Settings) -> Sample | None:
    give_up_at = time.monotonic() + LOOK_S
    longest: Sample | None = None
    most = -1
    try:
        for sample in dataset_loader(settings).unchecked(benchmark.protocols[protocol]):
            chars = sum(len(message["content"]) for message in sample.messages)
            if chars > most:
                longest, most = sample, chars
            if time.monotonic() > give_up_at:
                break
    except DatasetError as error:
        log.warning("no prompts", extra={"benchmark": benchmark.name, "reason": error.message})
    return longest


@lru_cache(maxsize=256)
def _preview(name: str, protocol: str, settings: Settings) -> tuple[Sample, ...]:
    return _read_preview(all_benchmarks()[name], protocol, settings)


def _read_preview(benchmark: Benchmark, protocol: str, settings: Settings) -> tuple[Sample, ...]:
    definition = benchmark.protocols[protocol]
    try:
        return tuple(dataset_loader(settings).preview(definition, PREVIEW_SAMPLES))
    except DatasetError as error:
        log.warning("no preview", extra={"benchmark": benchmark.name, "reason": error.message})
        return ()
