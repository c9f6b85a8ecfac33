"""Domain errors: what went wrong and what to do next, in words for people.

``app.web.error_pages`` turns them into an HTML page or an RFC 9457 problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MAX_FIELDS = 20
"""So many fields are listed, and so many messages of each: no answer outgrows its question."""
_NAME_CHARS = 100
_MESSAGE_CHARS = 500
_DETAIL_CHARS = 2000


def shorten(text: str, most: int) -> str:
    """Return ``text``, cut where it is longer than ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


class StudioError(Exception):
    """A request cannot be fulfilled.

    Attributes:
        status: HTTP status.
        code: Stable, snake_case; clients decide on it.
        detail: One or two sentences for the user.
        action: What to do next; ``None`` where there is nothing.
        fields: Field name to messages, for input that does not fit; shortened, as is ``detail``:
            both may repeat what was sent.
        retry_after_s: For limits: how long to wait.
        extras: Further members of the problem that the API answers.
    """

    status = 500
    code = "internal_error"
    title = "Something went wrong"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        action: str | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
        retry_after_s: float | None = None,
        extras: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.extras = dict(extras or {})
        self.detail = shorten(detail, _DETAIL_CHARS)
        self.code = code or self.code
        self.action = action
        self.fields = {
            shorten(name, _NAME_CHARS): [
                shorten(message, _MESSAGE_CHARS) for message in list(messages)[:MAX_FIELDS]
            ]
            for name, messages in list((fields or {}).items())[:MAX_FIELDS]
        }
        self.retry_after_s = retry_after_s


class NotFound(StudioError):
    """There is no such object, or it belongs to another account."""

    status, code, title = 404, "not_found", "Not found"


class Invalid(StudioError):
    """Some fields are not valid; ``fields`` holds their messages."""

    status, code, title = 422, "invalid", "Some fields need attention"


class Conflict(StudioError):
    """The object is in a state that forbids the action."""

    status, code, title = 409, "conflict", "Not possible right now"


class Unauthorized(StudioError):
    """The credential is missing, invalid or expired."""

    status, code, title = 401, "unauthorized", "Sign in first"


class Forbidden(StudioError):
    """The credential is valid but does not permit this."""

    status, code, title = 403, "forbidden", "Not allowed"


class Limited(StudioError):
    """Too many requests of this kind; ``retry_after_s`` says when the next may come."""

    status, code, title = 429, "rate_limited", "Too many requests"


class Unavailable(StudioError):
    """The queue or the database does not answer; nothing was changed."""

    status, code, title = 503, "unavailable", "Temporarily unavailable"


class QueueAway(Unavailable):
    """The queue server does not answer.

    Args:
        outcome: What came of the request for that: ``no run was started``.
        retry_after_s: How long to wait, where that is known.
    """

    code = "queue_unavailable"

    def __init__(self, outcome: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(
            f"The queue server does not answer, so {outcome}.",
            action="Try again in a moment. If it lasts, an admin can see at /health what is wrong.",
            retry_after_s=retry_after_s,
        )


class ConfigError(Exception):
    """The configuration is not valid; the text names the variable and the remedy."""


class DiskFull(ConfigError):
    """The start needs disk space; it works once there is some."""
