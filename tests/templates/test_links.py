"""Web addresses in messages are links, and nothing else is."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from app.template_filters.links import linked


def link(address: str) -> str:
    return (
        f'<a class="link" href="{address}" target="_blank" rel="noopener noreferrer nofollow">'
        f"{address}</a>"
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("See https://example.org/a?b=1&c=2.", f"See {link('https://example.org/a?b=1&amp;c=2')}."),
        ("(http://example.org/a_(b))", f"({link('http://example.org/a_(b)')})"),
        ('"https://example.org/"', f"&#34;{link('https://example.org/')}&#34;"),
        ("<https://example.org>", f"&lt;{link('https://example.org')}&gt;"),
        (Markup("Try https://example.org, now"), f"Try {link('https://example.org')}, now"),
        ("javascript:alert(1) ftp://example.org", "javascript:alert(1) ftp://example.org"),
        ("https://good.example@evil.example/", "https://good.example@evil.example/"),
        ("https:// https://[::1", "https:// https://[::1"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        (Markup('<a href="https://example.org">x</a>'), '<a href="https://example.org">x</a>'),
        ("", ""),
    ],
)
def test_only_web_addresses_become_links(text: str, html: str) -> None:
    assert linked(text) == html
