"""A local HTTP server with the layout of the Hugging Face hub, and its bad days.

In a test::

    with HubServer() as hub:
        hub.add("org/name", {"README.md": b"...", "data/test.jsonl": b"..."})
        hub.damage("data/test.jsonl", times=1)   # the first copy of it arrives changed
        hub.fail(502, match="/tree/", times=2)   # the next two lists of files
        hub.mode = "silent"                      # every call is accepted and not answered
        ...                                      # hub.address for HF_ENDPOINT
        assert len(hub.requests) == 3

Files of at least ``large_bytes`` are kept in a storage of their own, as at the hub: the hub answers
with a redirect to ``storage_address``, which is this server unless a test says otherwise. Modes:
``ok``, ``silent``, ``portal`` (a web page for every request, as in the network of a hotel),
``drip`` (a byte now and then).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

Mode = Literal["ok", "silent", "portal", "drip"]
PORTAL = b"<!DOCTYPE html><html><title>Welcome to the hotel</title><form>Room number</form></html>"
ENTRIES_PER_PAGE = 20
PART_BYTES = 16_384


@dataclass(slots=True)
class _Fault:
    """What goes wrong with requests whose path has a text."""

    match: str
    times: int
    status: int = 0
    changes: bool = False
    breaks_off: bool = False


@dataclass(slots=True)
class _Repo:
    files: Mapping[str, bytes]
    names_digests: bool = True
    gated: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Take no notice of those who leave early."""


