"""The icon of a run's tab is an image by itself, in every tone."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from app.charts.tab_icon import TONES, tab_icon
from app.template_filters.words import STATUS_TONES


@pytest.mark.parametrize("tone", TONES)
def test_the_icon_is_an_image_without_style(tone: str) -> None:
    root = ElementTree.fromstring(tab_icon(tone, 40))  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [node for node in root.iter() if "style" in node.attrib]
    assert ("40 100" in tab_icon(tone, 40)) == (tone in ("run", "idle"))


def test_every_status_has_one() -> None:
    assert set(STATUS_TONES.values()) == set(TONES)
