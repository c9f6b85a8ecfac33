"""A preview of every template with invented data, for eyes and for the template tests.

Run it with ``python tests/templates/preview.py`` and open http://127.0.0.1:8099/preview.
It is not part of the product: the numbers are made up.
"""

from __future__ import annotations

import importlib.resources as resources
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, render_template, request, send_file
from flask_wtf.csrf import CSRFProtect
from wtforms import (
    BooleanField,
    DateField,
    FloatField,
    Form,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)

from app.template_filters import register_template_filters

APP = Path(__file__).resolve().parents[2] / "app"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
FONTS = {
    "geist": ("fontpkg_geist", "Geist[wght].ttf"),
    "geist-mono": ("fontpkg_geist_mono", "GeistMono[wght].ttf"),
}
NOW = datetime.now(UTC)
RUN_ID = "019ab1c2-7d3e-7c41-9a55-0c4f8e21d7"

ENDPOINTS = {
    "auth.login": "/auth/login",
    "auth.register": "/auth/register",
    "auth.logout": "/auth/logout",
    "runs.index": "/",
    "runs.new": "/runs/new",
    "runs.create": "/runs",
    "runs.show": "/runs/<run_id>",
    "runs.samples": "/runs/<run_id>/samples",
    "runs.sample": "/runs/<run_id>/samples/<path:sample_id>/<int:epoch>",
    "runs.cancel": "/runs/<run_id>/cancel",
    "runs.resume": "/runs/<run_id>/resume",
    "runs.retry_errors": "/runs/<run_id>/retry-errors",
    "runs.duplicate": "/runs/<run_id>/duplicate",
    "runs.delete": "/runs/<run_id>/delete",
    "runs.rescore": "/runs/<run_id>/rescore",
    "runs.events": "/runs/<run_id>/events",
    "runs.export": "/runs/<run_id>/export.<format>",
    "benchmarks.index": "/benchmarks",
    "benchmarks.show": "/benchmarks/<name>",
    "compare.show": "/compare",
    "settings.connections": "/settings/connections",
    "settings.connection_test": "/settings/connections/<name>/test",
    "settings.connection_delete": "/settings/connections/<name>/delete",
    "settings.tokens": "/settings/tokens",
    "settings.token_delete": "/settings/tokens/<token_id>/delete",
    "settings.webhooks": "/settings/webhooks",
    "settings.webhook": "/settings/webhooks/<webhook_id>",
    "settings.webhook_test": "/settings/webhooks/<webhook_id>/test",
    "settings.webhook_rotate": "/settings/webhooks/<webhook_id>/rotate",
    "settings.webhook_delete": "/settings/webhooks/<webhook_id>/delete",
    "settings.delivery_redeliver": "/settings/webhooks/<webhook_id>/deliveries/<delivery_id>",
    "settings.account": "/settings/account",
}


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
            "protocol": "inspect", "limit": 400, "epochs": 1, "temperature": 0.0, "top_p": None,
            "max_tokens": 2048, "seed": 42, "timeout_s": 120, "max_connections": 16,
            "max_retries": 5, "budget_usd": 2.0, "max_error_rate": None,
        },
        "counts": {
            "total": total, "done": done, "correct": correct,
            "incorrect": max(0, done - correct - 9 - errors), "partial": 0, "refused": 2,
            "truncated": 4, "unparsable": 3, "error": errors, "skipped": 0,
        },
        "score": {
            "metric": "accuracy", "value": value, "stderr": 0.013,
            "ci95": [value - 0.032, value + 0.023], "bounds": [value - 0.004, value + 0.002],
        } if scored and value is not None else None,
        "denominator": done - errors,
        "breakdown": [],
        "usage": {"input_tokens": 412_300, "output_tokens": 96_420,
                  "cost_usd": None if "llama" in model else 0.0031 * done},
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
        "actions": {"cancel": active, "resume": status in ("failed", "paused", "canceled"),
                    "retry_errors": errors > 0, "duplicate": True, "delete": not active,
                    "rescore": status == "completed"},
        "rescore_protocols": ["openbench"],
        "scores": [
            {"protocol": "inspect", "value": 0.918, "ci95": [0.886, 0.941], "n": 400},
            {"protocol": "openbench", "value": 0.905, "ci95": [0.872, 0.931], "n": 400},
        ] if status == "completed" else [],
    }
    return {**run, **more}


