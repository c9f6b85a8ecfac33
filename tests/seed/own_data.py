"""Benchmarks of an account's own data, and a file whose columns nobody has mapped yet."""

from __future__ import annotations

import io
from typing import Any

from app.config import Settings
from app.services.accounts.accounts import Account
from app.services.own_benchmarks import uploads, versions
from app.services.own_benchmarks.save_requests import read_request
from tests.seed.questions import cities_file, facts_file

CITIES: dict[str, Any] = {
    "question": "question",
    "target": "answer",
    "choices": ["a", "b"],
    "category": "continent",
    "scorer": "mcq/inspect",
    "name": "cities",
    "title": "Capitals of the world",
    "description": "Which of two cities is the capital.",
}
FACTS: dict[str, Any] = {"question": "question", "target": "answer", "title": "Short facts"}


def seed_own_data(account: Account, settings: Settings) -> str:
    """Save three benchmarks; returns the id of an upload that is not saved."""

    def save(file: bytes, file_name: str, **values: Any) -> None:
        upload = uploads.keep_upload(account.id, io.BytesIO(file), file_name, settings)
        versions.save(account.id, upload, read_request(values), settings)

    save(cities_file(), "cities.csv", **CITIES)
    save(facts_file(), "facts.jsonl", **FACTS, name="facts", scorer="qa_f1/inspect")
    save(facts_file(), "facts.jsonl", **FACTS, name="judged", scorer="judge/simpleqa_inspect")
    kept = uploads.keep_upload(account.id, io.BytesIO(cities_file()), "cities.csv", settings)
    return kept.id
