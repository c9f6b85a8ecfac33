"""Invented runs, samples, benchmarks and settings for the preview of the templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime.now(UTC)
RUN_ID = "019ab1c2-7d3e-7c41-9a55-0c4f8e21d7"

BAKER = (
    "A baker sells 48 loaves on Monday and half as many on Tuesday. How many does she sell in all?"
)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def make_run(
    number: int,
    status: str = "completed",
    title: str = "GSM8K",
    model: str = "openai/o4-mini",
    value: float | None = 0.918,
    done: int = 400,
    total: int = 400,
    hours: float = 2.0,
    **more: Any,
) -> dict[str, Any]:
    name = title.lower().replace(" ", "_").replace("-", "_")
    scored = value is not None
    correct = round(done * (value or 0))
    errors = more.pop("errors", 0)
    active = status in ("queued", "running")
    run = {
        "run_id": f"{RUN_ID}{number:02x}",
        "status": status,
        "benchmark": name,
        "benchmark_title": title,
        "benchmark_version": 2,
        "model": model,
        "simulated": model.startswith("simulated/"),
        "active": active,
        "config": {
            "protocol": "inspect",
            "limit": 400,
            "epochs": 1,
            "temperature": 0.0,
            "top_p": None,
            "max_tokens": 2048,
            "seed": 42,
            "timeout_s": 120,
            "max_connections": 16,
            "max_retries": 5,
            "budget_usd": 2.0,
            "max_error_rate": None,
        },
        "counts": {
            "total": total,
            "done": done,
            "correct": correct,
            "incorrect": max(0, done - correct - 9 - errors),
            "partial": 0,
            "refused": 2,
            "truncated": 4,
            "unparsable": 3,
            "error": errors,
            "skipped": 0,
        },
        "score": {
            "metric": "accuracy",
            "value": value,
            "stderr": 0.013,
            "ci95": [value - 0.032, value + 0.023],
            "bounds": [value - 0.004, value + 0.002],
        }
        if scored and value is not None
        else None,
        "denominator": done - errors,
        "breakdown": [],
        "usage": {
            "input_tokens": 412_300,
            "output_tokens": 96_420,
            "cost_usd": None if "llama" in model else 0.0031 * done,
        },
        "estimate": {"cost_usd": {"low": 1.1, "high": 1.6}},
        "limit_usd": 2.0,
        "retries": 3,
        "latency": {"p50_ms": 1700, "p95_ms": 4200},
        "eta_s": 118 if active else None,
        "rate_per_s": 1.4 if active else None,
        "waiting": None,
        "created_at": hours_ago(hours + 0.05),
        "started_at": None if status == "queued" else hours_ago(hours),
        "finished_at": None if active else hours_ago(hours - 0.1),
        "duration_s": None if status == "queued" else 312.0,
        "error": None,
        "tags": ["nightly", "prompt-v3"],
        "notes": "Baseline before the prompt change.",
        "digests": {"dataset": "9f2c" * 16, "prompt": "a81b" * 16, "scorer": "77d0" * 16},
        "actions": {
            "cancel": active,
            "resume": status in ("failed", "paused", "canceled"),
            "retry_errors": errors > 0,
            "duplicate": True,
            "delete": not active,
            "rescore": status == "completed",
        },
        "rescore_protocols": ["openbench"],
        "scores": [
            {"protocol": "inspect", "value": 0.918, "ci95": [0.886, 0.941], "n": 400},
            {"protocol": "openbench", "value": 0.905, "ci95": [0.872, 0.931], "n": 400},
        ]
        if status == "completed"
        else [],
    }
    return {**run, **more}


LONG_MODEL = "together/Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"

RUNS = [
    make_run(1, "running", "GSM8K", "openai/o4-mini", 0.854, 268, 400, 0.03),
    make_run(2, "completed", "GSM8K", "anthropic/claude-sonnet-4.5", 0.918, 400, 400, 0.3),
    make_run(3, "running", "MMLU-Pro", "openai/gpt-4o-mini", 0.736, 91, 250, 0.45),
    make_run(4, "completed", "GPQA Diamond", LONG_MODEL, 0.828, 198, 198, 1),
    make_run(5, "failed", "HumanEval", "google/gemini-2.5-pro", None, 12, 164, 2),
    make_run(6, "completed", "Generated arithmetic", "simulated/steady", 0.62, 200, 200, 3),
    make_run(7, "paused", "MMLU-Pro", "mistral/mistral-small-3", 0.64, 233, 250, 26),
    make_run(8, "canceled", "IFEval", "ollama/llama-3.3-70b", 0.602, 120, 541, 50),
    make_run(9, "queued", "TruthfulQA", "openai/gpt-5", None, 0, 817, 0.01),
]


def make_sample(number: int, outcome: str, preview: str, answer: str | None) -> dict[str, Any]:
    return {
        "sample_id": f"test/{number}",
        "epoch": 1,
        "category": "Number theory",
        "outcome": outcome,
        "score": {"correct": 1.0, "incorrect": 0.0}.get(outcome),
        "input": [
            {"role": "system", "content": "You solve word problems. Think step by step."},
            {"role": "user", "content": preview + "\n\nGive the result as: ANSWER: <number>"},
        ],
        "target": "72",
        "completion": (
            "She sells **48** loaves on Monday and half as many on Tuesday:\n\n"
            "1. 48 / 2 = 24\n2. 48 + 24 = 72\n\n<script>alert(1)</script>\n\nANSWER: 72"
        ),
        "answer": answer,
        "explanation": "The last number is 72, as is the target.",
        "latency_ms": 1430,
        "input_tokens": 182,
        "output_tokens": 96,
        "attempts": 2,
        "finish_reason": "stop",
        "detail": {"extracted_by": "last ANSWER: line"},
        "error": None,
        "created_at": hours_ago(0.1),
        "preview": preview,
    }


SAMPLES = [
    make_sample(268, "correct", BAKER, "72"),
    make_sample(
        267,
        "correct",
        "Nadia has 3 times as many marbles as Tom, who has 14. How many has she?",
        "42",
    ),
    make_sample(266, "incorrect", "A tank fills at 12 litres per minute and drains at 5.", "85"),
    make_sample(
        265, "refused", "Train A leaves at 08:15 at 60 km/h, train B at 09:00 at 90 km/h.", None
    ),
    make_sample(
        264,
        "truncated",
        "If 5 workers build a wall in 12 days, how long do 8 need?",
        "a long answer " * 6,
    ),
    make_sample(263, "error", "A rectangle has a perimeter of 46 cm and one side of 9 cm.", None),
]

EVENTS = [
    {"at": hours_ago(0.1), "kind": "info", "message": "Loaded gsm8k, 400 samples, seed 42"},
    {"at": hours_ago(0.09), "kind": "info", "message": "Provider openai, 16 parallel calls"},
    {
        "at": hours_ago(0.07),
        "kind": "retry",
        "message": "Rate limited (429), waiting 4.0 s, attempt 1 of 5",
    },
    {
        "at": hours_ago(0.05),
        "kind": "error",
        "message": "Sample test/173: the provider closed the connection; asked again",
    },
    {"at": hours_ago(0.02), "kind": "info", "message": "250 of 400 answered"},
]


BENCHMARKS = [
    ("gen_arithmetic", "Generated arithmetic", "math", 500),
    ("gsm8k", "GSM8K", "math", 1319),
    ("math_500", "MATH-500", "math", 500),
    ("mmlu_pro", "MMLU-Pro", "knowledge", 12032),
    ("gpqa_diamond", "GPQA Diamond", "knowledge", 198),
    ("humaneval", "HumanEval", "coding", 164),
    ("ifeval", "IFEval", "instructions", 541),
]
DESCRIPTIONS = {
    "gen_arithmetic": "Sums and products made from a seed, so that no model can have learnt them.",
    "gsm8k": "Grade school word problems that take two to eight steps.",
    "math_500": "Competition mathematics with LaTeX answers.",
    "mmlu_pro": "Ten-way questions from fourteen subjects, harder than MMLU.",
    "gpqa_diamond": "Graduate questions that search engines do not answer.",
    "humaneval": "Python functions from a docstring, judged by their tests.",
    "ifeval": "Instructions that a program can check: length, words, format.",
}


def benchmarks() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "title": title,
            "category": category,
            "category_label": category.capitalize(),
            "version": 2,
            "description": DESCRIPTIONS[name],
            "samples": samples,
            "metric": "accuracy",
            "license": "MIT",
            "offline": name.startswith("gen_"),
            "available": name != "gpqa_diamond",
            "unavailable_reason": "Needs a token of the hub" if name == "gpqa_diamond" else None,
            "requirements": {"coding": ["sandbox"], "instructions": ["judge"]}.get(category, []),
            "protocols": ["inspect", "openbench"],
            "default_protocol": "inspect",
        }
        for name, title, category, samples in BENCHMARKS
    ]


CATEGORIES = [
    {"value": "", "label": "All", "count": 7, "url": "/benchmarks", "current": True},
    {"value": "math", "label": "Math", "count": 3, "url": "?category=math", "current": False},
    {"value": "knowledge", "label": "Knowledge", "count": 2, "url": "?", "current": False},
    {"value": "coding", "label": "Coding", "count": 1, "url": "?", "current": False},
    {"value": "instructions", "label": "Instructions", "count": 1, "url": "?", "current": False},
]
MODELS = [
    {
        "id": "simulated/steady",
        "simulated": True,
        "context_tokens": None,
        "price": None,
        "compatible": True,
        "reason": None,
    },
    {
        "id": "openai/gpt-4o-mini",
        "simulated": False,
        "context_tokens": 128_000,
        "price": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6},
        "compatible": True,
        "reason": None,
    },
    {
        "id": "ollama/llama-3.3-70b",
        "simulated": False,
        "context_tokens": 128_000,
        "price": None,
        "compatible": True,
        "reason": None,
    },
]


FLIPS = {"first": 1, "last": 3, "previous_url": None, "next_url": "/compare?flips_from=3"}


def comparison() -> dict[str, Any]:
    first = {**RUNS[1], "label": "A", "baseline": True}
    second = {**RUNS[0], "label": "B", "baseline": False, "status": "completed"}
    flips = [
        {
            "sample_id": sample["sample_id"],
            "epoch": 1,
            "category": "Algebra",
            "preview": sample["preview"],
            "target": "72",
            "cells": [
                {"run_id": "a", "outcome": "correct", "answer": "72", "url": "#"},
                {"run_id": "b", "outcome": "incorrect", "answer": "85", "url": "#"},
            ],
        }
        for sample in SAMPLES[:4]
    ]
    pair = {
        "a": "a",
        "b": "b",
        "a_label": "A",
        "b_label": "B",
        "a_model": first["model"],
        "b_model": second["model"],
        "difference": -0.064,
        "ci95": [-0.101, -0.028],
        "p_value": 0.0004,
        "method": "exact McNemar test",
        "wins": 11,
        "losses": 37,
        "ties": 352,
        "samples_to_settle": None,
        "direction": "worse",
        "verdict": "B is worse than A by 6.4 points; chance alone hardly explains it.",
    }
    unclear = {
        **pair,
        "b_label": "C",
        "b_model": "openai/gpt-4o-mini",
        "direction": "unclear",
        "difference": 0.008,
        "ci95": [-0.021, 0.037],
        "p_value": 0.58,
        "samples_to_settle": 4300,
        "verdict": "No difference can be shown between B and A with these samples.",
    }
    return {
        "comparable": True,
        "warnings": [
            "The runs differ in temperature (0.0 and 0.5).",
            "One of the runs did not complete.",
        ],
        "common_samples": 400,
        "runs": [first, second],
        "pairs": [pair, unclear],
        "flips": flips,
        "flips_total": 48,
    }


def connections() -> list[dict[str, Any]]:
    base = {"max_connections": 16, "max_retries": 5, "requests_per_minute": None, "timeout_s": 120}
    return [
        {
            **base,
            "name": "simulated",
            "kind": "simulated",
            "kind_label": "Built in",
            "base_url": None,
            "api_key_hint": None,
            "from_environment": True,
            "simulated": True,
            "last_test": None,
            "has_key": False,
        },
        {
            **base,
            "name": "openai",
            "kind": "openai",
            "kind_label": "OpenAI",
            "has_key": True,
            "base_url": "https://api.openai.com/v1",
            "api_key_hint": "x9Qk",
            "simulated": False,
            "from_environment": False,
            "last_test": {
                "ok": True,
                "at": hours_ago(1),
                "latency_ms": 412,
                "models_found": 61,
                "error": None,
            },
        },
        {
            **base,
            "name": "vllm",
            "kind": "openai_compatible",
            "kind_label": "OpenAI-compatible",
            "base_url": "http://127.0.0.1:8000/v1",
            "api_key_hint": None,
            "has_key": False,
            "from_environment": False,
            "simulated": False,
            "last_test": {
                "ok": False,
                "at": hours_ago(1),
                "latency_ms": None,
                "models_found": 0,
                "error": {
                    "code": "unreachable",
                    "message": "Nothing answers there.",
                    "action": "Start the server or correct the address.",
                },
            },
        },
    ]


def webhooks() -> list[dict[str, Any]]:
    return [
        {
            "id": "w1",
            "url": "https://ci.example.org/hooks/openbench?team=models",
            "description": "CI gate",
            "events": ["run.completed", "run.failed"],
            "enabled": True,
            "disabled_reason": None,
            "last_delivery": {"status": "delivered", "at": hours_ago(3), "status_code": 200},
        },
        {
            "id": "w2",
            "url": "https://chat.example.org/in/4f1",
            "description": None,
            "events": ["run.completed"],
            "enabled": False,
            "disabled_reason": "It answered 410 Gone.",
            "last_delivery": {"status": "failed", "at": hours_ago(30), "status_code": 410},
        },
    ]


def deliveries() -> list[dict[str, Any]]:
    base = {
        "run_id": RUNS[1]["run_id"],
        "latency_ms": 212,
        "next_attempt_at": None,
        "error": None,
        "response_excerpt": "ok",
        "test": False,
    }
    return [
        {
            **base,
            "id": "d1",
            "event": "run.completed",
            "status": "delivered",
            "attempts": 1,
            "status_code": 200,
            "created_at": hours_ago(3),
        },
        {
            **base,
            "id": "d2",
            "event": "run.failed",
            "status": "pending",
            "attempts": 2,
            "status_code": 503,
            "created_at": hours_ago(4),
            "error": "the receiver answered 503",
            "next_attempt_at": NOW + timedelta(minutes=5),
        },
        {
            **base,
            "id": "d3",
            "event": "run.completed",
            "status": "failed",
            "attempts": 4,
            "status_code": None,
            "created_at": hours_ago(40),
            "run_id": None,
            "test": True,
            "error": "no answer within 15 s",
            "response_excerpt": None,
        },
    ]


def history() -> list[dict[str, float]]:
    points = []
    for done in range(8, 269, 4):
        value = 0.854 + 0.06 * ((done * 7919) % 13 - 6) / 6 * (8 / done) ** 0.5
        half = 0.95 * (0.13 / done) ** 0.5 * 1.96
        points.append(
            {
                "done": done,
                "value": value,
                "low": max(0.0, value - half),
                "high": min(1.0, value + half),
            }
        )
    return points


def run_page(run: dict[str, Any], **more: Any) -> dict[str, Any]:
    active = run["active"]
    return {
        "run": run,
        "latest_samples": SAMPLES if run["counts"]["done"] else [],
        "events": EVENTS if run["counts"]["done"] else [],
        "score_history": history() if run["counts"]["done"] else [],
        "charts": {},
        "last_event_id": "268-0" if active else None,
        **more,
    }