RUNS = [
    make_run(1, "running", "GSM8K", "openai/o4-mini", 0.854, 268, 400, 0.03),
    make_run(2, "completed", "GSM8K", "anthropic/claude-sonnet-4.5", 0.918, 400, 400, 0.3),
    make_run(3, "running", "MMLU-Pro", "openai/gpt-4o-mini", 0.736, 91, 250, 0.45),
    make_run(4, "completed", "GPQA Diamond", "together/Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", 0.828, 198, 198, 1),
    make_run(5, "failed", "HumanEval", "google/gemini-2.5-pro", None, 12, 164, 2),
    make_run(6, "completed", "Generated arithmetic", "simulated/steady", 0.62, 200, 200, 3),
    make_run(7, "paused", "MMLU-Pro", "mistral/mistral-small-3", 0.64, 233, 250, 26),
    make_run(8, "canceled", "IFEval", "ollama/llama-3.3-70b", 0.602, 120, 541, 50),
    make_run(9, "queued", "TruthfulQA", "openai/gpt-5", None, 0, 817, 0.01),
]  # fmt: skip


def make_sample(number: int, outcome: str, preview: str, answer: str | None) -> dict[str, Any]:
    return {
        "sample_id": f"test/{number}", "epoch": 1, "category": "Number theory",
        "outcome": outcome, "score": {"correct": 1.0, "incorrect": 0.0}.get(outcome),
        "input": [
            {"role": "system", "content": "You solve word problems. Think step by step."},
            {"role": "user", "content": preview + "\n\nGive the result as: ANSWER: <number>"},
        ],
        "target": "72",
        "completion": (
            "She sells **48** loaves on Monday and half as many on Tuesday:\n\n"
            "1. 48 / 2 = 24\n2. 48 + 24 = 72\n\n<script>alert(1)</script>\n\nANSWER: 72"
        ),
        "answer": answer, "explanation": "The last number is 72, as is the target.",
        "latency_ms": 1430, "input_tokens": 182, "output_tokens": 96, "attempts": 2,
        "finish_reason": "stop", "detail": {"extracted_by": "last ANSWER: line"},
        "error": None, "created_at": hours_ago(0.1), "preview": preview,
    }  # fmt: skip


SAMPLES = [
    make_sample(268, "correct", "A baker sells 48 loaves on Monday and half as many on Tuesday. How many does she sell in all?", "72"),
    make_sample(267, "correct", "Nadia has 3 times as many marbles as Tom, who has 14. How many has she?", "42"),
    make_sample(266, "incorrect", "A tank fills at 12 litres per minute and drains at 5 litres per minute.", "85"),
    make_sample(265, "refused", "Train A leaves at 08:15 travelling at 60 km/h, train B at 09:00 at 90 km/h.", None),
    make_sample(264, "truncated", "If 5 workers build a wall in 12 days, how long do 8 workers need?", "a very long answer that goes on and on and on and on"),
    make_sample(263, "error", "A rectangle has a perimeter of 46 cm and one side of 9 cm.", None),
]  # fmt: skip

EVENTS = [
    {"at": hours_ago(0.1), "kind": "info", "message": "Loaded gsm8k, 400 samples, seed 42"},
    {"at": hours_ago(0.09), "kind": "info", "message": "Provider openai, 16 parallel calls"},
    {"at": hours_ago(0.07), "kind": "retry",
     "message": "Rate limited (429), waiting 4.0 s, attempt 1 of 5"},
    {"at": hours_ago(0.05), "kind": "error",
     "message": "Sample test/173: the provider closed the connection; asked again"},
    {"at": hours_ago(0.02), "kind": "info", "message": "250 of 400 answered"},
]  # fmt: skip


