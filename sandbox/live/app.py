"""WhatsApp's hosts as one application: the page's files, the WebSocket of its protocol, and the control API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Host, Route, WebSocketRoute

from sandbox.answers import answering
from sandbox.live.archive import PageArchive, PageFile, SourceFailed, WhatsAppSource
from sandbox.live.root_key import with_our_key
from sandbox.protocol.app import Clients, build
from sandbox.protocol.dictionary import Dictionary, NoDictionary
from sandbox.protocol.nodes import NodeCodec
from sandbox.protocol.server import ProtocolServer
from sandbox.visitors import Visitors

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
MOST_NAMED = 200
"""Requests without an answer that are named; the further ones are counted."""


class PageHosts:
    """The hosts that the page asks: its files are given, everything else is answered empty and noted."""

    def __init__(self, server: ProtocolServer, archive: PageArchive, source: WhatsAppSource | None) -> None:
        self._server, self._archive, self._source = server, archive, source
        self.keys_replaced = 0
        self.has_dictionary = False
        self.given = self.fetched = self.unanswered = 0
        self.named: dict[str, str] = {}
        """Request -> why it was not answered."""

    async def serve(self, request: Request) -> Response:
        url = f"https://{request.headers.get('host', '').partition(':')[0]}{request.url.path}"
        url += f"?{request.url.query}" if request.url.query else ""
        if request.method not in ("GET", "HEAD"):
            self._note(f"{request.method} {url}", "only files are given")
            return Response(status_code=204, headers=_shared(request))
        try:
            file = await self._file(url, request.headers)
        except SourceFailed as error:
            self._note(f"GET {url}", str(error))
            file = None
        if file is None:
            return Response(status_code=404, headers=_shared(request))
        self.given += 1
        headers = {**_shared(request), **file.headers, "cache-control": "no-store"}
        return Response(self._with_our_key(file), headers=headers)

    async def _file(self, url: str, headers: Mapping[str, str]) -> PageFile | None:
        file = await asyncio.to_thread(self._archive.find, url)
        if file is not None:
            return file
        if self._source is None or not self._source.has(url):
            self._note(f"GET {url}", "the directory has no such file")
            return None
        file = await self._source.fetch(url, headers)
        self.fetched += 1
        await asyncio.to_thread(self._archive.keep, url, file)
        return file

    def _with_our_key(self, file: PageFile) -> bytes:
        if not file.has_scripts:
            return file.body
        if not self.has_dictionary:
            try:
                self._server.codec = NodeCodec(Dictionary.of_script(file.body.decode("utf-8", "replace")))
                self.has_dictionary = True
            except NoDictionary:
                pass  # it is in another script
        body, places = with_our_key(file.body, self._server.authority.root.public)
        self.keys_replaced += places
        return body

    def _note(self, request: str, why: str) -> None:
        self.unanswered += 1
        if len(self.named) < MOST_NAMED:
            self.named.setdefault(request.partition("?")[0][:300], why[:300])

    async def report(self, _request: Request) -> dict[str, Any]:
        """What the page was given, and what not."""
        return {
            "keys_replaced": self.keys_replaced,
            "dictionary": self.has_dictionary,
            "given": self.given,
            "fetched": self.fetched,
            "unanswered": self.unanswered,
            "named": [f"{request}: {why}" for request, why in self.named.items()],
        }


def live(server: ProtocolServer, hosts: PageHosts) -> Starlette:
    """Return the application: on 127.0.0.1 the control API, on every other name WhatsApp's hosts."""
    api = Visitors(build(server, Route("/api/page", answering(hosts.report))))
    routes = [
        Host("127.0.0.1", api),
        WebSocketRoute("/ws/chat", Clients(server).serve),
        Route("/{path:path}", hosts.serve, methods=list(METHODS)),
    ]
    return Starlette(routes=routes)


def _shared(request: Request) -> dict[str, str]:
    """Return the headers by which a page of another host may read an answer."""
    origin = request.headers.get("origin")
    if origin is None:
        return {"cross-origin-resource-policy": "cross-origin"}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-headers": request.headers.get("access-control-request-headers", ""),
        "cross-origin-resource-policy": "cross-origin",
        "vary": "origin",
    }
