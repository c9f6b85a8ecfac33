from __future__ import annotations

import pytest

from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError


@pytest.fixture(scope="module", params=[True, False], ids=["as the machine allows", "no disk"])
def any_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """With what this machine allows, and as where user namespaces are forbidden."""
    sandbox = Sandbox(may_mount=request.param)
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return sandbox


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return sandbox