def benchmarks() -> list[dict[str, Any]]:
    rows = [
        ("gen_arithmetic", "Generated arithmetic", "math", "Sums and products made from a seed, so that no model can have learnt them.", 500, True, True),
        ("gsm8k", "GSM8K", "math", "Grade school word problems that take two to eight steps.", 1319, False, True),
        ("math_500", "MATH-500", "math", "Competition mathematics with LaTeX answers.", 500, False, True),
        ("mmlu_pro", "MMLU-Pro", "knowledge", "Ten-way questions from fourteen subjects, harder than MMLU.", 12032, False, True),
        ("gpqa_diamond", "GPQA Diamond", "knowledge", "Graduate questions in biology, physics and chemistry that search engines do not answer.", 198, False, False),
        ("humaneval", "HumanEval", "coding", "Python functions from a docstring, judged by their tests.", 164, False, True),
        ("ifeval", "IFEval", "instructions", "Instructions that a program can check: length, words, format.", 541, False, True),
    ]  # fmt: skip
    return [
        {
            "name": name, "title": title, "category": category, "version": 2,
            "category_label": category.capitalize(), "description": text, "samples": samples,
            "metric": "accuracy", "license": "MIT", "offline": offline, "available": available,
            "unavailable_reason": None if available else "Needs a Hugging Face token",
            "requirements": ["sandbox"] if category == "coding" else [],
            "protocols": ["inspect", "openbench"], "default_protocol": "inspect",
        }
        for name, title, category, text, samples, offline, available in rows
    ]  # fmt: skip


CATEGORIES = [
    {"value": "", "label": "All", "count": 7, "url": "/benchmarks", "current": True},
    {"value": "math", "label": "Math", "count": 3, "url": "?category=math", "current": False},
    {"value": "knowledge", "label": "Knowledge", "count": 2, "url": "?", "current": False},
    {"value": "coding", "label": "Coding", "count": 1, "url": "?", "current": False},
    {"value": "instructions", "label": "Instructions", "count": 1, "url": "?", "current": False},
]
MODELS = [
    {"id": "simulated/steady", "simulated": True, "context_tokens": None, "price": None,
     "compatible": True, "reason": None},
    {"id": "openai/gpt-4o-mini", "simulated": False, "context_tokens": 128_000,
     "price": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6}, "compatible": True,
     "reason": None},
    {"id": "ollama/llama-3.3-70b", "simulated": False, "context_tokens": 128_000, "price": None,
     "compatible": True, "reason": None},
]  # fmt: skip


class LoginForm(Form):
    email = StringField("Email")
    password = PasswordField("Password")
    remember = BooleanField("Keep me signed in")


class RegisterForm(Form):
    email = StringField("Email")
    password = PasswordField("Password", description="At least 12 characters.")


class RunForm(Form):
    benchmark = StringField("Benchmark")
    model = StringField("Model", description="Pick one, or type connection/model-id.")
    protocol = SelectField("Protocol", choices=["inspect", "openbench"])
    limit = IntegerField("Samples")
    epochs = IntegerField("Epochs", default=1, description="Times that each sample is asked.")
    temperature = FloatField("Temperature")
    top_p = FloatField("Top p")
    max_tokens = IntegerField("Max tokens")
    seed = IntegerField("Seed")
    timeout_s = IntegerField("Timeout", default=120)
    max_connections = IntegerField("Parallel calls", default=16)
    max_retries = IntegerField("Retries", default=5)
    budget_usd = FloatField("Budget", description="The run pauses when this is spent.")
    tags = StringField("Tags")
    notes = TextAreaField("Notes")


class ConnectionForm(Form):
    name = StringField("Name", description="The prefix of its models, as in openai/gpt-4o-mini.")
    kind = SelectField("Kind", choices=["openai", "anthropic", "openai_compatible"])
    base_url = StringField("Address")
    api_key = PasswordField("API key", description="Sealed before it is stored, never shown.")
    max_retries = IntegerField("Retries", default=5)
    max_connections = IntegerField("Parallel calls", default=16)
    requests_per_minute = IntegerField("Calls per minute")
    timeout_s = IntegerField("Timeout", default=120)


