"""What differs between runs that are compared, by field and values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.engine.own.definition import PREFIX
from app.models import Run
from app.models.run import full_config

_HOW_IT_RAN = frozenset(
    {"limit", "sample_ids", "order", "sample_seed", "timeout_s", "max_connections", "max_retries"}
    | {"budget_usd", "max_error_rate", "protocol", "judge", "stream", "batch", "stop_when"}
    | {"max_tokens_is_default"}
)
"""Options that change how a run is carried out, or are compared by themselves."""

_NONE_BY_DEFAULT = frozenset({"judge", "system_message", "stop", "extra_body"})
_LABELS = {"top_p": "top-p", "max_tokens": "max tokens", "stop": "stop sequences"}
_DIGEST_CHARS = 8
_VALUE_CHARS = 60
_LABEL_CHARS = 24


@dataclass(frozen=True, slots=True)
class RunDifference:
    """One thing in which runs differ.

    Attributes:
        field: Its name in a run.
        words: The sentence's beginning: what differs.
        values: Of each run, in their order; ``None``: the default, or unknown.
    """

    field: str
    words: str
    values: tuple[Any, ...]

    @property
    def sentence(self) -> str:
        """The difference for readers, with its values."""
        if self.field == "protocol":
            return f"{self.words} ({', '.join(sorted(set(self.values)))})."
        default = "none" if self.field in _NONE_BY_DEFAULT else "default"
        shown = [_shown(value, default) for value in self.values]
        listed = " and ".join(shown) if len(shown) == 2 else ", ".join(shown)
        is_named = self.words.endswith(f" {self.field}")
        return f"{self.words}{'' if is_named else f' ({self.field})'}: {listed}."

    def value_label(self, at: int) -> str:
        """Return one run's value with its name: ``temperature 0.7``, ``openbench protocol``."""
        default = "no" if self.field in _NONE_BY_DEFAULT else "default"
        value, name = self.values[at], _LABELS.get(self.field, self.field.replace("_", " "))
        if value is None:
            return f"{default} {name}"
        shown = _shown(value, default)
        shown = shown if len(shown) <= _LABEL_CHARS else f"{shown[: _LABEL_CHARS - 1]}…"
        return f"{shown} protocol" if self.field == "protocol" else f"{name} {shown}"

    def view(self) -> dict[str, Any]:
        """Return the difference as the API shows it."""
        return {"field": self.field, "values": list(self.values)}


def differences_of(rows: Sequence[Run]) -> list[RunDifference]:
    """Return what differs between runs of one benchmark, what weighs most first."""
    return [found for found in _all(rows) if len({repr(value) for value in found.values}) > 1]


def _all(rows: Sequence[Run]) -> Iterator[RunDifference]:
    own = rows[0].benchmark.startswith(PREFIX)
    data = "your data" if own else "the benchmark"

    def compare(field: str, words: str, value_of: Callable[[Run], Any]) -> RunDifference:
        return RunDifference(field, words, tuple(value_of(run) for run in rows))

    yield compare(
        "benchmark_version",
        f"The runs used different versions of {data}",
        lambda run: run.benchmark_version,
    )
    for field, words in (("dataset", "the questions"), ("prompt", "the prompt")):
        yield compare(field, f"The runs differ in {words}", _digest(field))
    yield compare("protocol", "The runs followed different protocols", lambda run: run.protocol)
    yield compare("scorer", "The runs differ in the scorer", _scorer)
    yield compare("judge", "The runs differ in the judge", lambda run: run.config.get("judge"))
    parts = compare("order", "The runs took different parts of the benchmark", _part)
    if None not in parts.values:
        yield parts
    for name in dict.fromkeys(name for run in rows for name in full_config(run.config)):
        if name not in _HOW_IT_RAN:
            label = _LABELS.get(name, name.replace("_", " "))
            yield compare(name, f"The runs differ in {label}", _option(name))
    yield compare("engine", "The runs differ in the version of the Studio", _digest("engine"))


def _digest(field: str) -> Callable[[Run], str | None]:
    def value_of(run: Run) -> str | None:
        found = run.digests.get(field)
        return found if found is None or field == "engine" else str(found)[:_DIGEST_CHARS]

    return value_of


def _scorer(run: Run) -> str | None:
    """Return the scorer's profile, without the benchmark's version and the judge."""
    found = run.digests.get("scorer")
    return None if found is None else str(found).partition(" by ")[0].partition("@")[0]


def _option(name: str) -> Callable[[Run], Any]:
    def value_of(run: Run) -> Any:
        value = full_config(run.config).get(name)
        return None if value in ([], {}) else value

    return value_of


def _part(run: Run) -> str | None:
    """Return how a run chose its samples; ``None`` where it asks all of them."""
    config = full_config(run.config)
    if config["sample_ids"]:
        return "chosen by id"
    if config["limit"] is None:
        return None
    if config["order"] == "first":
        return "the first"
    return f"{config['order']} with seed {config['sample_seed']}"


def _shown(value: Any, default: str) -> str:
    if value is None:
        return default
    if isinstance(value, float):
        return f"{value:g}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
    return text if len(text) <= _VALUE_CHARS else f"{text[: _VALUE_CHARS - 1]}…"
