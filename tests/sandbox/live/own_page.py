"""A page of our own that speaks WhatsApp's protocol, as an archive: the sandbox's page, with `page/` as its wire."""

from __future__ import annotations

import re
from pathlib import Path

import anyio
import httpx2

from sandbox.app import build
from sandbox.live.archive import KEPT_HEADERS, PageArchive, PageFile

HOST = "https://web.whatsapp.com"
SCRIPTS = Path(__file__).parent / "page"
WIRE = ("bytes", "curve", "dictionary", "nodes", "noise", "signal", "companion")
"""The scripts, in the order in which they build on each other."""


def write(directory: Path) -> None:
    """Write all files of the page into this directory."""
    anyio.run(_write, PageArchive(directory))


async def _write(archive: PageArchive) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=build()), base_url=HOST) as client:
        document = await client.get("/")
        text = document.text
        for address in sorted(set(re.findall(r"/bundle/\w+/\w+\.js", text))):
            archive.keep(HOST + address, _file(await client.get(address)))
    nonce = re.search(r'nonce="([^"]+)"', text)
    assert nonce
    tags = "\n".join(f'<script nonce="{nonce[1]}" src="/wire/{name}.js"></script>' for name in WIRE)
    archive.keep(f"{HOST}/", PageFile(text.replace("<script", f"{tags}\n<script", 1).encode(), _file(document).headers))
    for name in WIRE:
        archive.keep(f"{HOST}/wire/{name}.js", PageFile((SCRIPTS / f"{name}.js").read_bytes(), SCRIPT))


SCRIPT = {"content-type": "text/javascript; charset=utf-8"}


def _file(answer: httpx2.Response) -> PageFile:
    return PageFile(answer.content, {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers})
