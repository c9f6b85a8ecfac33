"""Own data, estimates, verdicts of several protocols: the pages beside the main path."""

from __future__ import annotations

from typing import Any

from tests.templates.preview_data import RUNS, SAMPLES, benchmarks, run_page

LABELS = {
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "cost_usd": "Cost",
    "duration_s": "Duration",
}


def comparison_of(name: str, kind: str, low: float, high: float, actual: float) -> dict[str, Any]:
    return {
        "name": name,
        "label": LABELS[name],
        "kind": kind,
        "low": low,
        "high": high,
        "actual": actual,
        "held": low <= actual <= high,
    }


COMPARISONS = [
    comparison_of("input_tokens", "tokens", 94_100, 115_000, 80_400),
    comparison_of("output_tokens", "tokens", 30_000, 62_000, 41_000),
    comparison_of("cost_usd", "usd", 0.04, 0.07, 0.05),
    comparison_of("duration_s", "seconds", 21, 48, 63),
]


def estimates() -> dict[str, Any]:
    runs = [
        {
            "run_id": run["run_id"],
            "benchmark": run["benchmark"],
            "model": run["model"],
            "created_at": run["created_at"],
            "comparisons": {each["name"]: each for each in COMPARISONS[: 4 - index]},
        }
        for index, run in enumerate((RUNS[1], RUNS[3]))
    ]
    accuracy = [
        {"label": label, "held": 1, "runs": 2, "share": 0.5, "median_ratio": 1.04}
        for label in LABELS.values()
    ]
    accuracy[2].update(held=0, runs=0, share=None, median_ratio=None)
    return {"accuracy": accuracy, "runs": runs, "total": 31, "columns": list(LABELS.items())}


def own_map(**more: Any) -> dict[str, Any]:
    values = {
        "question": "q",
        "target": "answer",
        "category": "",
        "id": "",
        "choices": ["a", "b"],
        "scorer": "choice",
        "prompt_template": "{question}\n\n{choices}",
        "name": "",
        "title": "",
        "description": "",
    }
    profiles = [
        {"value": "choice", "label": "Multiple choice", "help": "The letter must be right."},
        {"value": "exact", "label": "Exact", "help": "The last line must be the answer."},
    ]
    return {
        "upload_id": "u1",
        "look": {"columns": ["q", "answer", "a", "b", "a column with a long name"]},
        "values": values,
        "prompts": None,
        "errors": {},
        "profiles": profiles,
        **more,
    }


def more_pages(sample_page: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the pages as name -> (template, variables)."""
    prompts = [
        {"prompt": "What is 2 + 2?\n\nA) 3\nB) 4", "target": "B", "category": "sums"},
        {"prompt": "Capital of France? " * 20, "target": ["Paris", "Lutetia"], "category": None},
    ]
    errors = {
        "name": ["Use a-z, 0-9, - and _."],
        "choices": ["Choose two columns or more."],
        "file": ["Row 7 has no right answer."],
    }
    waiting = {"provider": "openai", "resumes_in_s": 7.2, "message": "openai limits the rate"}
    rescored = [
        {"protocol": "inspect", "outcome": "correct", "answer": "72"},
        {"protocol": "openbench", "outcome": "unparsable", "answer": None},
    ]
    detail = {"strict": False, "rules": [True, False], "weights": {"a": 1.0}, "judge": None}
    own = {
        **benchmarks()[1],
        "name": "own/my-quiz",
        "title": "My quiz",
        "category": "own",
        "category_label": "Your own",
        "source": {"kind": "own", "dataset": "own/my-quiz version 1", "url": None},
        "example": None,
        "protocols": [],
    }
    budget = {
        "code": "budget_reached",
        "message": "The budget of $2.00 does not cover the next call.",
        "action": "Raise the budget, then Resume.",
    }
    return {
        "own_upload": ("benchmarks/own_upload.html", {"name": "", "limits": "At most 100 MB."}),
        "own_upload_error": (
            "benchmarks/own_upload.html",
            {"name": "own/my-quiz", "limits": "At most 100 MB.", "error": "The file is empty."},
        ),
        "own_map": ("benchmarks/own_map.html", own_map(prompts=prompts)),
        "own_map_errors": ("benchmarks/own_map.html", own_map(errors=errors)),
        "benchmark_own": (
            "benchmarks/show.html",
            {"benchmark": own, "recent_runs": [], "charts": {}},
        ),
        "estimates": ("runs/estimates.html", estimates()),
        "estimates_empty": ("runs/estimates.html", {"runs": []}),
        "run_waiting": ("runs/show.html", run_page({**RUNS[0], "waiting": waiting})),
        "run_budget": (
            "runs/show.html",
            run_page({**RUNS[6], "error": budget}, estimate_check=COMPARISONS),
        ),
        "sample_rescored": (
            "runs/sample.html",
            {
                **sample_page,
                "sample": {**SAMPLES[1], "target": "", "detail": detail},
                "rescored": rescored,
            },
        ),
    }