class TokenForm(Form):
    name = StringField("Name")
    scopes = SelectField("May", choices=[("read", "Read"), ("write", "Read and write")])
    expires_at = DateField("Expires")


class WebhookForm(Form):
    url = StringField("Address")
    description = StringField("Description")
    events = SelectMultipleField(
        "Events",
        choices=["run.completed", "run.failed", "run.canceled", "run.paused"],
        default=["run.completed", "run.failed"],
    )
    enabled = BooleanField("Enabled", default=True)


class PasswordForm(Form):
    current_password = PasswordField("Current password")
    new_password = PasswordField("New password", description="At least 12 characters.")


def with_error(form: Form, field: str, message: str) -> Form:
    form.validate()
    form[field].errors = [message]
    return form


def comparison() -> dict[str, Any]:
    first = {**RUNS[1], "label": "A", "baseline": True}
    second = {**RUNS[0], "label": "B", "baseline": False, "status": "completed"}
    flips = [
        {
            "sample_id": sample["sample_id"], "epoch": 1, "category": "Algebra",
            "preview": sample["preview"], "target": "72",
            "cells": [
                {"run_id": "a", "outcome": "correct", "answer": "72", "url": "#"},
                {"run_id": "b", "outcome": "incorrect", "answer": "85", "url": "#"},
            ],
        }
        for sample in SAMPLES[:4]
    ]  # fmt: skip
    pair = {
        "a": "a", "b": "b", "a_label": "A", "b_label": "B", "a_model": first["model"],
        "b_model": second["model"], "difference": -0.064, "ci95": [-0.101, -0.028],
        "p_value": 0.0004, "method": "exact McNemar test", "wins": 11, "losses": 37, "ties": 352,
        "samples_to_settle": None, "direction": "worse",
        "verdict": "B is worse than A by 6.4 points; chance alone hardly explains it.",
    }  # fmt: skip
    unclear = {
        **pair, "direction": "unclear", "difference": 0.008, "ci95": [-0.021, 0.037],
        "p_value": 0.58, "samples_to_settle": 4300,
        "verdict": "No difference can be shown between B and A with these samples.",
    }  # fmt: skip
    return {
        "comparable": True, "warnings": ["The runs used different temperatures (0.0 and 0.5)."],
        "common_samples": 400, "runs": [first, second], "pairs": [pair, unclear],
        "flips": flips, "flips_total": 48,
    }  # fmt: skip


def connections() -> list[dict[str, Any]]:
    base = {"max_connections": 16, "requests_per_minute": None, "timeout_s": 120}
    return [
        {**base, "name": "simulated", "kind": "simulated", "kind_label": "Built in",
         "base_url": None, "api_key_hint": None, "from_environment": True, "simulated": True,
         "last_test": None, "has_key": False},
        {**base, "name": "openai", "kind": "openai", "kind_label": "OpenAI", "has_key": True,
         "base_url": "https://api.openai.com/v1", "api_key_hint": "x9Qk", "simulated": False,
         "from_environment": False,
         "last_test": {"ok": True, "at": hours_ago(1), "latency_ms": 412, "models_found": 61,
                       "error": None}},
        {**base, "name": "vllm", "kind": "openai_compatible", "kind_label": "OpenAI-compatible",
         "base_url": "http://127.0.0.1:8000/v1", "api_key_hint": None, "has_key": False,
         "from_environment": False, "simulated": False,
         "last_test": {"ok": False, "at": hours_ago(1), "latency_ms": None, "models_found": 0,
                       "error": {"code": "unreachable", "message": "Nothing answers there.",
                                 "action": "Start the server or correct the address."}}},
    ]  # fmt: skip


