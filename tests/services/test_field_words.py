"""No text of a validator reaches a reader: every mistake has words of our own."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import core_schema
from werkzeug.datastructures import MultiDict

from app.blueprints.api import schemas
from app.blueprints.runs.field_rules import rule_of
from app.blueprints.runs.forms import RunForm
from app.blueprints.settings.forms import ConnectionForm, TokenForm, WebhookForm
from app.services.field_words import UNFIT, in_words, words_of
from app.services.own_benchmarks.save_requests import OwnRequest
from app.services.runs.run_request import RunRequest

RAW = re.compile(
    r"Input should|unable to parse|Field required|String should|Extra inputs|Value err"
)
NONSENSE: list[Any] = [
    None, [], {}, "", "  ", "x", "x" * 200_000, "\0", "\ud800", True, -1, 1.5, 10**400, [1], [""],
    ["x"] * 1000, {"x": 1}, {"x": {"y": []}}, 10**9, -(10**9), 3.0e300,
]  # fmt: skip


def models() -> Iterator[type[BaseModel]]:
    """Every request model there is: those of the API, of a run and of own data."""
    yield from (RunRequest, OwnRequest)
    for module in pkgutil.iter_modules(schemas.__path__):
        for value in vars(importlib.import_module(f"{schemas.__name__}.{module.name}")).values():
            if isinstance(value, type) and re.search(r"(Body|Query|Path)$", value.__name__):
                yield value


@pytest.mark.parametrize("kind", get_args(core_schema.ErrorType))
def test_every_kind_of_mistake_is_a_sentence_of_our_own(kind: str) -> None:
    words = in_words(kind, message="Value error, must be green")
    assert re.fullmatch(r"(This|There) [\w ,':.-]+\.", words)
    assert not RAW.search(words)


def test_bounds_are_named() -> None:
    assert in_words("greater_than_equal", {"ge": 1}) == "This must be at least 1."
    assert in_words("less_than_equal", {"le": 200_000}) == "This must be at most 200,000."
    assert in_words("greater_than", {"gt": 0.0}) == "This must be more than 0."
    assert in_words("string_too_short", {"min_length": 1}) == "This must not be empty."
    assert in_words("literal_error", {"expected": "'a' or 'b'"}) == "This must be 'a' or 'b'."
    assert in_words("value_error", message="Value error, unknown status: x") == (
        "Unknown status: x."
    )


@pytest.mark.parametrize("model", sorted(set(models()), key=str), ids=lambda model: model.__name__)
def test_all_that_a_request_can_get_wrong_has_words(model: type[BaseModel]) -> None:
    told = 0
    tries = [dict.fromkeys(model.model_fields, value) for value in NONSENSE]
    for values in [*tries, {}, {"nobody_knows": 1}]:
        try:
            model.model_validate(values)
        except ValidationError as error:
            for message in sum(words_of(error).values(), []):
                assert not RAW.search(message), message
                assert message != UNFIT, str(values)[:200]
                told += 1
    assert told or not model.model_fields


@pytest.mark.parametrize("form", [ConnectionForm, TokenForm, WebhookForm])
def test_forms_say_it_in_the_same_words(app: Any, form: type) -> None:
    with app.test_request_context():
        filled = form(
            formdata=MultiDict([(name, "no such thing" * 500) for name in form()._fields])
        )
        assert not filled.validate()
        for messages in filled.errors.values():
            for message in messages:
                assert not re.search(r"[Nn]ot a valid|Field|Invalid", message), message
        if form is ConnectionForm:
            assert filled.errors["max_retries"] == ["This must be a whole number."]
            assert filled.errors["timeout_s"] == ["This must be a number."]


@pytest.mark.parametrize(
    ("name", "text", "broken"),
    [
        ("limit", "0", "least"),
        ("limit", "200001", "most"),
        ("limit", "1.5", "kind"),
        ("limit", "many", "kind"),
        ("top_p", "0", "above"),
        ("temperature", "2.5", "most"),
        ("temperature", "warm", "kind"),
        ("seed", "-1", "least"),
        ("extra_body", "[1]", "kind"),
    ],
)
def test_what_is_said_while_typing_is_what_the_server_says(
    app: Any, name: str, text: str, broken: str
) -> None:
    with app.test_request_context():
        form = RunForm(formdata=MultiDict({name: text}))
        assert form.to_request() is None
        assert form.errors[name] == [json.loads(rule_of(name))["words"][broken]]
