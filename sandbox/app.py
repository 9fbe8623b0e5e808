"""The application of a sandbox: pages, files, control API, and the phones for people."""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import secrets
from pathlib import Path
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from sandbox.account.chats import ChatStates
from sandbox.account.people import People
from sandbox.account.profile import ProfileActs
from sandbox.acts import Acts
from sandbox.answers import refusal
from sandbox.control import Control
from sandbox.groups import Groups
from sandbox.login import Login
from sandbox.messages import MessageRelay
from sandbox.page_socket import Link
from sandbox.pairing import Pairing
from sandbox.scene import Scene

LARGEST_FILE = 256 * 1024 * 1024  # bytes
HANGS = 3600.0  # seconds of an upload that is never answered, if the page waits for so long
STATIC = Path(__file__).parent / "static"
STAGES = (
    ("base", "ids", "state"),
    ("me", "logout", "pairing", "qr_code", "connection", "boot"),
    (
        *("chats", "chat_actions", "people", "groups", "messages", "content", "marks", "presence"),
        *("timelock", "sending", "receiving", "reactions", "files", "calls"),
    ),
    ("profile", "labels", "status", "startup", "by_id"),
)
"""The page's bundles, in the order they load.

A stage is fetched once the previous stage has run. The connection starts with the first stage that completes its
dependencies; the last stage holds modules that the page does not need for that.
"""
FIRST = ("loader", "drift")
"""The bundles that come with the document."""
BUNDLES = (*FIRST, *(name for stage in STAGES for name in stage))
PAGE = (STATIC / "page" / "page.html").read_text()


def build(scene: Scene | None = None) -> Starlette:
    """Return the application of one sandbox; without `scene` it starts with an empty world."""
    scene = scene or Scene()
    post = MessageRelay(scene)
    chats, people = ChatStates(scene, post), People(scene, post)
    login = Login(scene, post, chats, people)
    pairing = Pairing(scene, login)
    groups, profile = Groups(scene, post), ProfileActs(scene)
    acts = Acts(groups.acts, profile.acts)
    files = Files(scene)
    routes = [
        Route("/", Document(scene).show),
        Route("/elsewhere", _elsewhere),
        Route("/phones", _phones),
        Route("/media", files.take, methods=["POST"]),
        Route("/media/{id}", files.give),
        WebSocketRoute("/link", Link(scene, login, pairing, post, acts, chats, people).serve),
        *Control(scene, login, pairing, post, groups, profile, chats, people).routes(),
        Route("/bundle/{tag}/{name}.js", Bundles(scene).give),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_call})


async def _no_such_call(request: Request, error: Exception) -> Response:
    """Answer an unknown path in the form of the control API's errors."""
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, "NO_SUCH_CALL", f"there is no {request.method} {request.url.path}")


class Document:
    """The WhatsApp Web page itself, under a nonce CSP like the real page's."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def show(self, request: Request) -> Response:
        settings, query, nonce = self._scene.settings, request.query_params, secrets.token_urlsafe(16)
        await asyncio.sleep(settings.page_delay)
        told = {
            "compat": query["compat"] if query.get("compat") in ("modern", "classic") else settings.compat,
            "lids": {"1": True, "0": False}.get(query.get("lids", "")),
            "qr_url": settings.qr_url,
            "start_delay": settings.start_delay,
            "return_delay": settings.return_delay,
            "soft_update_after": settings.soft_update_after,
            "hard_update_after": settings.hard_update_after,
            "reconnect_delay": settings.reconnect_delay,
            "reconnect_cap": settings.reconnect_cap,
            "resend_after": settings.resend_after,
            "upload_limit": settings.upload_limit,
            "version": settings.version,
            "push_phase": settings.push_phase,
            "clear_delay": settings.clear_delay,
            "drift": settings.drift,
            "bundles": settings.bundles,
            "stages": [[Bundles.address(name) for name in stage] for stage in STAGES],
            "timer_starvation": settings.timer_starvation,
            "ballast": settings.ballast,
        }
        scripts = "\n".join(f'<script nonce="{nonce}" src="{Bundles.address(name)}"></script>' for name in FIRST)
        body = PAGE.replace("{{settings}}", html.escape(json.dumps(told))).replace(
            "{{scripts}}", scripts if settings.loader else ""
        )
        policy = (
            f"default-src 'self'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
            "connect-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; base-uri 'none'"
        )
        return HTMLResponse(body, headers={"content-security-policy": policy, "cache-control": "no-store"})


class Bundles:
    """The page's scripts.

    Their address changes with their text, so that a browser caches them, as it caches WhatsApp's.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    @staticmethod
    def address(name: str) -> str:
        """Return the address of a bundle with this text."""
        return f"/bundle/{hashlib.sha256(_text(name)).hexdigest()[:16]}/{name}.js"

    async def give(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in BUNDLES:
            return PlainTextResponse("no such bundle", 404)
        if name not in FIRST:
            await asyncio.sleep(self._scene.settings.bundle_delay)
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(_text(name), media_type="text/javascript", headers=headers)


class Files:
    """The bytes that pages upload and download."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def take(self, request: Request) -> Response:
        if int(request.headers.get("content-length", 0)) > LARGEST_FILE:
            return PlainTextResponse("too large", 413)
        settings, body = self._scene.settings, await request.body()
        self._scene.world.uploads += 1
        self._scene.changes.tell()
        if settings.uploads == "hang":
            await asyncio.sleep(HANGS)
        if settings.upload_delay:
            await asyncio.sleep(settings.upload_delay)
        if settings.uploads != "ok":
            return PlainTextResponse("no uploads now", 503)
        filename = unquote(request.headers.get("x-filename", "unknown"))
        mimetype = request.headers.get("content-type", "application/octet-stream")
        media = self._scene.world.add_media(mimetype, filename, body)
        return JSONResponse(media.described())

    async def give(self, request: Request) -> Response:
        """Give a file. The faults that are set are those of a page's downloads; `?phone` is a phone's own look."""
        settings, media = self._scene.settings, self._scene.world.media.get(request.path_params["id"])
        if media is None:
            return PlainTextResponse("gone", 404)
        if "phone" in request.query_params:
            return Response(media.data, headers={"content-type": media.mimetype})
        await asyncio.sleep(settings.media_delay)
        if settings.media_fails:
            settings.media_fails -= 1
            return PlainTextResponse("failed", 500)
        if settings.media_gone and media.by_phone and not media.fresh:
            return PlainTextResponse("gone", settings.media_gone)
        return Response(b"" if settings.media_empty else media.data, headers={"content-type": media.mimetype})


def _text(name: str) -> bytes:
    return (STATIC / "page" / f"{name}.js").read_bytes()


async def _elsewhere(_request: Request) -> Response:
    return HTMLResponse("<!doctype html><title>Elsewhere</title><p>This is not WhatsApp Web.</p>")


async def _phones(_request: Request) -> Response:
    return HTMLResponse((STATIC / "phones" / "phones.html").read_text())
