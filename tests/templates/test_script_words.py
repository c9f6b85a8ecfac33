"""The page brings the words of statuses and outcomes to its scripts."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import html5lib
import pytest

from app.template_filters.words import SCRIPT_WORDS
from tests.app_fixtures import Browser

WORDS_JS = Path(__file__).parents[2] / "app" / "static" / "js" / "lib" / "words.js"


def test_scripts_have_the_words_of_the_page(signed_in: Browser) -> None:
    root = html5lib.parse(signed_in.get("/").text, namespaceHTMLElements=False)
    text = root.find("body").get("data-words")
    assert json.loads(text) == SCRIPT_WORDS
    node = shutil.which("node")
    if node is None:
        pytest.skip("No Node.js to run the scripts of pages with")
    script = f"""
        globalThis.document = {{ body: {{ dataset: {{ words: {json.dumps(text)} }} }} }};
        const words = await import({json.dumps(WORDS_JS.as_uri())});
        console.log(JSON.stringify({{ status: words.STATUS, outcome: words.OUTCOME }}));
    """
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SCRIPT_WORDS