def webhooks() -> list[dict[str, Any]]:
    return [
        {"id": "w1", "url": "https://ci.example.org/hooks/openbench?team=models",
         "description": "CI gate", "events": ["run.completed", "run.failed"], "enabled": True,
         "disabled_reason": None,
         "last_delivery": {"status": "delivered", "at": hours_ago(3), "status_code": 200}},
        {"id": "w2", "url": "https://chat.example.org/in/4f1", "description": None,
         "events": ["run.completed"], "enabled": False, "disabled_reason": "It answered 410 Gone.",
         "last_delivery": {"status": "failed", "at": hours_ago(30), "status_code": 410}},
    ]  # fmt: skip


def deliveries() -> list[dict[str, Any]]:
    base = {"run_id": RUNS[1]["run_id"], "latency_ms": 212, "next_attempt_at": None,
            "error": None, "response_excerpt": "ok", "test": False}  # fmt: skip
    return [
        {**base, "id": "d1", "event": "run.completed", "status": "delivered", "attempts": 1,
         "status_code": 200, "created_at": hours_ago(3)},
        {**base, "id": "d2", "event": "run.failed", "status": "pending", "attempts": 2,
         "status_code": 503, "created_at": hours_ago(4), "error": "the receiver answered 503",
         "next_attempt_at": NOW + timedelta(minutes=5)},
        {**base, "id": "d3", "event": "run.completed", "status": "failed", "attempts": 4,
         "status_code": None, "created_at": hours_ago(40), "run_id": None, "test": True,
         "error": "no answer within 15 s", "response_excerpt": None},
    ]  # fmt: skip


def history() -> list[dict[str, float]]:
    points = []
    for done in range(8, 269, 4):
        value = 0.854 + 0.06 * ((done * 7919) % 13 - 6) / 6 * (8 / done) ** 0.5
        half = 0.95 * (0.13 / done) ** 0.5 * 1.96
        points.append({
            "done": done, "value": value,
            "low": max(0.0, value - half), "high": min(1.0, value + half),
        })  # fmt: skip
    return points


