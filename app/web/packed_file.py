"""A file that is kept compressed, and sent so to whoever takes it."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Response, request

_LEVEL = 9  # once a start


@dataclass(frozen=True, slots=True)
class PackedFile:
    """The bytes of a file, compressed.

    Attributes:
        gzipped: Its bytes.
        digest: Of its content; another content has another.
        mimetype: What it is.
    """

    gzipped: bytes
    digest: str
    mimetype: str

    @classmethod
    def pack(cls, content: bytes, mimetype: str) -> PackedFile:
        """Compress a file."""
        digest = hashlib.sha256(content).hexdigest()[:12]
        return cls(gzip.compress(content, _LEVEL, mtime=0), digest, mimetype)

    def answer(self, *, max_age_s: int, is_immutable: bool = False) -> Response:
        """Return the answer to the current request, which is empty where the browser has it."""
        takes_gzip = request.accept_encodings["gzip"] > 0
        body = self.gzipped if takes_gzip else _unpack(self.gzipped)
        response = Response(body, mimetype=self.mimetype)
        if takes_gzip:
            response.content_encoding = "gzip"
        response.vary.add("Accept-Encoding")
        response.cache_control.public = True
        response.cache_control.max_age = max_age_s
        if is_immutable:
            response.cache_control.immutable = True
        response.set_etag(f"{self.digest}{'-gzip' if takes_gzip else ''}")
        response.make_conditional(request)
        return response


@lru_cache(maxsize=16)
def _unpack(gzipped: bytes) -> bytes:
    """Return the bytes of a file: the same for all, however many clients read them slowly."""
    return gzip.decompress(gzipped)


@lru_cache(maxsize=16)
def pack_file(path: Path, mimetype: str) -> PackedFile:
    """Return a file of a package; it stays as it is while the program runs."""
    return PackedFile.pack(path.read_bytes(), mimetype)
