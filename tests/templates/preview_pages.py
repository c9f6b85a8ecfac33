"""Every page of the product by name, with what a view would pass to it."""

from __future__ import annotations

from typing import Any

from tests.templates.preview_data import (
    CATEGORIES,
    FLIPS,
    MODELS,
    RUNS,
    SAMPLES,
    benchmarks,
    comparison,
    connections,
    deliveries,
    hours_ago,
    make_run,
    run_page,
    webhooks,
)
from tests.templates.preview_forms import (
    ConnectionForm,
    DeleteAccountForm,
    LoginForm,
    PasswordForm,
    RegisterForm,
    RunForm,
    TokenForm,
    WebhookForm,
    with_error,
)
from tests.templates.preview_more import more_pages


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
        {
            "label": "Runs this week",
            "value": "38",
            "note": "6 more than last",
            "foot": "2 running, 1 queued",
        },
        {
            "label": "Spend in November",
            "value": "$184.20",
            "note": "of $300",
            "progress": {"value": 184.2, "max": 300, "label": "November spend, $184.20 of $300"},
        },
        {
            "label": "Best score, GSM8K",
            "value": "91.8%",
            "note": "88.6–94.1",
            "foot": "anthropic/claude-sonnet-4.5",
            "mono": True,
        },
        {
            "label": "Sample error rate",
            "value": "0.42%",
            "note": "51 of 12,140",
            "foot": "Mostly rate limits",
        },
    ]
    dashboard = {
        "kpis": kpis,
        "runs": RUNS,
        "status_tabs": tabs,
        "filters": no_filters,
        "page": page,
        "benchmark_options": [{"value": "gsm8k", "label": "GSM8K"}],
        "filtered": False,
        "model_options": [{"value": "openai/o4-mini", "label": "openai/o4-mini"}],
        "charts": {},
    }
    new = {
        "benchmarks": benchmarks(),
        "categories": CATEGORIES[1:],
        "connections": connections(),
        "models": MODELS,
    }
    failed = {
        **RUNS[4],
        "error": {
            "code": "invalid_key",
            "message": "The provider refused the API key (401).",
            "action": "Correct the key under Settings, Connections, then resume.",
        },
    }
    paused = {
        **RUNS[6],
        "error": {
            "code": "budget_spent",
            "message": "The budget of $2.00 is spent.",
            "action": "Raise the budget and resume; finished samples are kept.",
        },
    }
    waiting = {**RUNS[0], "waiting": {"provider": "openai", "resumes_in_s": 12}}
    with_errors = make_run(20, "completed", errors=6)
    benchmark = {
        **benchmarks()[1],
        "scorer": "numeric/inspect",
        "fewshot": 10,
        "source": {
            "kind": "hub",
            "dataset": "openai/gsm8k",
            "revision": "cc7b047b6e5b" * 3,
            "url": "https://huggingface.co/datasets/openai/gsm8k",
        },
        "citation": "Cobbe et al., Training Verifiers to Solve Math Word Problems, 2021.",
        "prompt_template": "Solve the problem step by step.\n\n{question}\n\nANSWER: $ANSWER",
        "example": {"messages": SAMPLES[0]["input"], "target": "72"},
        "protocols": [
            {
                "name": "inspect",
                "scorer": "numeric/inspect",
                "fewshot": 10,
                "epochs": 1,
                "temperature": None,
                "max_tokens": None,
                "default": True,
                "differences": [],
            },
            {
                "name": "openbench",
                "scorer": "numeric/openbench",
                "fewshot": 0,
                "epochs": 1,
                "temperature": 0.0,
                "max_tokens": 2048,
                "default": False,
                "differences": ["Keeps minus signs, which the reference drops."],
            },
        ],
    }
    sample_page = {
        "run": RUNS[1],
        "previous_url": "#",
        "next_url": "#",
        "position": 12,
        "total": 400,
        "other_epochs": [
            {"epoch": 1, "outcome": "correct", "url": "#", "current": True},
            {"epoch": 2, "outcome": "incorrect", "url": "#", "current": False},
        ],
    }
    token = {
        "id": "t1",
        "name": "CI",
        "prefix": "obs_4f9a",
        "scopes": ["read", "write"],
        "created_at": hours_ago(90),
        "last_used_at": hours_ago(2),
        "expires_at": None,
        "expired": False,
    }
    candidates = [{**run, "selected": i < 2} for i, run in enumerate(RUNS) if not run["active"]]
    webhook_page = {
        "webhook": webhooks()[0],
        "form": WebhookForm(data=webhooks()[0]),
        "page": nothing,
        "deliveries": deliveries(),
        "new_secret": None,
        "test_result": {"ok": True, "status_code": 200, "latency_ms": 212, "error": None},
    }
    long_form = with_error(RunForm(), "model", "No connection is named gemini.")
    long_form["temperature"].errors = ["Must be between 0 and 2."]
    return {
        **more_pages(sample_page),
        "login": (
            "auth/login.html",
            {
                "form": with_error(
                    LoginForm(data={"email": "you@example.org"}),
                    "password",
                    "Email and password do not match.",
                )
            },
        ),
        "register": ("auth/register.html", {"form": RegisterForm(), "first_account": True}),
        "dashboard": ("runs/index.html", dashboard),
        "dashboard_empty": ("runs/index.html", {**dashboard, "runs": [], "page": nothing}),
        "dashboard_no_match": (
            "runs/index.html",
            {**dashboard, "runs": [], "filtered": True, "page": nothing},
        ),
        "new_run": (
            "runs/new.html",
            {
                **new,
                "form": RunForm(
                    data={"benchmark": "gsm8k", "model": "openai/gpt-4o-mini", "limit": 200}
                ),
            },
        ),
        "new_run_errors": ("runs/new.html", {**new, "form": long_form}),
        "run_running": ("runs/show.html", run_page(waiting)),
        "run_queued": ("runs/show.html", run_page(RUNS[8])),
        "run_done": ("runs/show.html", run_page(RUNS[1])),
        "run_errors": ("runs/show.html", run_page(with_errors)),
        "run_failed": ("runs/show.html", run_page(failed)),
        "run_paused": ("runs/show.html", run_page(paused)),
        "run_canceled": ("runs/show.html", run_page(RUNS[7])),
        "run_simulated": ("runs/show.html", run_page(RUNS[5])),
        "samples": (
            "runs/samples.html",
            {
                "run": RUNS[5],
                "samples": SAMPLES,
                "outcome_tabs": outcome_tabs,
                "page": page,
                "filters": {"outcome": "", "category": "", "q": ""},
                "filtered": False,
                "category_options": [{"value": "algebra", "label": "Algebra"}],
            },
        ),
        "samples_empty": (
            "runs/samples.html",
            {
                "run": RUNS[8],
                "samples": [],
                "outcome_tabs": outcome_tabs[:1],
                "page": nothing,
                "filters": {"outcome": "", "category": "", "q": ""},
                "filtered": False,
            },
        ),
        "sample": ("runs/sample.html", {**sample_page, "sample": SAMPLES[0]}),
        "sample_error": (
            "runs/sample.html",
            {
                **sample_page,
                "sample": {
                    **SAMPLES[5],
                    "completion": "",
                    "explanation": "",
                    "detail": {},
                    "target": ["28", "29"],
                    "error": {
                        "code": "timeout",
                        "message": "The provider did not answer within 120 s.",
                        "action": "Retry the errors of this run.",
                    },
                },
            },
        ),
        "benchmarks": (
            "benchmarks/index.html",
            {
                "benchmarks": benchmarks(),
                "categories": CATEGORIES,
                "filtered": False,
                "filters": {"q": "", "category": "", "offline": False},
            },
        ),
        "benchmark": (
            "benchmarks/show.html",
            {"benchmark": benchmark, "recent_runs": RUNS[:2], "charts": {}},
        ),
        "compare": (
            "compare/show.html",
            {
                "candidates": candidates,
                "comparison": comparison(),
                "flips": FLIPS,
                "charts": {},
            },
        ),
        "compare_pick": (
            "compare/show.html",
            {"candidates": candidates, "comparison": None, "form_error": "Choose two runs."},
        ),
        "compare_empty": ("compare/show.html", {"candidates": [], "comparison": None}),
        "connections": ("settings/connections.html", {"connections": connections()}),
        "connection_new": (
            "settings/connection_form.html",
            {
                "form": ConnectionForm(),
                "connection": None,
                "presets": [
                    {
                        "name": "openai",
                        "title": "OpenAI",
                        "kind": "openai",
                        "needs_key": True,
                        "base_url": "https://api.openai.com/v1",
                    },
                    {
                        "name": "ollama",
                        "title": "Ollama",
                        "kind": "openai_compatible",
                        "base_url": "http://127.0.0.1:11434/v1",
                        "needs_key": False,
                    },
                ],
            },
        ),
        "connection_edit": (
            "settings/connection_form.html",
            {
                "form": with_error(
                    ConnectionForm(data=connections()[1]),
                    "base_url",
                    "A changed address needs the key again.",
                ),
                "connection": connections()[1],
                "presets": [],
            },
        ),
        "tokens": (
            "settings/tokens.html",
            {"form": TokenForm(), "tokens": [token], "new_token": "obs_" + "4f9a" * 10},
        ),
        "webhooks": (
            "settings/webhooks.html",
            {"form": WebhookForm(), "webhooks": webhooks(), "new_secret": "whsec_" + "aGVs" * 8},
        ),
        "webhook": ("settings/webhook.html", webhook_page),
        "account": (
            "settings/account.html",
            {
                "form": PasswordForm(),
                "delete_form": DeleteAccountForm(),
                "account": {
                    "email": "you@example.org",
                    "created_at": hours_ago(900),
                    "is_admin": True,
                },
            },
        ),
        "components": (
            "components.html",
            {
                "form": with_error(RegisterForm(), "password", "Too short."),
                "runs": RUNS,
                "kpis": kpis,
                "page": page,
                "status_tabs": tabs,
            },
        ),
        "error_404": (
            "errors/error.html",
            {
                "status": 404,
                "title": "There is nothing here",
                "request_id": "7f3a2c11",
                "message": "The address is wrong, or it belongs to another account.",
                "action": None,
            },
        ),
        "error_500": (
            "errors/error.html",
            {
                "status": 500,
                "title": "Something broke on our side",
                "request_id": "7f3a2c11",
                "message": "Nothing was lost. Try again; if it stays, tell the administrator.",
                "action": {"label": "Try again", "url": "/"},
            },
        ),
        "rate_limited": (
            "errors/rate_limited.html",
            {
                "retry_after_s": 42,
                "message": "Five attempts to sign in are allowed per minute.",
                "retry_url": "/auth/login",
                "request_id": "7f3a2c11",
            },
        ),
    }
