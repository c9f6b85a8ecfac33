"""The form of a new run. Bounds are those of the API: both are checked by ``RunRequest``."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from pydantic import ValidationError
from wtforms import Field, SelectChoice, SelectField, StringField, TextAreaField

from app.services.field_types import typed_number
from app.services.runs.run_request import RunRequest

TEXT_OF = {
    "benchmark_version": "An earlier one of your own benchmark; empty: the latest.",
    "limit": "How many samples, from the first on.",
    "epochs": "How often each sample is asked.",
    "judge": "A second model, which scores the answers of this benchmark.",
    "budget_usd": "The run pauses before it spends more.",
    "max_tokens": "Longest answer.",
    "timeout_s": "Longest wait for one answer.",
    "max_connections": "How many at the same time.",
    "max_retries": "How often to retry after a temporary error.",
    "max_error_rate": "A larger share of errors ends the run as failed (0 to 1).",
}


class TypedNumber(StringField):
    """A number, kept as it was typed, so that a wrong one is shown again."""


class RunForm(FlaskForm):
    """All options of a run; empty fields mean the defaults."""

    class Meta:
        csrf = False  # CSRFProtect checks every POST before a view sees it

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
    temperature = TypedNumber("Temperature")
    top_p = TypedNumber("Top-p")
    max_tokens = TypedNumber("Max tokens", description=TEXT_OF["max_tokens"])
    seed = TypedNumber("Seed")
    timeout_s = TypedNumber("Timeout", description=TEXT_OF["timeout_s"])
    max_connections = TypedNumber("Parallel calls", description=TEXT_OF["max_connections"])
    max_retries = TypedNumber("Retries", description=TEXT_OF["max_retries"])
    max_error_rate = TypedNumber("Error share allowed", description=TEXT_OF["max_error_rate"])
    tags = StringField("Tags")
    notes = TextAreaField("Notes")

    def to_request(self) -> RunRequest | None:
        """Return the request, or ``None`` and set errors on the fields."""
        values: dict[str, Any] = {
            name: typed_number(text) if isinstance(field, TypedNumber) else text
            for name, field in self._fields.items()
            if isinstance(field.data, str) and (text := field.data.strip())
        }
        values["tags"] = [tag for tag in values.get("tags", "").split(",") if tag.strip()]
        try:
            return RunRequest.model_validate(values)
        except ValidationError as error:
            for item in error.errors():
                self.complain(str(item["loc"][0]), _in_words(str(item["type"]), str(item["msg"])))
            return None

    def complain(self, name: str, message: str) -> None:
        """Show ``message`` beside the field ``name``."""
        field: Field | None = self._fields.get(name)
        if field is not None:
            field.errors = [*field.errors, message]


def _in_words(kind: str, message: str) -> str:
    if kind == "missing":
        return "Please choose one."
    text = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return f"It {text}." if text.startswith("must") else f"{text}."
