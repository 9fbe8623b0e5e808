"""Headers of pages: nothing but what the package itself ships is loaded, run, framed or sent to.

Only answers that are HTML get them: they mean nothing to a program that reads JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # QR images
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    b"content-security-policy": POLICY.encode("ascii"),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Under `no-referrer` a browser would send our own forms with `Origin: null`, and the door would refuse them.
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}


class PageHeaders:
    """Adds to every HTML answer the headers it does not bring itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                there = {name.lower() for name, _ in message["headers"]}
                missing = [(name, value) for name, value in HEADERS.items() if name not in there]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)


def _is_page(message: Message) -> bool:
    return any(name.lower() == b"content-type" and b"html" in value.lower() for name, value in message["headers"])
