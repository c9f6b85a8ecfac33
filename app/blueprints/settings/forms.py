"""Forms of the settings pages; the services validate the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from wtforms import (
    BooleanField,
    DateField,
    FloatField,
    IntegerField,
    PasswordField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, Optional

from app.services.accounts.passwords import MIN_LENGTH
from app.services.connections.presets import AUTHS, KIND_LABELS, SIMULATED
from app.services.webhooks.endpoints import DEFAULTS
from app.web.page_form import PageForm


class SettingsForm(PageForm):
    """Base of all settings forms."""

    def show_errors(self, fields: Mapping[str, Sequence[str]]) -> list[str]:
        """Show messages beside their fields; return those of fields that the form lacks."""
        homeless: list[str] = []
        for name, messages in fields.items():
            if name in self._fields:
                self._fields[name].errors = list(messages)
            else:
                homeless.extend(messages)
        return homeless


class ConnectionForm(SettingsForm):
    """A provider endpoint."""

    name = StringField(
        "Name",
        [InputRequired("Enter a name."), Length(max=63)],
        description="The prefix of its models, as in openai/gpt-4o-mini.",
    )
    kind = SelectField(
        "Kind",
        choices=[
            SelectChoice(kind, label) for kind, label in KIND_LABELS.items() if kind != SIMULATED
        ],
        default="openai_compatible",
    )
    base_url = StringField(
        "Address",
        [Optional(), Length(max=500)],
        description="As in https://host/v1; a missing path is found. Leave empty for a well-known "
        "name.",
    )
    api_key = StringField(
        "API key",
        [Optional(), Length(max=2000)],
        description="Encrypted before it is stored, never shown again. Local servers need none.",
    )
    auth = SelectField(
        "How the key is sent",
        choices=[
            SelectChoice("", "As the kind wants it"),
            *(SelectChoice(auth, words) for auth, words in AUTHS.items()),
        ],
        default="",
        filters=[lambda value: value or ""],
    )
    stream = SelectField(
        "Streaming",
        choices=[
            SelectChoice("auto", "Automatic: only where the server does nothing else"),
            SelectChoice("true", "On: measures the speed of answers"),
            SelectChoice("false", "Off"),
        ],
        default="auto",
        filters=[lambda value: str(value).lower()],
    )
    max_retries = IntegerField("Retries per call", [InputRequired("Enter a number.")], default=5)
    max_connections = IntegerField("Parallel calls", [InputRequired("Enter a number.")], default=16)
    requests_per_minute = IntegerField("Calls per minute", [Optional()])
    timeout_s = FloatField("Timeout", [InputRequired("Enter a number.")], default=120)


class TokenForm(SettingsForm):
    """An API token."""

    name = StringField(
        "Name",
        [InputRequired("Say what the token is for."), Length(max=80)],
        description="What it is for, such as nightly CI.",
    )
    scopes = SelectField(
        "Access",
        choices=[
            SelectChoice("write", "Read and write: start runs, change settings"),
            SelectChoice("read", "Read only"),
        ],
        default="write",
    )
    expires_at = DateField("Expires", [Optional()])


class ShareForm(SettingsForm):
    """A link that shows runs without an account."""

    run_ids = StringField("Runs", [InputRequired("Choose what to share."), Length(max=400)])
    hide_texts = BooleanField(
        "Leave out prompts and answers",
        description="Scores, charts and outcomes only: no questions, targets or ids of samples.",
    )
    expires_at = DateField("Expires", [Optional()])


class DeleteAccountForm(SettingsForm):
    """The password again, since deletion cannot be undone."""

    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=1000)])


class RemoveAccountForm(SettingsForm):
    """The address of an account that is to be deleted."""

    email = StringField("Type its email address to confirm", [InputRequired(), Length(max=320)])


class PasswordForm(SettingsForm):
    """A new password."""

    current_password = PasswordField(
        "Current password", [InputRequired("Enter your current password."), Length(max=1000)]
    )
    new_password = PasswordField(
        "New password",
        [InputRequired("Choose a new password."), Length(max=1000)],
        description=f"At least {MIN_LENGTH} characters.",
    )


class WebhookForm(SettingsForm):
    """A webhook endpoint."""

    url = StringField(
        "Address",
        [InputRequired("Enter an address."), Length(max=2000)],
        description="A public address; an administrator's may also be on this machine or in its"
        " private network. Slack and Discord get a chat message.",
    )
    description = StringField(
        "Description", [Optional(), Length(max=200)], default=DEFAULTS["description"]
    )
    events = SelectMultipleField(
        "Events",
        choices=[
            SelectChoice("run.completed", "A run completed"),
            SelectChoice("run.failed", "A run failed"),
            SelectChoice("run.canceled", "A run was canceled"),
            SelectChoice("run.paused", "A run paused and needs you"),
        ],
        default=list(DEFAULTS["events"]),
    )
    enabled = BooleanField("Enabled", default=DEFAULTS["enabled"])
    long_schedule = BooleanField(
        "Keep trying for a day and a half",
        default=DEFAULTS["long_schedule"],
        description="Otherwise a delivery is given up after three retries, about eleven minutes.",
    )


def end_of_day(day: date | None) -> datetime | None:
    """Return the last second of a day that a form names, in UTC; ``None`` without a day."""
    return datetime.combine(day, time(23, 59, 59), UTC) if day else None
