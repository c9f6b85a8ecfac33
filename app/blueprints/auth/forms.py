"""Forms for signing in and registering; the services validate the values."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.services.accounts.passwords import MIN_LENGTH


class _CredentialsForm(FlaskForm):
    class Meta:
        csrf = False  # CSRFProtect checks every POST before a view sees it

    email = StringField("Email", [InputRequired("Enter your email address."), Length(max=320)])
    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=1000)])


class LoginForm(_CredentialsForm):
    """Email and password."""

    remember = BooleanField("Keep me signed in on this device")


class RegisterForm(_CredentialsForm):
    """Email and a new password."""

    password = PasswordField(
        "Password",
        [InputRequired("Choose a password."), Length(max=1000)],
        description=f"At least {MIN_LENGTH} characters; a few random words make a good one.",
    )
