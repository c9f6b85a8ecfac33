"""Starts the Studio as ``scripts/start`` does, but looks for local model servers at one free port.

What listens at the usual ports of this machine is not the tests' business. All of the Studio's
programs are forked from this process, so they have its ports.
"""

from __future__ import annotations

import sys

from app.services.connections import local_servers
from app.supervisor.__main__ import main

if __name__ == "__main__":
    local_servers.PORTS = {int(sys.argv.pop()): "Ollama"}
    sys.exit(main())
