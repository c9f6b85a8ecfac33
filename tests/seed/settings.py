"""Connections, tokens and webhooks as their services make them."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import timedelta

from app.db import db, now
from app.models import Delivery
from app.services import shares
from app.services.account_disabling import disable_account
from app.services.accounts import accounts, api_tokens, reset_links
from app.services.accounts.accounts import Account
from app.services.connections import probe, store
from app.services.connections.store import ConnectionChanges
from app.services.webhooks import endpoints
from tests.app_fixtures import PASSWORD
from tests.run_fixtures import deliver_now

KEY = "sk-seeded-0123456789-x9Qk"
PRICES = {
    "gpt-4o-mini": {
        "input_usd_per_mtok": 0.15,
        "cached_input_usd_per_mtok": 0.075,
        "output_usd_per_mtok": 0.6,
    },
    "gpt-4.1": {"input_usd_per_mtok": 2, "output_usd_per_mtok": 8},
}


def seed_connections(account: Account, model_url: str) -> None:
    """Make connections that work, do not work, and were never tested."""

    def save(name: str, **changes: object) -> None:
        values: ConnectionChanges = {"base_url": model_url, "api_key": KEY, **changes}  # type: ignore[typeddict-item]
        store.save_connection(account.id, account.is_admin, name, values)

    save("openai", kind="openai", requests_per_minute=20_000, prices=PRICES)
    save("together", kind="openai_compatible")
    save("wrong-key", kind="openai_compatible", api_key="sk-not-this-one-0000")
    save(
        "vllm",
        kind="openai_compatible",
        base_url=f"http://127.0.0.1:{_silent_port()}/v1",
        api_key=None,
        prices={"*": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}},
    )
    save("a-connection-whose-name-is-as-long-as-a-name-may-ever-be-here", kind="anthropic")
    for name in ("openai", "wrong-key", "vllm"):
        probe.probe_connection(account.id, account.is_admin, name)


def _silent_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def seed_tokens(account: Account) -> None:
    """Make tokens with and without an end."""
    api_tokens.create_token(account.id, "nightly CI", ["write"])
    api_tokens.create_token(account.id, "dashboard", ["read"], now() + timedelta(days=30))


def seed_webhooks(account: Account, receiver_url: str) -> dict[str, str]:
    """Make endpoints that will answer 200, 503 and 410; returns their ids by name."""
    every = list(endpoints.EVENTS)
    made = {}
    for name, events in (("hook", every), ("busy", every[:2]), ("gone", every[:1])):
        values = {
            "url": f"{receiver_url}/{name}",
            "description": "CI gate" if name == "hook" else "",
            "events": events,
        }
        made[name], _secret = endpoints.create_webhook(account.id, values)
    return made


def seed_shares(account: Account, ids: Mapping[str, str]) -> dict[str, str]:
    """Share runs and comparisons in every way; returns the last parts of the links by name."""
    made = {}
    for name, runs, hide_texts in (
        ("shared", ("done",), False),
        ("shared_cities", ("cities",), True),
        ("shared_running", ("running",), False),
        ("shared_failed", ("failed",), False),
        ("shared_two", ("done", "other"), False),
        ("shared_three", ("done", "other", "epochs"), True),
        ("shared_apart", ("done", "cities"), False),
    ):
        chosen = [ids[each] for each in runs]
        url, _ = shares.create_share(account.id, chosen, hide_texts=hide_texts)
        made[name] = url.rpartition("/")[2]
    shares.create_share(account.id, [ids["done"]], now() + timedelta(days=7))
    return made


def seed_governed(people: Mapping[str, Account]) -> dict[str, str]:
    """Disable an account and make a reset link for another.

    Returns:
        The ids of all accounts, and the secret of the link.
    """
    noor = accounts.register_account("noor@example.org", PASSWORD)
    disable_account(noor.id, by=None)
    link = reset_links.create_reset_link(people["linus"].id, by=None)
    ids = {f"{name}_id": str(account.id) for name, account in {**people, "noor": noor}.items()}
    return {**ids, "reset_secret": link.url.partition("#")[2]}


def deliver_all() -> None:
    """Make the first attempt of every delivery."""
    waiting = db.session.query(Delivery.id).filter_by(status="pending", attempts_made=0)
    for (delivery_id,) in waiting.order_by(Delivery.created_at).all():
        deliver_now(delivery_id)
