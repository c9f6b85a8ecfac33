"""What the documents promise holds."""

from __future__ import annotations

import importlib
import re
import time
from pathlib import Path

import pytest

from app.net.signing import new_secret, signed_headers

ROOT = Path(__file__).parent.parent


def test_the_documented_snippet_verifies_our_signature_and_nothing_else():
    snippets = re.findall(r"```python\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
    code = next(snippet for snippet in snippets if "def verify" in snippet)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - our own document
    verify = names["verify"]
    assert callable(verify)
    secret, body = new_secret(), b'{"type":"run.completed"}'
    headers = signed_headers([secret], "msg_1", int(time.time()), body)
    verify(secret, headers, body)
    with pytest.raises(ValueError, match="not signed"):
        verify(secret, headers, body + b" ")
    with pytest.raises(ValueError, match="too old"):
        verify(secret, headers | {"webhook-timestamp": "1"}, body)


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/api.md", "docs/deployment.md"])
def test_links_between_documents_lead_somewhere(name):
    document = ROOT / name
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{name} links to {target}"


ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
NAMED = sorted(set(re.findall(r"\bapp(?:\.\w+)+(?::[\w.]+)?", ARCHITECTURE)))


def test_the_architecture_names_modules_and_things():
    assert len(NAMED) > 50
    assert all(f":{word}" in " ".join(NAMED) for word in ("claim_run", "run_benchmark", "send"))


@pytest.mark.parametrize("name", NAMED)
def test_what_the_architecture_names_exists(name):
    module, _, thing = name.partition(":")
    found = importlib.import_module(module)
    for part in filter(None, thing.split(".")):
        found = getattr(found, part)
