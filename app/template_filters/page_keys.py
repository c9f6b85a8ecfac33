"""The keys that lead to pages from everywhere: bound and listed by the sheet, shown by links."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageKey:
    """One key, or two that are pressed one after the other.

    Attributes:
        keys: What is pressed: ``n``, ``g r``.
        endpoint: Of the page.
        label: What the sheet and the palette call it.
        of_admins: Whether only administrators have the page.
    """

    keys: str
    endpoint: str
    label: str
    of_admins: bool = False


PAGE_KEYS = (
    PageKey("n", "runs.new", "New run"),
    PageKey("c", "compare.show", "Compare"),
    PageKey("g r", "runs.index", "Runs"),
    PageKey("g b", "benchmarks.index", "Benchmarks"),
    PageKey("g e", "runs.estimates", "Estimates"),
    PageKey("g d", "docs.show", "API reference"),
    PageKey("g s", "settings.connections", "Settings: connections"),
    PageKey("g t", "settings.tokens", "Settings: API tokens"),
    PageKey("g w", "settings.webhooks", "Settings: webhooks"),
    PageKey("g l", "settings.shares", "Settings: shared links"),
    PageKey("g a", "settings.account", "Settings: account"),
    PageKey("g u", "settings.users", "Settings: users", of_admins=True),
)
