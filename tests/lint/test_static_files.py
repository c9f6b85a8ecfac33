"""Style sheets, scripts and templates keep to the rules of the house."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from flask.testing import FlaskClient

from app.engine.types import Outcome
from app.template_filters.words import (
    OUTCOME_TONES,
    OUTCOME_WORDS,
    SCRIPT_WORDS,
    STATUS_TONES,
    STATUS_WORDS,
)

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "app" / "static"
SHEETS = sorted(STATIC.rglob("*.css"))
SCRIPTS = sorted(STATIC.rglob("*.js"))
TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.html"))
HEX = re.compile(r"#[0-9a-fA-F]{3,8}\b(?=\s*[;,)])")
COLOUR_FUNCTION = re.compile(r"\b(?:rgb|rgba|hsl|hsla|oklch)\(")
UNSAFE = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc)"
)
INLINE = re.compile(r"\s(?:style|on[a-z]+)=\"|<style|<script(?![^>]*\ssrc=)")
VARIABLE = re.compile(r"var\((--[\w-]+)")
DEFINED = re.compile(r"^\s*(--[\w-]+):", re.MULTILINE)
IMPORTED = re.compile(r"(?:from|import\()\s*\"(\.[^\"]+)\"")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("sheet", SHEETS, ids=name_of)
def test_colours_stand_in_the_tokens_only(sheet: Path) -> None:
    if sheet.name != "tokens.css":
        css = sheet.read_text()
        assert HEX.findall(css) == []
        assert COLOUR_FUNCTION.findall(css) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=name_of)
def test_every_variable_is_a_token(sheet: Path) -> None:
    tokens = set(DEFINED.findall((STATIC / "css" / "tokens.css").read_text()))
    assert set(VARIABLE.findall(sheet.read_text())) <= tokens


@pytest.mark.parametrize("sheet", SHEETS, ids=name_of)
def test_sheet_is_readable_and_balanced(sheet: Path) -> None:
    css = sheet.read_text()
    assert css.count("{") == css.count("}")
    assert max(len(line) for line in css.splitlines()) <= 110


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_script_parses_no_html_and_runs_no_text(script: Path) -> None:
    assert UNSAFE.findall(script.read_text()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_imports_lead_to_files(script: Path) -> None:
    for target in IMPORTED.findall(script.read_text()):
        assert (script.parent / target).is_file(), target


@pytest.mark.parametrize(
    ("names", "most_bytes"),
    [(("studio.js", "js/docs.js"), 30_000), (("studio.css", "css/pages/docs.css"), 20_000)],
    ids=["scripts", "sheets"],
)
def test_all_that_a_browser_loads_is_small(
    client: FlaskClient, names: tuple[str, ...], most_bytes: int
) -> None:
    """As it is sent: of all pages together."""
    answers = [client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"}) for name in names]
    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert sum(len(answer.data) for answer in answers) <= most_bytes


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_template_names_only_what_is_measured(template: Path) -> None:
    names = re.findall(r"'static', filename='([^']+)'", template.read_text())
    allowed = {"icon.svg", "studio.js", "studio.css", "js/docs.js", "css/pages/docs.css"}
    assert set(names) <= allowed


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_template_has_no_inline_style_or_script(template: Path) -> None:
    assert INLINE.findall(template.read_text()) == []


def test_every_token_pair_has_enough_contrast_in_both_themes() -> None:
    contrast = load("contrast", ROOT / "scripts" / "contrast.py")
    measured = contrast.measure(contrast.TOKENS.read_text())
    assert len(measured) >= 92
    assert [item for item in measured if item[2] < item[0].least] == []


def test_contrast_agrees_with_the_definition() -> None:
    contrast = load("contrast", ROOT / "scripts" / "contrast.py")
    assert contrast.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def load(name: str, path: Path) -> ModuleType:
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_words_and_colours_of_outcomes_are_those_of_the_engine() -> None:
    """Python has them once; the page brings them to JavaScript."""
    names = {str(outcome) for outcome in Outcome}
    assert set(OUTCOME_WORDS) == set(OUTCOME_TONES) == names
    assert set(SCRIPT_WORDS["outcome"]) == names
    assert set(STATUS_WORDS) == set(STATUS_TONES) == set(SCRIPT_WORDS["status"])
    tokens = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
    assert set(re.findall(r"--o-([a-z]+):", tokens)) == names
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"Unparsable|Truncated|[\"']Wrong[\"']", text), script.name