class HubServer:
    """The server, on a thread of this process.

    Attributes:
        mode: What every request gets; see the module.
        token: With one, a request that brings another one is refused.
        storage_address: Where large files are; ``None``: here.
        delay_s: Between the parts of a file.
        requests: All that came in, in order.
    """

    def __init__(self, large_bytes: int = 100_000) -> None:
        self.mode: Mode = "ok"
        self.token: str | None = None
        self.storage_address: str | None = None
        self.delay_s = 0.0
        self.requests: list[Request] = []
        self._large_bytes = large_bytes
        self._repos: dict[str, _Repo] = {}
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> HubServer:
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """The address for ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(self, repo: str, files: Mapping[str, bytes], **options: bool) -> None:
        """Add a repository; options: ``names_digests``, ``gated``."""
        self._repos[repo] = _Repo(files, **options)

    def damage(self, match: str, times: int) -> None:
        """Change a byte of the next files whose path has ``match``; their length stays."""
        self._faults.append(_Fault(match, times, changes=True))

    def break_off(self, match: str, times: int) -> None:
        """Close the connection in the middle of the next files whose path has ``match``."""
        self._faults.append(_Fault(match, times, breaks_off=True))

    def fail(self, status: int, match: str = "", times: int = 1_000) -> None:
        """Answer the next requests whose path has ``match`` with an error."""
        self._faults.append(_Fault(match, times, status=status))

    def heal(self) -> None:
        """Forget all faults."""
        self.mode = "ok"
        with self._lock:
            self._faults.clear()

    def wait(self, seconds: float) -> bool:
        """Wait, but not beyond the end of the server; returns whether that came."""
        return self._over.wait(seconds)

    def take_fault(self, path: str) -> _Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.match in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def repo_of(self, path: str) -> tuple[str, _Repo | None]:
        name = "/".join(path.split("/")[:2])
        return name, self._repos.get(name)

    def is_large(self, content: bytes) -> bool:
        return len(content) >= self._large_bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub: HubServer

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.requests.append(Request(self.command, self.path, headers))
        if self.hub.mode == "silent":
            while not self.hub.wait(0.1) and self.hub.mode == "silent":
                pass
            self.close_connection = True
            return
        if self.hub.mode == "portal":
            self._send(200, PORTAL, {"Content-Type": "text/html; charset=utf-8"})
            return
        fault = self.hub.take_fault(self.path)
        if fault is not None and fault.status:
            self._refuse(fault.status, "", "Something is wrong here.")
            return
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/datasets/"):
            self._list(path.removeprefix("/api/datasets/"))
        elif path.startswith("/datasets/"):
            self._resolve(path.removeprefix("/datasets/"), fault)
        elif path.startswith("/storage/"):
            self._store(path.removeprefix("/storage/"), fault)
        else:
            self._refuse(404, "EntryNotFound", "There is nothing here.")

    def _allowed(self, repo: _Repo | None) -> bool:
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if sent and self.hub.token is not None and sent != self.hub.token:
            self._refuse(401, "", "Invalid credentials in Authorization header")
            return False
        if repo is None:
            self._refuse(404 if sent else 401, "RepoNotFound", "Repository not found")
            return False
        if repo.gated and sent != self.hub.token:
            self._refuse(403 if sent else 401, "GatedRepo", "Access to this dataset is restricted.")
            return False
        return True

    def _list(self, path: str) -> None:
        name, repo = self.hub.repo_of(path)
        if not self._allowed(repo) or repo is None:
            return
        entries = [_entry(self.hub, repo, path) for path in sorted(repo.files)]
        query = parse_qs(urlsplit(self.path).query)
        start = int(query.get("cursor", ["0"])[0])
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if start + ENTRIES_PER_PAGE < len(entries):
            following = (
                f"{urlsplit(self.path).path}?recursive=true&cursor={start + ENTRIES_PER_PAGE}"
            )
            headers["Link"] = f'<{self.hub.address}{following}>; rel="next"'
        body = json.dumps(entries[start : start + ENTRIES_PER_PAGE]).encode()
        self._send(200, body, headers)

    def _resolve(self, path: str, fault: _Fault | None) -> None:
        name, repo = self.hub.repo_of(path)
        if not self._allowed(repo) or repo is None:
            return
        # org/name/resolve/<revision>/<path>; revisions with a slash are quoted.
        inner = path.split("/", 4)[4] if "/refs/" not in path else path.split("/", 6)[6]
        content = repo.files.get(inner)
        if content is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        headers = {"X-Repo-Commit": "0" * 40, "ETag": f'"{_git_digest(content)}"'}
        if not self.hub.is_large(content):
            self._send_file(content, headers, fault)
            return
        digest = hashlib.sha256(content).hexdigest()
        if repo.names_digests:
            headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
        headers["X-Xet-Hash"] = digest
        storage = self.hub.storage_address or self.hub.address
        headers["Location"] = f"{storage}/storage/{name}/{quote(inner)}"
        self._send(302, b"Found", headers)

    def _store(self, path: str, fault: _Fault | None) -> None:
        _, repo = self.hub.repo_of(path)
        if self.headers.get("Authorization"):
            self._refuse(400, "", "Only one way to sign in is allowed.")
        elif repo is None:
            self._refuse(404, "", "There is nothing here.")
        else:
            self._send_file(repo.files[path.split("/", 2)[2]], {"ETag": '"storage"'}, fault)

    def _send_file(self, content: bytes, headers: dict[str, str], fault: _Fault | None) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if fault is not None and fault.changes:
            content = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        part = content[start:]
        if fault is not None and fault.breaks_off:
            self._send(206 if start else 200, part, headers, send_only=len(part) // 2)
            return
        self._send(206 if start else 200, part, headers)

    def _refuse(self, status: int, code: str, message: str) -> None:
        headers = {"Content-Type": "application/json", "X-Error-Message": message}
        if code:
            headers["X-Error-Code"] = code
        self._send(status, json.dumps({"error": message}).encode(), headers)

    def _send(
        self, status: int, body: bytes, headers: Mapping[str, str], send_only: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        size, pause = PART_BYTES, self.hub.delay_s
        if self.hub.mode == "drip":
            size, pause = 1, 0.1
        sent = body if send_only is None else body[:send_only]
        try:
            for start in range(0, len(sent), size):
                self.wfile.write(sent[start : start + size])
                if pause and self.hub.wait(pause):
                    break
        except OSError:
            pass  # whoever asked has gone
        if send_only is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _entry(hub: HubServer, repo: _Repo, path: str) -> dict[str, object]:
    content = repo.files[path]
    entry: dict[str, object] = {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
    if repo.names_digests:
        entry["oid"] = _git_digest(content)
        if hub.is_large(content):
            digest = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
            entry["xetHash"] = digest
    return entry


def _git_digest(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def wait_for_request(hub: HubServer, text: str, deadline_s: float = 20.0) -> None:
    """Wait until a request whose path has ``text`` came in."""
    end = time.monotonic() + deadline_s
    while not any(text in request.path for request in hub.requests):
        assert time.monotonic() < end, f"nobody asked for {text}"
        time.sleep(0.01)
