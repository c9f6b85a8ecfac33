"""The keys that pages name: on the sheet, beside links, and in docs/keyboard.md."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest

from tests.seed.pages import BY_NAME
from tests.seed.site import Site

DOCUMENT = Path(__file__).parents[2] / "docs" / "keyboard.md"
TABLE = re.compile(r"(?<=^\|---\|---\|\n).*?\n\n", re.DOTALL | re.MULTILINE)


def tree_of(site: Site, name: str) -> Element:
    root = html5lib.parse(site.open(BY_NAME[name]).text, namespaceHTMLElements=False)
    assert isinstance(root, Element)
    return root


def sheet(root: Element) -> dict[str, str]:
    """Return what the keys of the sheet lead to, by their words."""
    (dialog,) = (node for node in root.iter("dialog") if node.get("id") == "keys")
    links = [node for node in dialog.iter("a") if node.get("data-key")]
    found = {str(link.get("data-key")): "".join(link.itertext()).strip() for link in links}
    assert len(found) == len(links)
    return found


def test_the_document_lists_the_keys_of_the_sheet(seeded: Site) -> None:
    told = sheet(tree_of(seeded, "dashboard"))
    rows = [
        f"| {' '.join(f'`{key}`' for key in keys.split())} | {label} |"
        for keys, label in told.items()
    ]
    written = TABLE.search(DOCUMENT.read_text())
    assert written is not None
    assert written.group().strip().splitlines() == rows


def test_no_key_is_the_beginning_of_two(seeded: Site) -> None:
    told = sheet(tree_of(seeded, "dashboard"))
    assert {keys.split()[0] for keys in told if " " in keys} & set(told) == set()


def test_users_are_a_page_of_administrators(seeded: Site) -> None:
    assert "g u" in sheet(tree_of(seeded, "dashboard"))
    assert "g u" not in sheet(tree_of(seeded, "dashboard_empty"))


@pytest.mark.parametrize(
    "name", ["dashboard", "samples", "sample_simulated", "compare_pick", "new_run"]
)
def test_keys_of_a_page_do_not_take_those_that_lead_elsewhere(seeded: Site, name: str) -> None:
    """But for `c`, which compares what is ticked where something can be."""
    root = tree_of(seeded, name)
    everywhere = sheet(root)
    (main,) = root.iter("main")
    here = [str(node.get("data-key")) for node in main.iter() if node.get("data-key")]
    assert set(here) & (set(everywhere) | {"?", "/", "g"}) <= {"c"}
    assert len(set(here)) == len(here)


def test_keys_that_were_switched_off_are_so_from_the_first_paint(seeded: Site) -> None:
    browser = seeded.browser()
    assert "data-keys" not in browser.get("/").text.partition("<head>")[0]
    browser.set_cookie("keys", "off")
    html = browser.get("/").text
    assert 'data-keys="off"' in html.partition("<head>")[0]
    assert re.search(r"data-keys-switch>", html), "its box is not ticked"
