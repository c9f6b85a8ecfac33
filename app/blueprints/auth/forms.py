"""Forms for signing in and registering; the services validate the values."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.services.accounts.passwords import MIN_LENGTH
from app.web.page_form import PageForm


class _CredentialsForm(PageForm):
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
    first = HiddenField()  # "1" where the page said that the account will be the administrator


class ResetLinkForm(PageForm):
    """A reset link, or the secret in it."""

    link = StringField(
        "Reset link",
        [InputRequired("Paste the link that you were given."), Length(max=500)],
        description="As an administrator gave it to you.",
    )


class NewPasswordForm(PageForm):
    """A new password."""

    password = PasswordField(
        "New password",
        [InputRequired("Choose a new password."), Length(max=1000)],
        description=f"At least {MIN_LENGTH} characters; a few random words make a good one.",
    )
