"""The files of a page, in a directory, and WhatsApp's own servers as the place where missing ones come from.

A file lies at `<host>/<path>?<query>`, as `wget --recursive` leaves it; a path that ends in `/` is its `index.html`.
Beside it may lie `<file>.headers.json`, with the headers of the answer that a page depends on.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx2

DOCUMENT = "https://web.whatsapp.com/"
HOSTS = ("web.whatsapp.com", "static.whatsapp.net")
"""Where the page and its scripts come from; nothing else is asked of WhatsApp."""
LARGEST = 64 * 1024 * 1024
PATIENCE = 30.0
KEPT_HEADERS = (
    "content-type",
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "service-worker-allowed",
)
"""The headers of an answer that change what the page can do."""
ASKED_WITH = ("accept", "accept-language", "user-agent", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site")
"""The headers of a request that are passed on. No cookie is among them."""
_LONGEST_NAME = 200
_SIDECAR = ".headers.json"
_UNKNOWN_TYPE = "application/octet-stream"


class SourceFailed(Exception):
    """WhatsApp did not give a file; the text says why."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_scripts(self) -> bool:
        """True for what may hold the text of a script."""
        kind = self.headers.get("content-type", "")
        return any(word in kind for word in ("javascript", "html", "json"))


class PageArchive:
    """A directory of a page's files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()

    def find(self, url: str) -> PageFile | None:
        """Return the file of that address; without one for its query, that of the same path."""
        for path in dict.fromkeys((self._place(url), self._place(url.partition("?")[0]))):
            if path is not None and path.is_file():
                return PageFile(path.read_bytes(), self._headers(path))
        return None

    def keep(self, url: str, file: PageFile) -> None:
        """Write the file of that address. Raises OSError."""
        if (path := self._place(url)) is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
        path.with_name(path.name + _SIDECAR).write_text(json.dumps(dict(file.headers), indent=1), "utf-8")

    def _place(self, url: str) -> Path | None:
        """Return where the file of an address lies; None for one that would lie outside."""
        parts = urlsplit(url)
        name = unquote(parts.path).lstrip("/")
        if not name or name.endswith("/"):
            name += "index.html"
        if parts.query:
            name += f"?{parts.query}"
        folder, slash, last = name.rpartition("/")
        if len(last) > _LONGEST_NAME:
            last = f"{last[:40]}~{hashlib.sha256(last.encode()).hexdigest()[:16]}"
        path = self.directory / (parts.hostname or "") / (folder + slash + last.replace("/", "%2F"))
        if "\0" in name or not path.resolve().is_relative_to(self.directory):
            return None
        return path

    def _headers(self, path: Path) -> dict[str, str]:
        """Return the headers beside a file; without them the type follows from the name, then from the beginning."""
        sidecar = path.with_name(path.name + _SIDECAR)
        if sidecar.is_file():
            kept = json.loads(sidecar.read_text("utf-8"))
            return {name: str(kept[name]) for name in KEPT_HEADERS if name in kept}
        kind, _ = mimetypes.guess_type(path.name.partition("?")[0])
        if kind is None:
            with path.open("rb") as opened:
                kind = "text/html" if opened.read(15).lower().lstrip().startswith(b"<!doctype") else _UNKNOWN_TYPE
        return {"content-type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind}


class WhatsAppSource:
    """WhatsApp's servers, asked for the files of the page and nothing else."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    @staticmethod
    def has(url: str) -> bool:
        """Return True if this address is one of those that are asked for."""
        return any(fnmatchcase(urlsplit(url).hostname or "", host) for host in HOSTS)

    async def fetch(self, url: str, headers: Mapping[str, str]) -> PageFile:
        """Return the file of that address. Raises SourceFailed."""
        asked = {name: headers[name] for name in ASKED_WITH if name in headers}
        body = bytearray()
        try:
            async with self._client.stream("GET", url, headers=asked, timeout=PATIENCE) as answer:
                if answer.status_code != 200:
                    raise SourceFailed(f"{url} answers {answer.status_code}")
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise SourceFailed(f"{url} has more than {LARGEST} bytes")
                kept = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        except httpx2.HTTPError as error:
            raise SourceFailed(f"{url} cannot be had: {error!r}") from error
        return PageFile(bytes(body), kept)