def run_page(run: dict[str, Any], **more: Any) -> dict[str, Any]:
    active = run["active"]
    return {
        "run": run, "latest_samples": SAMPLES if run["counts"]["done"] else [],
        "events": EVENTS if run["counts"]["done"] else [],
        "score_history": history() if run["counts"]["done"] else [], "charts": {},
        "last_event_id": "268-0" if active else None, **more,
    }  # fmt: skip


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return every page as name -> (template, variables)."""
    page = {"newer_url": "?cursor=a", "older_url": "?cursor=b", "total": 214, "shown": 9}
    nothing = {"newer_url": None, "older_url": None, "total": 0, "shown": 0}
    no_filters = {"q": "", "status": "", "benchmark": "", "model": "", "tag": ""}
    tabs = [
        {"value": "", "label": "All", "count": 214, "url": "/", "current": True},
        {"value": "running", "label": "Running", "count": 2, "url": "/?", "current": False},
        {"value": "completed", "label": "Done", "count": 190, "url": "/?", "current": False},
        {"value": "failed", "label": "Failed", "count": 11, "url": "/?", "current": False},
    ]
    outcome_tabs = [
        {"value": "", "label": "All", "count": 400, "url": "?", "current": True},
        {"value": "correct", "label": "Correct", "count": 342, "url": "?", "current": False},
        {"value": "incorrect", "label": "Wrong", "count": 47, "url": "?", "current": False},
        {"value": "refused", "label": "Refused", "count": 2, "url": "?", "current": False},
        {"value": "truncated", "label": "Truncated", "count": 4, "url": "?", "current": False},
        {"value": "unparsable", "label": "Unparsable", "count": 3, "url": "?", "current": False},
        {"value": "error", "label": "Error", "count": 2, "url": "?", "current": False},
    ]
    kpis = [
        {"label": "Runs this week", "value": "38", "note": "6 more than last",
         "foot": "2 running, 1 queued"},
        {"label": "Spend in November", "value": "$184.20", "note": "of $300",
         "progress": {"value": 184.2, "max": 300, "label": "November spend, $184.20 of $300"}},
        {"label": "Best score, GSM8K", "value": "91.8%", "note": "88.6–94.1",
         "foot": "anthropic/claude-sonnet-4.5", "mono": True},
        {"label": "Sample error rate", "value": "0.42%", "note": "51 of 12,140",
         "foot": "Mostly rate limits"},
    ]  # fmt: skip
    dashboard = {
        "kpis": kpis, "runs": RUNS, "status_tabs": tabs, "filters": no_filters, "page": page,
        "benchmark_options": [{"value": "gsm8k", "label": "GSM8K"}], "filtered": False,
        "model_options": [{"value": "openai/o4-mini", "label": "openai/o4-mini"}], "charts": {},
    }  # fmt: skip
    new = {
        "benchmarks": benchmarks(), "categories": CATEGORIES[1:], "connections": connections(),
        "models": MODELS,
    }  # fmt: skip
    failed = {**RUNS[4], "error": {
        "code": "invalid_key", "message": "The provider refused the API key (401).",
        "action": "Correct the key under Settings, Connections, then resume."}}  # fmt: skip
    paused = {**RUNS[6], "error": {
        "code": "budget_spent", "message": "The budget of $2.00 is spent.",
        "action": "Raise the budget and resume; finished samples are kept."}}  # fmt: skip
    waiting = {**RUNS[0], "waiting": {"provider": "openai", "resumes_in_s": 12}}
    with_errors = make_run(20, "completed", errors=6)
    benchmark = {
        **benchmarks()[1], "scorer": "numeric/inspect", "fewshot": 10,
        "source": {"kind": "hub", "dataset": "openai/gsm8k", "revision": "cc7b047b6e5b" * 3,
                   "url": "https://huggingface.co/datasets/openai/gsm8k"},
        "citation": "Cobbe et al., Training Verifiers to Solve Math Word Problems, 2021.",
        "prompt_template": "Solve the problem step by step.\n\n{question}\n\nANSWER: $ANSWER",
        "example": {"messages": SAMPLES[0]["input"], "target": "72"},
        "protocols": [
            {"name": "inspect", "scorer": "numeric/inspect", "fewshot": 10, "epochs": 1,
             "temperature": None, "max_tokens": None, "default": True, "differences": []},
            {"name": "openbench", "scorer": "numeric/openbench", "fewshot": 0, "epochs": 1,
             "temperature": 0.0, "max_tokens": 2048, "default": False,
             "differences": ["Keeps minus signs, which the reference drops."]},
        ],
    }  # fmt: skip
    sample_page = {
        "run": RUNS[1], "previous_url": "#", "next_url": "#", "position": 12, "total": 400,
        "other_epochs": [
            {"epoch": 1, "outcome": "correct", "url": "#", "current": True},
            {"epoch": 2, "outcome": "incorrect", "url": "#", "current": False},
        ],
    }  # fmt: skip
    token = {
        "id": "t1", "name": "CI", "prefix": "obs_4f9a", "scopes": ["read", "write"],
        "created_at": hours_ago(90), "last_used_at": hours_ago(2), "expires_at": None,
        "expired": False,
    }  # fmt: skip
    candidates = [{**run, "selected": i < 2} for i, run in enumerate(RUNS) if not run["active"]]
    webhook_page = {
        "webhook": webhooks()[0], "form": WebhookForm(data=webhooks()[0]), "page": nothing,
        "deliveries": deliveries(), "new_secret": None,
        "test_result": {"ok": True, "status_code": 200, "latency_ms": 212, "error": None},
    }  # fmt: skip
    long_form = with_error(RunForm(), "model", "No connection is named gemini.")
    long_form["temperature"].errors = ["Must be between 0 and 2."]
    return {
        "login": ("auth/login.html", {"form": with_error(
            LoginForm(data={"email": "you@example.org"}), "password",
            "Email and password do not match.")}),
        "register": ("auth/register.html", {"form": RegisterForm(), "first_account": True}),
        "dashboard": ("runs/index.html", dashboard),
        "dashboard_empty": ("runs/index.html", {**dashboard, "runs": [], "page": nothing}),
        "dashboard_no_match": ("runs/index.html", {**dashboard, "runs": [], "filtered": True,
                                                   "page": nothing}),
        "new_run": ("runs/new.html", {**new, "form": RunForm(data={
            "benchmark": "gsm8k", "model": "openai/gpt-4o-mini", "limit": 200})}),
        "new_run_errors": ("runs/new.html", {**new, "form": long_form}),
        "run_running": ("runs/show.html", run_page(waiting)),
        "run_queued": ("runs/show.html", run_page(RUNS[8])),
        "run_done": ("runs/show.html", run_page(RUNS[1])),
        "run_errors": ("runs/show.html", run_page(with_errors)),
        "run_failed": ("runs/show.html", run_page(failed)),
        "run_paused": ("runs/show.html", run_page(paused)),
        "run_canceled": ("runs/show.html", run_page(RUNS[7])),
        "run_simulated": ("runs/show.html", run_page(RUNS[5])),
        "samples": ("runs/samples.html", {
            "run": RUNS[5], "samples": SAMPLES, "outcome_tabs": outcome_tabs, "page": page,
            "filters": {"outcome": "", "category": "", "q": ""}, "filtered": False,
            "category_options": [{"value": "algebra", "label": "Algebra"}]}),
        "samples_empty": ("runs/samples.html", {
            "run": RUNS[8], "samples": [], "outcome_tabs": outcome_tabs[:1], "page": nothing,
            "filters": {"outcome": "", "category": "", "q": ""}, "filtered": False}),
        "sample": ("runs/sample.html", {**sample_page, "sample": SAMPLES[0]}),
        "sample_error": ("runs/sample.html", {**sample_page, "sample": {
            **SAMPLES[5], "completion": "", "explanation": "", "detail": {}, "target": ["28", "29"],
            "error": {"code": "timeout", "message": "The provider did not answer within 120 s.",
                      "action": "Retry the errors of this run."}}}),
        "benchmarks": ("benchmarks/index.html", {
            "benchmarks": benchmarks(), "categories": CATEGORIES, "filtered": False,
            "filters": {"q": "", "category": "", "offline": False}}),
        "benchmark": ("benchmarks/show.html", {
            "benchmark": benchmark, "recent_runs": RUNS[:2], "charts": {}}),
        "compare": ("compare/show.html", {
            "candidates": candidates, "comparison": comparison(), "charts": {}}),
        "compare_pick": ("compare/show.html", {
            "candidates": candidates, "comparison": None, "form_error": "Choose at least two runs."}),
        "compare_empty": ("compare/show.html", {"candidates": [], "comparison": None}),
        "connections": ("settings/connections.html", {"connections": connections()}),
        "connection_new": ("settings/connection_form.html", {
            "form": ConnectionForm(), "connection": None, "presets": [
                {"name": "openai", "title": "OpenAI", "kind": "openai", "needs_key": True,
                 "base_url": "https://api.openai.com/v1"},
                {"name": "ollama", "title": "Ollama", "kind": "openai_compatible",
                 "base_url": "http://127.0.0.1:11434/v1", "needs_key": False}]}),
        "connection_edit": ("settings/connection_form.html", {
            "form": with_error(ConnectionForm(data=connections()[1]), "base_url",
                               "A changed address needs the key again."),
            "connection": connections()[1], "presets": []}),
        "tokens": ("settings/tokens.html", {
            "form": TokenForm(), "tokens": [token], "new_token": "obs_" + "4f9a" * 10}),
        "webhooks": ("settings/webhooks.html", {
            "form": WebhookForm(), "webhooks": webhooks(), "new_secret": "whsec_" + "aGVs" * 8}),
        "webhook": ("settings/webhook.html", webhook_page),
        "account": ("settings/account.html", {
            "form": PasswordForm(),
            "account": {"email": "you@example.org", "created_at": hours_ago(900),
                        "is_admin": True}}),
        "error_404": ("errors/error.html", {
            "status": 404, "title": "There is nothing here", "request_id": "7f3a2c11",
            "message": "The address is wrong, or it belongs to another account.",
            "action": None}),
        "error_500": ("errors/error.html", {
            "status": 500, "title": "Something broke on our side", "request_id": "7f3a2c11",
            "message": "Nothing was lost. Try again; if it stays, tell the administrator.",
            "action": {"label": "Try again", "url": "/"}}),
        "rate_limited": ("errors/rate_limited.html", {
            "retry_after_s": 42, "message": "Five attempts to sign in are allowed per minute.",
            "retry_url": "/auth/login", "request_id": "7f3a2c11"}),
    }  # fmt: skip


def build_preview() -> Flask:
    """Return the app; signed in, with the product's CSP."""
    app = Flask(
        "preview", template_folder=str(APP / "templates"), static_folder=str(APP / "static")
    )
    app.config.update(SECRET_KEY="preview", WTF_CSRF_ENABLED=False)  # noqa: S106
    CSRFProtect(app)
    register_template_filters(app)
    for endpoint, rule in ENDPOINTS.items():
        app.add_url_rule(rule, endpoint, empty_page, methods=["GET", "POST"])
    for rule in ("/settings/connections/new", "/settings/connections/<name>"):
        app.add_url_rule(rule, "settings.connection_save", empty_page)
    app.add_url_rule("/api/v1/models", "api.models", api_models)
    app.add_url_rule("/api/v1/benchmarks/<name>", "api.benchmark", api_benchmark)
    app.add_url_rule("/api/v1/estimates", "api.estimate", api_estimate, methods=["POST"])
    app.add_url_rule(
        "/api/v1/connections/<name>/test", "api.test", api_connection_test, methods=["POST"]
    )
    app.add_url_rule("/fonts/<name>", "fonts", send_font)
    app.add_url_rule("/preview", "preview.index", list_pages)
    app.add_url_rule("/preview/<name>", "preview.page", show_page)
    app.context_processor(page_context)
    app.after_request(add_headers)
    return app


