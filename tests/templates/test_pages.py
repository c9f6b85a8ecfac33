"""What the pages must say and must not, on the real site; their form is ``tests/lint``'s matter."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import html5lib
import pytest

from app.web.security import CONTENT_SECURITY_POLICY, DOCUMENTATION_POLICY, NO_SCRIPT_POLICY
from tests.seed.answers import HOSTILE
from tests.seed.pages import BY_NAME, PAGES, Page
from tests.seed.site import Site


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_answers_as_it_should_and_under_the_policy(seeded: Site, page: Page) -> None:
    answer = seeded.open(page)
    assert answer.status_code == page.status
    if page.ours:
        policy = CONTENT_SECURITY_POLICY
        if page.path == "/docs":
            policy = DOCUMENTATION_POLICY
        elif page.path.startswith("/s/") and page.status == 200 and not page.is_file:
            policy = NO_SCRIPT_POLICY
        assert answer.headers["Content-Security-Policy"] == policy
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "name",
    ["run_simulated", "samples_simulated", "sample_simulated", "dashboard", "compare_pick",
     "compare_simulated"],
)  # fmt: skip
def test_simulated_runs_are_marked(seeded: Site, name: str) -> None:
    assert "tag-simulated" in seeded.open(BY_NAME[name]).text


def test_runs_of_real_models_are_not_marked(seeded: Site) -> None:
    assert "tag-simulated" not in seeded.open(BY_NAME["run_done"]).text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dashboard_disk_low", "The disk of the Studio is nearly full"),
        ("dashboard_disk_full", "The disk of the Studio is full"),
        ("account_no_storage", "10.0 GB of 10.0 GB"),
        ("new_run_no_storage", "of the 10.0 GB that it may keep"),
        ("run_no_storage", "have reached its limit of 10.0 GB"),
        ("sample_long", "Show all"),
        ("run_queued", "Next in line"),
        ("run_queued_behind", "1 before you"),
    ],
)
def test_seed_has_the_states_that_come_rarely(seeded: Site, name: str, said: str) -> None:
    assert said in seeded.open(BY_NAME[name]).text


def test_field_keeps_its_help_beside_the_error(seeded: Site) -> None:
    root = html5lib.parse(seeded.open(BY_NAME["register_wrong"]).text, namespaceHTMLElements=False)
    assert isinstance(root, Element)
    field = next(node for node in root.iter("input") if node.get("id") == "password")
    assert field.get("aria-invalid") == "true"
    assert field.get("aria-describedby") == "password-help password-error"


def test_markup_in_an_answer_stays_text(seeded: Site) -> None:
    html = seeded.open(BY_NAME["sample_hostile"]).text
    assert "<script>alert" in HOSTILE
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_theme_of_the_cookie_is_on_the_root_element(seeded: Site) -> None:
    browser = seeded.browser()
    assert '<html lang="en">' in browser.get("/").text
    browser.set_cookie("theme", "dark")
    assert 'data-theme="dark"' in browser.get("/").text
    browser.set_cookie("theme", "%22%3E")
    assert '<html lang="en">' in browser.get("/").text
