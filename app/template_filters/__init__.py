"""Template filters: formats of numbers, money and times, icons, safe Markdown.

Every filter takes ``None`` for "not known yet" and says so in a word or a dash, so that the
templates need no conditions of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lucide.jinja import lucide

from app.formats import exact_usd
from app.template_filters.answers import markdown, marked_markdown
from app.template_filters.links import linked
from app.template_filters.names import name_parts
from app.template_filters.numbers import (
    byte_size,
    compact,
    duration,
    interval,
    milliseconds,
    number,
    percent,
    points,
    spent,
    token_rate,
    token_split,
    tokens_in_all,
    usd,
    usd_range,
)
from app.template_filters.page_keys import PAGE_KEYS
from app.template_filters.run_columns import USUAL
from app.template_filters.tab import tab_icon, tab_title
from app.template_filters.times import ago, clock, moment
from app.template_filters.words import (
    OUTCOME_WORDS,
    SCRIPT_WORDS,
    STATUS_WORDS,
    initials,
    outcome_tone,
    outcome_word,
    queue_words,
    segments,
    short_id,
    status_tone,
    status_word,
)

if TYPE_CHECKING:
    from flask import Flask

FILTERS: dict[str, Any] = {
    "percent": percent,
    "interval": interval,
    "points": points,
    "usd": usd,
    "exact_usd": exact_usd,
    "usd_range": usd_range,
    "spent": spent,
    "tokens_in_all": tokens_in_all,
    "token_rate": token_rate,
    "token_split": token_split,
    "duration": duration,
    "milliseconds": milliseconds,
    "ago": ago,
    "moment": moment,
    "clock": clock,
    "bytes": byte_size,
    "number": number,
    "compact": compact,
    "short_id": short_id,
    "initials": initials,
    "status_word": status_word,
    "status_tone": status_tone,
    "outcome_word": outcome_word,
    "outcome_tone": outcome_tone,
    "queue_words": queue_words,
    "tab_title": tab_title,
    "tab_icon": tab_icon,
    "segments": segments,
    "linked": linked,
    "name_parts": name_parts,
    "markdown": markdown,
    "marked_markdown": marked_markdown,
}


def register_template_filters(app: Flask) -> None:
    """Give the templates of ``app`` the filters and the icon function ``lucide``."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["lucide"] = lucide
    app.jinja_env.globals["outcome_words"] = OUTCOME_WORDS
    app.jinja_env.globals["status_words"] = STATUS_WORDS
    app.jinja_env.globals["script_words"] = SCRIPT_WORDS
    app.jinja_env.globals["usual_run_columns"] = USUAL
    app.jinja_env.globals["page_keys"] = PAGE_KEYS
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