def api_models() -> dict[str, Any]:
    words = request.args.get("q", "")
    return {"items": [model for model in MODELS if words in model["id"]], "next_cursor": None}


def api_benchmark(name: str) -> dict[str, Any]:
    variables = pages()["benchmark"][1]
    row = next(row for row in benchmarks() if row["name"] == name)
    return {**variables["benchmark"], **row, "protocols": []}


def api_estimate() -> dict[str, Any]:
    priced = "gpt" in request.get_json()["model"]
    return {
        "samples": 200, "calls": 200, "input_tokens": 205_000,
        "output_tokens": {"low": 30_000, "high": 62_000},
        "cost_usd": {"low": 0.049, "high": 0.068} if priced else None, "price_known": priced,
        "price_source": "price list of 2026-11", "duration_s": {"low": 21, "high": 48},
        "basis": "From your last 3 runs of this benchmark",
    }  # fmt: skip


def api_connection_test(name: str) -> dict[str, Any]:
    error = {"code": "unreachable", "message": "Nothing answers there.", "action": "Start it."}
    ok = name != "vllm"
    return {"ok": ok, "latency_ms": 312, "models_found": 61, "error": None if ok else error}


def empty_page(**_: Any) -> Response:
    return Response("preview")


def send_font(name: str) -> Response:
    package, file = FONTS[name]
    with resources.as_file(resources.files(package) / "files" / file) as path:
        return send_file(path, mimetype="font/ttf", max_age=31536000)


def list_pages() -> str:
    links = "".join(f'<li><a href="/preview/{name}">{name}</a></li>' for name in pages())
    return f"<!doctype html><title>Preview</title><ul>{links}</ul>"


def show_page(name: str) -> str:
    template, variables = pages()[name]
    return render_template(template, **variables)


def page_context() -> dict[str, Any]:
    user = SimpleNamespace(is_authenticated=True, email="you@example.org", is_admin=True)
    theme = request.cookies.get("theme") or request.args.get("theme")
    return {"theme": theme, "current_user": user, "active_runs": 3, "app_version": "0.1.0"}


def add_headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    return response


if __name__ == "__main__":
    build_preview().run("127.0.0.1", 8099, threaded=True)
