"""The form of a new run. Bounds are those of the API: both are checked by ``RunRequest``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError
from wtforms import Field, SelectChoice, SelectField, StringField, TextAreaField

from app.blueprints.runs.field_rules import NO_OBJECT, rule_of
from app.services.field_types import typed_number
from app.services.field_words import MISSING, words_of
from app.services.runs.run_request import NOT_SENT, Effort, RunRequest
from app.services.runs.run_settings import DEFAULT_SAMPLE_SEED
from app.web.page_form import PageForm

TEXT_OF = {
    "benchmark_version": "An earlier one of your own benchmark; empty: the latest.",
    "limit": "How many samples; which ones is under Advanced.",
    "order": "With fewer samples than the benchmark has. A smaller part is within a larger.",
    "sample_seed": "Another seed takes other samples.",
    "sample_ids": "Only these, one id a line.",
    "system_message": "Sent before the benchmark's own system message, if it has one.",
    "stop": "An answer ends before any of these, one a line; \\n is a new line.",
    "reasoning_effort": "How much a reasoning model thinks.",
    "thinking_tokens": "Most tokens of thinking, where the provider takes such a budget.",
    "extra_body": "JSON whose fields are added to each request as they are.",
    "epochs": "How often each sample is asked.",
    "judge": "A second model, which scores the answers of this benchmark.",
    "budget_usd": "The run pauses before it spends more.",
    "max_tokens": "Longest answer.",
    "timeout_s": "Longest wait for one answer.",
    "max_connections": "How many at the same time.",
    "stream": "Measures time to first token and tokens per second.",
    "max_retries": "How often to retry after a temporary error.",
    "name": "What this run is called in lists and on its page.",
    "max_error_rate": "A larger share of errors ends the run as failed (0 to 1).",
}


_ENTRANCE = {"benchmark": "benchmark-search"}
"""Where to go for a field that is no single input."""

_CHOOSE = {
    "benchmark": "Choose a benchmark.",
    "model": "Enter a model, as connection/model-id.",
}


class TypedNumber(StringField):
    """A number, kept as it was typed, so that a wrong one is shown again."""


class UnsentNumber(TypedNumber):
    """A number, or ``none``: the parameter is not sent."""


class Switch(SelectField):
    """On, off, or a word."""


class Lines(TextAreaField):
    """Texts, one a line; in each, a backslash and n stand for a new line."""


class JsonText(TextAreaField):
    """A JSON object."""


class RunForm(PageForm):
    """All options of a run; empty fields mean the defaults."""

    benchmark = StringField("Benchmark")
    benchmark_version = TypedNumber(
        "Version of your data", description=TEXT_OF["benchmark_version"]
    )
    model = StringField("Model")
    protocol = SelectField("Protocol", choices=[SelectChoice("", "Default")], validate_choice=False)
    limit = TypedNumber("Samples", description=TEXT_OF["limit"])
    epochs = TypedNumber("Epochs", description=TEXT_OF["epochs"])
    judge = StringField("Judge", description=TEXT_OF["judge"])
    budget_usd = TypedNumber("Budget", description=TEXT_OF["budget_usd"])
    temperature = UnsentNumber("Temperature")
    top_p = UnsentNumber("Top-p")
    top_k = TypedNumber("Top-k")
    presence_penalty = TypedNumber("Presence penalty")
    frequency_penalty = TypedNumber("Frequency penalty")
    max_tokens = UnsentNumber("Max tokens", description=TEXT_OF["max_tokens"])
    seed = UnsentNumber("Seed")
    reasoning_effort = SelectField(
        "Reasoning effort",
        description=TEXT_OF["reasoning_effort"],
        choices=[
            SelectChoice("", "Provider default"),
            *(SelectChoice(name, name) for name in get_args(Effort)),
        ],
        validate_choice=False,
    )
    thinking_tokens = TypedNumber("Thinking budget", description=TEXT_OF["thinking_tokens"])
    system_message = TextAreaField("System message", description=TEXT_OF["system_message"])
    stop = Lines("Stop sequences", description=TEXT_OF["stop"])
    extra_body = JsonText("Extra body", description=TEXT_OF["extra_body"])
    order = SelectField(
        "Which samples",
        description=TEXT_OF["order"],
        choices=[
            SelectChoice("", "A random part, the same for all runs"),
            SelectChoice("stratified", "The same, balanced by category"),
            SelectChoice("first", "The first ones"),
        ],
        validate_choice=False,
    )
    sample_seed = TypedNumber("Seed of the part", description=TEXT_OF["sample_seed"])
    sample_ids = Lines("Samples by id", description=TEXT_OF["sample_ids"])
    timeout_s = TypedNumber("Timeout", description=TEXT_OF["timeout_s"])
    max_connections = TypedNumber("Parallel calls", description=TEXT_OF["max_connections"])
    max_retries = TypedNumber("Retries", description=TEXT_OF["max_retries"])
    stream = Switch(
        "Streaming",
        description=TEXT_OF["stream"],
        choices=[
            SelectChoice("", "Default of the connection"),
            SelectChoice("auto", "Only where the server does nothing else"),
            SelectChoice("true", "On"),
            SelectChoice("false", "Off"),
        ],
        validate_choice=False,
    )
    max_error_rate = TypedNumber("Error share allowed", description=TEXT_OF["max_error_rate"])
    name = StringField("Name", description=TEXT_OF["name"], render_kw={"maxlength": 120})
    tags = StringField("Tags")
    notes = TextAreaField("Notes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self._fields.items():
            if isinstance(field, TypedNumber | JsonText):
                field.render_kw = {"data-rule": rule_of(name)}

    def to_request(self) -> RunRequest | None:
        """Return the request, or ``None`` and set errors on the fields."""
        values: dict[str, Any] = {}
        for name, field in self._fields.items():
            if isinstance(field.data, str) and (text := field.data.strip()):
                try:
                    values[name] = _read(field, text)
                except ValueError:
                    self.complain(name, NO_OBJECT)
        values["tags"] = [tag for tag in values.get("tags", "").split(",") if tag.strip()]
        try:
            asked = RunRequest.model_validate(values)
            return None if self.errors else asked
        except ValidationError as error:
            for location, words in words_of(error).items():
                name, _, at = location.partition(".")
                for text in words:
                    self.complain(name, _of_entry(at, _asked_for(name, text)))
            return None

    def fill(self, config: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        """Fill in the settings of an earlier run.

        Args:
            config: All of its settings.
            defaults: What its protocol sends by itself.
        """
        for name, value in config.items():
            field: Field | None = self._fields.get(name)
            if field is None:
                continue
            if value not in (None, [], {}):
                field.data = _write(field, value)
            elif name in NOT_SENT and defaults.get(name) not in (None, ()):
                field.data = "none"
        if config["order"] == "random" or config["limit"] is None:
            self.order.data = ""  # the default, or the order of a whole benchmark
        if config["sample_seed"] == DEFAULT_SAMPLE_SEED:
            self.sample_seed.data = ""

    def problems(self) -> list[dict[str, str]]:
        """Return the first error of each field, for the summary above the form."""
        return [
            {
                "id": _ENTRANCE.get(name, name),
                "label": field.label.text,
                "text": str(field.errors[0]),
            }
            for name, field in self._fields.items()
            if field.errors
        ]

    def complain(self, name: str, message: str) -> None:
        """Show ``message`` beside the field ``name``."""
        field: Field | None = self._fields.get(name)
        if field is not None:
            field.errors = [*field.errors, message]


def _read(field: Field, text: str) -> Any:
    """Return what was typed into a field.

    Raises:
        ValueError: It is no JSON object.
    """
    if isinstance(field, UnsentNumber) and text.lower() == "none":
        return None
    if isinstance(field, TypedNumber):
        return typed_number(text)
    if isinstance(field, Switch):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(field, Lines):
        return [line.strip("\r").replace("\\n", "\n") for line in text.split("\n") if line.strip()]
    if isinstance(field, JsonText):
        try:
            value = json.loads(text)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(value, dict):
            raise ValueError("no object")
        return value
    return text


def _write(field: Field, value: Any) -> str:
    """Return a value as it is typed into a field."""
    if isinstance(field, Switch):
        return str(value).lower()
    if isinstance(field, Lines):
        return "\n".join(str(line).replace("\n", "\\n") for line in value)
    if isinstance(field, JsonText):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_entry(at: str, words: str) -> str:
    """Return a message that says which entry of a list it is about."""
    return f"Number {int(at) + 1}: {words}" if at.isdigit() else words


def _asked_for(name: str, words: str) -> str:
    """Return what to do about a field that the form cannot do without."""
    return _CHOOSE.get(name, words) if words == MISSING else words
