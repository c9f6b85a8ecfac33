"""The base of the forms of pages."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm

from app.services.field_words import in_words

_LONG = "This must have at most %(max)d characters."
_UNLISTED = "Choose one of those listed."
_WORDS = {
    "Not a valid integer value.": in_words("int_type"),
    "Not a valid decimal value.": in_words("float_type"),
    "Not a valid float value.": in_words("float_type"),
    "Not a valid date value.": in_words("date_type"),
    "Field cannot be longer than %(max)d character.": _LONG,
    "Field cannot be longer than %(max)d characters.": _LONG,
    "Not a valid choice.": _UNLISTED,
    "Invalid Choice: could not coerce.": _UNLISTED,
    "'%(value)s' is not a valid choice for this field.": _UNLISTED,
    "'%(value)s' are not valid choices for this field.": _UNLISTED,
}


class _Words:
    """Says what WTForms finds wrong in the words of the API, which a page may show, too."""

    def gettext(self, text: str) -> str:
        return _WORDS.get(text, text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


class PageForm(FlaskForm):  # type: ignore[misc]
    """A form of a page."""

    class Meta:
        csrf = False  # CSRFProtect checks every POST before a view sees it

        def get_translations(self, form: Any) -> _Words:
            """Return the texts of WTForms in words."""
            return _Words()
