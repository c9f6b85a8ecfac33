"""Every page of the site and every state of one that is worth a look.

Addresses and forms may name ids of the seed: ``/runs/{done}``. A page with a form is what the
form's POST answers, or leads to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        name: What tests call it.
        path: Its address.
        who: The account that looks at it; ``None`` for nobody.
        form: What is posted; ``None`` for a GET.
        status: What it answers.
        tries: How often it is asked for until it answers so.
        ours: ``False`` for pages that a package draws.
        is_file: A browser saves it and does not show it.
    """

    name: str
    path: str
    who: str | None = "ada"
    form: Mapping[str, Any] | None = None
    status: int = 200
    tries: int = 1
    ours: bool = True
    is_file: bool = False


MAPPED = {
    "question": "question",
    "target": "answer",
    "choices": ["a", "b"],
    "scorer": "mcq/inspect",
    "name": "capitals",
}
NEW_ACCOUNT = {"email": "new@example.org", "password": "short"}
WRONG_RUN = {
    "benchmark": "gsm8k",
    "model": "gemini/flash",
    "temperature": "7",
    "limit": "0",
    "max_error_rate": "x",
}
SMALL_RUN = {"benchmark": "gen_swaps", "model": "simulated/expert", "limit": "2"}

SIGN_IN = (
    Page("sign_in", "/login", None),
    Page("sign_in_wrong", "/login", None, {"email": "ada@example.org", "password": "x"}, 401),
    Page("sign_in_empty", "/login?next=/compare", None, {"email": ""}, 422),
    Page("register", "/register", None),
    Page("reset_link", "/reset", None),
    Page("reset_link_wrong", "/reset", None, {"link": "made-up"}, 422),
    Page("reset_link_missing", "/reset/password", None),
    Page("reset_password", "/reset", None, {"link": "{reset_secret}"}),
    Page("register_wrong", "/register", None, NEW_ACCOUNT, 422),
)
RUNS = (
    Page("dashboard", "/"),
    Page("dashboard_filtered", "/?status=completed&benchmark=gsm8k&tag=nightly&q=prompt"),
    Page("dashboard_sorted", "/?sort=-score&from=2020-01-01&columns=score,errors,protocol"),
    Page("dashboard_wrong_date", "/?from=yesterday", status=422),
    Page("dashboard_no_match", "/?q=nowhere"),
    Page("bulk_none", "/runs/bulk?action=delete&run_ids="),
    Page("bulk_delete", "/runs/bulk?action=delete&run_ids={done},{running},{failed}&back=q=a"),
    Page("bulk_tag", "/runs/bulk?action=tag&all=1"),
    Page("bulk_tag_wrong", "/runs/bulk", form={"action": "tag", "run_ids": "{done}"}, status=422),
    Page("bulk_cancel", "/runs/bulk?action=cancel&run_ids={done}"),
    Page("bulk_retry", "/runs/bulk?action=retry_errors&run_ids={with_errors},{done}"),
    Page("dashboard_empty", "/", "grace"),
    Page("dashboard_first_steps", "/", "mia"),
    Page("dashboard_disk_low", "/?seed_disk=low"),
    Page("dashboard_disk_full", "/?seed_disk=full"),
    Page("new_run", "/runs/new?benchmark=gsm8k&model=openai/gpt-4o-mini&limit=200"),
    Page("new_run_again", "/runs/new?from={done}"),
    Page("new_run_first", "/runs/new", "grace"),
    Page("new_run_wrong", "/runs", form=WRONG_RUN, status=422),
    Page("new_run_no_storage", "/runs", "mia", SMALL_RUN, 409),
    Page("run_no_storage", "/runs/{no_storage}", "mia"),
    Page("estimates", "/estimates"),
    Page("estimates_empty", "/estimates", "grace"),
    *(
        Page(f"run_{name}", f"/runs/{{{name}}}")
        for name in (
            "done", "other", "epochs", "rescoring", "simulated", "cities", "facts", "judged",
            "canceled", "paused", "over_budget", "with_errors", "failed", "refused",
            "queued", "queued_behind", "started", "running", "waiting", "preparing",
        )
    ),
)  # fmt: skip
SAMPLES = (
    Page("samples", "/runs/{done}/samples"),
    Page("samples_filtered", "/runs/{cities}/samples?outcome=correct&category=Africa"),
    Page("samples_no_match", "/runs/{done}/samples?q=nowhere"),
    Page("samples_sorted", "/runs/{done}/samples?sort=-latency&min_tokens=1&place=answer"),
    Page("samples_none_yet", "/runs/{queued}/samples"),
    Page("samples_simulated", "/runs/{simulated}/samples"),
    *(
        Page(f"sample_{outcome}", f"/runs/{{done}}/samples/{{{outcome}_sample}}")
        for outcome in ("correct", "incorrect", "refused", "truncated", "unparsable")
    ),
    Page("sample_formatted", "/runs/{done}/samples/{correct_sample}?text=formatted"),
    Page("sample_raw", "/runs/{done}/samples/{correct_sample}?show=raw"),
    Page("sample_hostile", "/runs/{done}/samples/{hostile_sample}"),
    Page("sample_long", "/runs/{long}/samples/{long_sample}"),
    Page("sample_thought", "/runs/{done}/samples/{thought_sample}"),
    Page("sample_error", "/runs/{with_errors}/samples/{error_sample}"),
    Page("sample_partial", "/runs/{facts}/samples/{partial_sample}"),
    Page("sample_judged", "/runs/{judged}/samples/{judged_sample}"),
    Page("sample_of_category", "/runs/{cities}/samples/{city_sample}"),
    Page("sample_epochs", "/runs/{epochs}/samples/2?epoch=2"),
    Page("sample_simulated", "/runs/{simulated}/samples/{simulated_sample}"),
)
BENCHMARKS = (
    Page("benchmarks", "/benchmarks"),
    Page("benchmarks_filtered", "/benchmarks?category=math&q=word&offline=1"),
    Page("benchmarks_no_match", "/benchmarks?q=nowhere"),
    Page("benchmark", "/benchmarks/gsm8k"),
    Page("benchmark_generated", "/benchmarks/gen_chain_sum", "grace"),
    Page("benchmark_missing_data", "/benchmarks/mmlu"),
    Page("benchmark_sandboxed", "/benchmarks/humaneval"),
    Page("benchmark_own", "/benchmarks/own/cities"),
    Page("own_upload", "/benchmarks/own/new"),
    Page("own_upload_again", "/benchmarks/own/new?name=own/cities"),
    Page("own_upload_no_file", "/benchmarks/own/new", form={"name": ""}, status=422),
    Page("own_map", "/benchmarks/own/new/{upload}"),
    Page("own_map_preview", "/benchmarks/own/new/{upload}", form=MAPPED),
    Page(
        "own_map_wrong", "/benchmarks/own/new/{upload}", form={"question": "question"}, status=422
    ),
    Page(
        "own_map_bad_rows",
        "/benchmarks/own/new/{upload}",
        form={**MAPPED, "target": "continent", "name": "Not possible!", "action": "save"},
        status=422,
    ),
)
COMPARE = (
    Page("compare_two", "/compare?run_ids={done},{other}"),
    Page("compare_three", "/compare?run_ids={done},{other},{epochs}"),
    Page("compare_graded", "/compare?run_ids={facts},{judged}"),
    Page("compare_apart", "/compare?run_ids={done},{cities}"),
    Page("compare_none_scored", "/compare?run_ids={done},{refused}"),
    Page("compare_simulated", "/compare?run_ids={small_0},{small_1}"),
    Page("compare_worse", "/compare?run_ids={done},{other}&show=worse"),
    Page("compare_no_sample", "/compare?run_ids={done},{other}&category=none"),
    Page(
        "compare_answers",
        "/compare/answers?run_ids={done},{other}&sample_id={incorrect_sample}&show=all",
    ),
    Page(
        "compare_answers_of_three",
        "/compare/answers?run_ids={done},{other},{epochs}&sample_id={correct_sample}&show=all",
    ),
    Page("compare_pick", "/compare"),
    Page("compare_one", "/compare?run_ids={done}"),
    Page("compare_past_the_end", "/compare?run_ids={done},{other}&flips_from=500"),
    Page("compare_empty", "/compare", "grace"),
)
SETTINGS = (
    Page("connections", "/settings/connections"),
    Page("connections_empty", "/settings/connections", "grace"),
    Page("local_servers", "/settings/local-servers"),
    Page("local_servers_found", "/settings/local-servers", form={}),
    Page("local_servers_not_admin", "/settings/local-servers", "grace", status=404),
    Page("connection_new", "/settings/connections/new"),
    Page("connection_edit", "/settings/connections/openai"),
    Page("connection_wrong", "/settings/connections/new", form={"max_retries": "many"}, status=422),
    Page("tokens", "/settings/tokens"),
    Page("tokens_empty", "/settings/tokens", "grace"),
    Page("token_new", "/settings/tokens", form={"name": "once", "scopes": "read"}),
    Page("token_wrong", "/settings/tokens", form={"name": "", "scopes": "read"}, status=422),
    Page("webhooks", "/settings/webhooks"),
    Page("webhooks_empty", "/settings/webhooks", "grace"),
    Page("webhooks_wrong", "/settings/webhooks", form={"url": "ftp://x", "events": []}, status=422),
    Page("webhook", "/settings/webhooks/{hook}"),
    Page("webhook_busy", "/settings/webhooks/{busy}"),
    Page("webhook_gone", "/settings/webhooks/{gone}"),
    Page("webhook_wrong", "/settings/webhooks/{hook}", form={"url": ""}, status=422),
    Page("webhook_tested", "/settings/webhooks/{hook}/test", form={}),
    Page("webhook_test_failed", "/settings/webhooks/{busy}/test", form={}),
    Page("webhook_rotated", "/settings/webhooks/{busy}/rotate-secret", form={}),
    Page("shares", "/settings/shares"),
    Page("shares_empty", "/settings/shares", "grace"),
    Page("share_run", "/settings/shares?run_ids={done}"),
    Page("share_comparison", "/settings/shares?run_ids={done},{other}"),
    Page("share_new", "/settings/shares", form={"run_ids": "{done}"}),
    Page(
        "share_wrong",
        "/settings/shares",
        form={"run_ids": "{done}", "expires_at": "2020-01-01"},
        status=422,
    ),
    Page("share_nothing", "/settings/shares", form={"run_ids": ""}, status=422),
    Page("account", "/settings/account"),
    Page("account_not_admin", "/settings/account", "grace"),
    Page("account_no_storage", "/settings/account", "mia"),
    Page("password_wrong", "/settings/account", form={"current_password": "x"}, status=422),
    Page("users", "/settings/users"),
    Page("users_no_match", "/settings/users?q=nowhere"),
    Page("users_not_admin", "/settings/users", "grace", status=404),
    Page("user", "/settings/users/{mia_id}"),
    Page("user_empty", "/settings/users/{grace_id}"),
    Page("user_self", "/settings/users/{ada_id}"),
    Page("user_disabled", "/settings/users/{noor_id}"),
    Page("user_new_link", "/settings/users/{grace_id}/reset-link", form={}),
    Page("user_last_admin", "/settings/users/{ada_id}/role", form={"confirm_self": "yes"}),
    Page("user_delete_wrong", "/settings/users/{mia_id}/delete", form={"email": "x"}, status=422),
    Page("delete_wrong", "/settings/account/delete", form={}, status=422),
)
SHARED = (
    Page("shared_run", "/s/{shared}", None),
    Page("shared_run_hidden", "/s/{shared_cities}", None),
    Page("shared_running", "/s/{shared_running}", None),
    Page("shared_failed", "/s/{shared_failed}", None),
    Page("shared_samples", "/s/{shared}/samples", None),
    Page("shared_samples_hidden", "/s/{shared_cities}/samples?outcome=correct", None),
    Page("shared_samples_no_match", "/s/{shared}/samples?outcome=none", None),
    Page("shared_two", "/s/{shared_two}", None),
    Page("shared_three", "/s/{shared_three}", None),
    Page("shared_apart", "/s/{shared_apart}", None),
    Page("shared_file", "/s/{shared}/file", None, is_file=True),
    Page("shared_file_of_two", "/s/{shared_two}/file", None, is_file=True),
    Page("shared_gone", "/s/never-was", None, status=404),
)
OTHERS = (
    Page("docs", "/docs"),
    Page("outcomes", "/docs/outcomes"),
    Page("outcomes_stranger", "/docs/outcomes", None),
    Page("docs_stranger", "/docs", None),
    Page("queue_dashboard", "/admin/rq/", ours=False),
    Page("error_404", "/nothing-here", status=404),
    Page("error_404_stranger", "/nothing-here", None, status=404),
    Page("error_404_run", "/runs/{broken}", status=404),
    Page("error_405", "/settings/connections/openai/test", status=405),
    Page("error_500", "/runs/{broken}", "linus", status=500),
    Page("rate_limited", "/settings/account", "linus", {"new_password": ""}, 429, tries=7),
)
PAGES = (*SIGN_IN, *RUNS, *SAMPLES, *BENCHMARKS, *COMPARE, *SETTINGS, *SHARED, *OTHERS)
SHOWN = tuple(page for page in PAGES if not page.is_file)
BY_NAME: Mapping[str, Page] = {page.name: page for page in PAGES}
