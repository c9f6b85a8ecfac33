"""Every page there is, in every state: well-formed, labelled HTML without inline code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from xml.etree.ElementTree import Element

import html5lib
import pytest
from werkzeug.exceptions import HTTPException

from tests.seed.pages import BY_NAME, PAGES, SHOWN
from tests.seed.site import Site

OURS = [page.name for page in SHOWN if page.ours]
CONTROLS = {"input", "select", "textarea"}
UNLABELLED_TYPES = {"hidden", "submit"}
NOT_PAGES = re.compile(
    r"static|/api/|/fonts/|/docs/|/admin/rq/|/health|/ready|/metrics|/events|/export|/rescorings|[.]svg"
    r"|/report[.]|/file$|/deliveries$|/palette$"
)


@pytest.fixture(params=OURS, scope="module")
def html(seeded: Site, request: pytest.FixtureRequest) -> str:
    page = BY_NAME[request.param]
    response = seeded.open(page)
    assert response.status_code == page.status, response.text
    return response.text


@lru_cache(maxsize=4)
def tree_of(html: str) -> Element:
    root = html5lib.parse(html, namespaceHTMLElements=False)
    assert isinstance(root, Element)
    return root


def test_page_parses_without_a_single_error(html: str) -> None:
    html5lib.HTMLParser(strict=True).parse(html)


def test_page_has_one_main_one_heading_and_unique_ids(html: str) -> None:
    root = tree_of(html)
    ids = Counter(node.get("id") for node in root.iter() if node.get("id"))
    assert [name for name, count in ids.items() if count > 1] == []
    assert len(list(root.iter("main"))) == 1
    assert len(list(root.iter("h1"))) == 1


def test_main_is_not_inside_the_sidebar(html: str) -> None:
    for aside in tree_of(html).iter("aside"):
        assert list(aside.iter("main")) == []


def test_references_between_elements_lead_somewhere(html: str) -> None:
    root = tree_of(html)
    ids = {node.get("id") for node in root.iter()}
    for node in root.iter():
        for attribute in ("for", "aria-describedby", "aria-labelledby", "popovertarget", "form"):
            names = (node.get(attribute) or "").split()
            assert set(names) <= ids, f"{node.tag} {attribute}={names}"
        opens = node.get("data-dialog-open")
        assert opens is None or opens in ids


def test_every_control_has_a_name_for_screen_readers(html: str) -> None:
    root = tree_of(html)
    labelled = {label.get("for") for label in root.iter("label")}
    wrapped = {id(node) for label in root.iter("label") for node in label.iter()}
    for node in _controls(root):
        named = node.get("aria-label") or node.get("id") in labelled or id(node) in wrapped
        assert named or node.get("aria-hidden") == "true", node.attrib
    for button in root.iter("button"):
        assert button.get("aria-label") or "".join(button.itertext()).strip(), button.attrib


def _controls(root: Element) -> Iterator[Element]:
    for node in root.iter():
        if node.tag in CONTROLS and node.get("type") not in UNLABELLED_TYPES:
            yield node


def test_page_has_no_inline_code_that_the_policy_would_block(html: str) -> None:
    for node in tree_of(html).iter():
        assert isinstance(node.tag, str) is False or node.tag != "style"
        assert "style" not in node.attrib
        assert [name for name in node.attrib if str(name).startswith("on")] == []
        if node.tag == "script":
            assert node.get("src")
            assert not (node.text or "").strip()


def test_every_form_that_posts_carries_the_csrf_token(html: str) -> None:
    for form in tree_of(html).iter("form"):
        if (form.get("method") or "get").lower() == "post":
            names = {node.get("name") for node in form.iter("input")}
            assert "csrf_token" in names


def test_nothing_unset_leaks_into_the_page(html: str) -> None:
    meant = html.replace('<span class="muted">None</span>', "").replace("None of", "")
    text = re.sub(r"<[^>]+>", " ", meant)
    assert not re.search(r"\b(None|Undefined|nan)\b", text)


def test_every_address_of_a_page_and_every_answer_of_a_form_is_looked_at(seeded: Site) -> None:
    """A new page must be added to ``tests/seed/pages.py``."""
    seen = {
        _endpoint_of(seeded, page.path, "GET" if page.form is None else "POST") for page in PAGES
    }
    rules = [
        rule
        for rule in seeded.app.url_map.iter_rules()
        if not NOT_PAGES.search(rule.rule) and "GET" in (rule.methods or ())
    ]
    missing = {rule.endpoint for rule in rules} - seen - {"settings.index", "docs.show_slash"}
    assert missing == set()
    assert len(rules) > 20


def _endpoint_of(seeded: Site, path: str, method: str) -> str | None:
    adapter = seeded.app.url_map.bind("localhost")
    try:
        endpoint, _values = adapter.match(seeded.path(path).partition("?")[0], method)
    except HTTPException:
        return None
    return str(endpoint)


def test_every_template_is_rendered_by_one_of_the_pages(seeded: Site) -> None:
    for page in PAGES:
        assert seeded.open(page).status_code == page.status, page.name
    environment = seeded.app.jinja_env
    assert environment.cache is not None
    loaded = {name for _loader, name in environment.cache}
    ours = {name for name in environment.list_templates() if not name.startswith("rq_dashboard/")}
    assert ours - loaded == set()
