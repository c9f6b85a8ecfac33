"""Runs, samples and comparisons as strangers may see them.

Each view names what it holds, so that nothing new becomes public by itself. What providers and
servers said (messages of errors, of notices) stays out: it names hosts, paths and accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from app.engine.questions import PromptShape
from app.engine.scorers.reasoning import split_thoughts
from app.models import ACTIVE, Run, SampleRow
from app.models.run import full_config
from app.queries.differences import differences_of
from app.queries.public_names import public_model, public_models, public_served_model
from app.queries.run_notices import mostly_refused, run_notices
from app.queries.runs import benchmark_title, duration_s, is_canceling, score_view, timestamp
from app.queries.settings_sent import settings_sent
from app.recorder.usage import usage_of

_OPTIONS = (
    ("temperature", "Temperature"),
    ("top_p", "Top-p"),
    ("top_k", "Top-k"),
    ("presence_penalty", "Presence penalty"),
    ("frequency_penalty", "Frequency penalty"),
    ("max_tokens", "Max tokens"),
    ("seed", "Seed"),
    ("reasoning_effort", "Reasoning effort"),
    ("thinking_tokens", "Thinking budget"),
)
_DIGESTS = ("dataset", "prompt")
_DIGEST_CHARS = 16


def public_run(run: Run, name: str | None = None) -> dict[str, Any]:
    """Return a run without what belongs to its account alone.

    Args:
        run: The run.
        name: What its model is called; the public name if it is not given.
    """
    return {
        "run_id": None,
        "name": "",
        "short_id": run.id[-8:],
        "status": run.status,
        "active": run.status in ACTIVE,
        "canceling": is_canceling(run),
        "benchmark": run.benchmark,
        "benchmark_title": benchmark_title(run),
        "benchmark_version": run.benchmark_version,
        "protocol": run.protocol,
        "model": name or public_model(run.model),
        "simulated": run.simulated,
        "counts": run.counts(),
        "score": score_view(run),
        "scores": [
            {"protocol": protocol, **score}
            for protocol, score in (run.scores or {}).items()
            if score
        ],
        "breakdown": (run.breakdown or {}).get("items", []),
        "usage": usage_of(run),
        "speed": run.speed,
        "retries": run.retries,
        "notices": sorted({notice["code"] for notice in run_notices(run)}),
        "mostly_refused": mostly_refused(run),
        "created_at": timestamp(run.created_at),
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
        "duration_s": duration_s(run),
        "settings": _settings(run),
    }


def _settings(run: Run) -> list[tuple[str, str]]:
    """Return how the run asked, as labels and values."""
    config = full_config(run.config)
    found = [
        ("Benchmark", f"{run.benchmark}@{run.benchmark_version}"),
        ("Protocol", run.protocol),
        ("Samples", f"{run.total:,}"),
    ]
    if config["sample_ids"]:
        found.append(("Which samples", f"{len(config['sample_ids']):,} chosen by id"))
    elif config.get("limit"):
        order = config["order"]
        which = "the first" if order == "first" else f"{order}, seed {config['sample_seed']}"
        found.append(("Which samples", which))
    found.append(("Epochs", str(config.get("epochs") or 1)))
    sent = settings_sent(run)
    found += [
        (label, f"{config[name]} ({sent[name]})" if name in sent else str(config[name]))
        for name, label in _OPTIONS
        if config.get(name) is not None
    ]
    if config.get("judge"):
        found.append(("Judge", public_model(str(config["judge"]))))
    served = dict.fromkeys(
        public_served_model(entry["model"])
        for entry in run.served_models or ()
        if entry.get("model")
    )
    if served:
        found.append(("Answered by", ", ".join(list(served)[:5])))
    digests = run.digests or {}
    found += [
        (f"{name.capitalize()} digest", str(digests[name])[:_DIGEST_CHARS])
        for name in _DIGESTS
        if digests.get(name)
    ]
    if digests.get("scorer"):
        # name@digest by judge
        found.append(("Scorer", str(digests["scorer"]).partition(" by ")[0]))
    return found


def public_sample(row: SampleRow, shape: PromptShape, *, hide_texts: bool) -> dict[str, Any]:
    """Return a sample; without texts it has no id either, which may be one.

    Args:
        row: The sample.
        shape: Where the question stands in the run's prompts.
        hide_texts: Leave out prompt, answer and target.
    """
    number = f"{row.position + 1:,}"
    view = {
        "name": number if hide_texts else row.sample_id,
        "epoch": row.epoch,
        "category": row.category,
        "outcome": row.outcome,
        "score": row.score,
        "output_tokens": row.output_tokens,
        "latency_ms": row.latency_ms,
        "error_code": row.error.get("code") if row.error else None,
    }
    if hide_texts:
        return view
    target = row.target
    return {
        **view,
        "question": row.question or shape.question_in(row.input),
        "answer": row.answer,
        "target": target if isinstance(target, str) else " or ".join(map(str, target)),
        "completion": split_thoughts(row.completion or "").answer,
    }


def public_comparison(
    comparison: Mapping[str, Any], rows: Sequence[Run], *, hide_texts: bool
) -> dict[str, Any]:
    """Return a comparison of ``rows`` without what belongs to their account alone."""
    names = public_models([run.model for run in rows])
    letters = {run.id: ascii_uppercase[at] for at, run in enumerate(rows)}
    name_of = {run.id: name for run, name in zip(rows, names, strict=True)}
    # What a run is called by what differs may hold the words of a prompt.
    called = dict(
        zip(
            [label["name"] for label in comparison["labels"]],
            [
                name if names.count(name) == 1 else f"{name} ({letters[run.id]})"
                for run, name in zip(rows, names, strict=True)
            ],
            strict=True,
        )
    )
    return {
        "comparable": comparison["comparable"],
        "warnings": _warnings(comparison, rows),
        "common_samples": comparison["common_samples"],
        "runs": [
            {
                **public_run(run, name),
                "label": letters[run.id],
                "called": name,
                "rest": "",
                "baseline": at == 0,
            }
            for at, (run, name) in enumerate(zip(rows, names, strict=True))
        ],
        "pairs": [_pair(pair, letters, name_of, called) for pair in comparison["pairs"]],
        "flips_total": comparison["flips_total"],
        "flips_next": comparison["flips_next"],
        "flips": []
        if hide_texts
        else [
            {
                **{name: flip[name] for name in ("sample_id", "category", "preview", "target")},
                "cells": [
                    {"outcome": cell["outcome"], "answer": cell["answer"], "url": None}
                    for cell in flip["cells"]
                ],
                "url": None,
            }
            for flip in comparison["flips"]
        ],
    }


_OF_PAIR = (
    *("n", "difference", "ci95", "p_value", "p_value_adjusted", "method"),
    *("wins", "losses", "ties", "samples_to_settle", "direction"),
)


def _pair(
    pair: Mapping[str, Any],
    letters: Mapping[str, str],
    name_of: Mapping[str, str],
    called: Mapping[str, str],
) -> dict[str, Any]:
    return {
        **{name: pair[name] for name in _OF_PAIR},
        "a_label": letters[pair["a"]],
        "b_label": letters[pair["b"]],
        "a_model": name_of[pair["a"]],
        "b_model": name_of[pair["b"]],
        "a_name": name_of[pair["a"]],
        "b_name": name_of[pair["b"]],
        "verdict": _with_names(pair["verdict"], called),
    }


def _with_names(verdict: str, public: Mapping[str, str]) -> str:
    """Return a verdict with public names; one model's name may begin as another's."""
    models = sorted(public, key=len, reverse=True)
    for at, model in enumerate(models):
        verdict = verdict.replace(model, f"\0{at}\0")
    for at, model in enumerate(models):
        verdict = verdict.replace(f"\0{at}\0", public[model])
    return verdict


def _warnings(comparison: Mapping[str, Any], rows: Sequence[Run]) -> list[str]:
    """Return what limits the comparison; of differences what they are in, not their values."""
    if len({run.benchmark for run in rows}) > 1:
        return ["These runs are of different benchmarks; their scores cannot be compared."]
    found = [f"{difference.words}." for difference in differences_of(rows)]
    done = max(run.scored for run in rows)
    if comparison["common_samples"] < done:
        found.append(f"{comparison['common_samples']:,} scored samples are common to all runs.")
    found += [
        f"{letter}: {refused}"
        for letter, run in zip(ascii_uppercase, rows, strict=False)
        if (refused := mostly_refused(run))
    ]
    if any(run.simulated for run in rows):
        found.append("Some of them use simulated models, whose scores mean nothing.")
    unfinished = sum(run.status != "completed" for run in rows)
    if unfinished:
        found.append(f"{unfinished} of the runs did not complete.")
    return found
