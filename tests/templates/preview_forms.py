"""Forms with the fields that the templates expect, as the views build them."""

from __future__ import annotations

from wtforms import (
    BooleanField,
    DateField,
    FloatField,
    Form,
    IntegerField,
    PasswordField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)


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
    judge = StringField("Judge", description="Scores the answers.")
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
    scopes = SelectField(
        "May", choices=[SelectChoice("read", "Read"), SelectChoice("write", "Read and write")]
    )
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


class DeleteAccountForm(Form):
    password = PasswordField("Password")


class PasswordForm(Form):
    current_password = PasswordField("Current password")
    new_password = PasswordField("New password", description="At least 12 characters.")


def with_error(form: Form, field: str, message: str) -> Form:
    form.validate()
    form[field].errors = [message]
    return form
