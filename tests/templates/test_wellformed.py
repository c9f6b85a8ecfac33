"""Every page is well-formed, labelled HTML without inline code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from xml.etree.ElementTree import Element

import html5lib
import pytest
from flask.testing import FlaskClient

from tests.templates.preview import build_preview
from tests.templates.preview_pages import pages

PAGES = sorted(pages())
CONTROLS = {"input", "select", "textarea"}
UNLABELLED_TYPES = {"hidden", "submit"}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = build_preview()
    app.testing = True
    return app.test_client()


@pytest.fixture(params=PAGES, scope="module")
def html(client: FlaskClient, request: pytest.FixtureRequest) -> str:
    response = client.get(f"/preview/{request.param}")
    assert response.status_code == 200
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
    text = re.sub(r"<[^>]+>", " ", html)
    assert not re.search(r"\b(None|Undefined|nan)\b", text.replace("None of", ""))


@pytest.mark.parametrize("name", ["run_simulated", "samples", "dashboard", "compare_pick"])
def test_simulated_runs_are_marked(client: FlaskClient, name: str) -> None:
    assert "tag-simulated" in client.get(f"/preview/{name}").text


def test_field_keeps_its_help_beside_the_error(client: FlaskClient) -> None:
    root = tree_of(client.get("/preview/components").text)
    field = next(node for node in root.iter("input") if node.get("id") == "password")
    assert field.get("aria-invalid") == "true"
    assert field.get("aria-describedby") == "password-help password-error"


def test_markup_in_an_answer_stays_text(client: FlaskClient) -> None:
    html = client.get("/preview/sample").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_theme_of_the_cookie_is_on_the_root_element(client: FlaskClient) -> None:
    assert '<html lang="en">' in client.get("/preview/dashboard").text
    assert 'data-theme="dark"' in client.get("/preview/dashboard?theme=dark").text
    assert "data-theme" not in client.get("/preview/dashboard?theme=%22%3E").text.split(">")[1]
