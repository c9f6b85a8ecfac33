"""Request models for turning an upload into a benchmark."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from app.engine.own.mapping import Columns
from app.engine.own.profiles import PROFILES, current_scorer, following
from app.errors import Invalid
from app.services.field_types import Storable
from app.services.field_words import EMPTY, MISSING, words_of

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), Storable]
Text = Annotated[str, StringConstraints(max_length=20_000), Storable]
Model = TypeVar("Model", bound=BaseModel)
ColumnName = Annotated[str, StringConstraints(max_length=1_000), Storable]


class OwnColumns(BaseModel):
    """The meaning of the columns, the prompt template and the scorer."""

    model_config = ConfigDict(extra="ignore")

    question: ColumnName = Field(min_length=1, description="Column of the question.")
    target: ColumnName = Field(
        min_length=1, description="Column of the right answer; in JSON a list accepts several."
    )
    choices: list[ColumnName] = Field(
        default_factory=list,
        max_length=26,
        description="Column of a list of options, or (repeated) one column for each option.",
    )
    category: ColumnName = Field("", description="Column for the breakdown; empty: none.")
    id: ColumnName = Field("", description="Column of a unique name; empty: rows are numbered.")
    scorer: Annotated[Line, AfterValidator(current_scorer)] = Field(
        description=f"One of: {', '.join(PROFILES)}."
    )
    prompt_template: Text = Field(
        "", description="With {question} and {choices}; empty: the one that fits the scorer."
    )

    @property
    def columns(self) -> Columns:
        """The mapping."""
        return Columns(
            question=self.question,
            target=self.target,
            choices=tuple(name for name in self.choices if name),
            category=self.category or None,
            id=self.id or None,
        )

    @property
    def template(self) -> str:
        """The template in use, with plain line breaks (forms send CRLF)."""
        profile = PROFILES.get(self.scorer)
        given = self.prompt_template.replace("\r\n", "\n")
        return given if given.strip() else (profile.template if profile else "")


class OwnRequest(OwnColumns):
    """A benchmark to save."""

    name: Line = Field(
        min_length=1,
        description="Its name without own/. One that you have already gets a new version.",
    )
    title: Line = Field("", description="Shown on pages; if empty, the name is.")
    description: Text = Field("", description="For readers.")


def with_fitting_prompt(values: dict[str, Any]) -> dict[str, Any]:
    """Return a form's values, where a prompt that nobody touched follows the scorer."""
    scorer = current_scorer(str(values.get("scorer", "")))
    template = str(values.get("prompt_template", "")).replace("\r\n", "\n")
    return {**values, "scorer": scorer, "prompt_template": following(template, scorer)}


def read_columns(values: dict[str, Any]) -> OwnColumns:
    """Return the column mapping of a form.

    Raises:
        Invalid: A field does not fit.
    """
    return _read(OwnColumns, values)


def read_request(values: dict[str, Any]) -> OwnRequest:
    """Return the benchmark request of a form.

    Raises:
        Invalid: A field does not fit.
    """
    return _read(OwnRequest, values)


def _read(model: type[Model], values: dict[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields: dict[str, list[str]] = {}
        for name, words in words_of(error).items():
            of_field = fields.setdefault(name.partition(".")[0], [])
            of_field.extend(MISSING if text == EMPTY else text for text in words)
        names = ", ".join(sorted(fields))
        raise Invalid(f"These fields are not valid: {names}.", fields=fields) from None


def profile_options() -> list[dict[str, Any]]:
    """Return the available scorers, for pages."""
    return [
        {
            "value": profile.scorer,
            "label": profile.title,
            "help": profile.help,
            "template": profile.template,
            "needs_choices": profile.needs_choices,
        }
        for profile in PROFILES.values()
    ]
