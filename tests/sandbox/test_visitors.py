"""Who may call the sandbox: a developer's loopback is not open to the web pages that the developer visits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from sandbox.app import build
from sandbox.visitors import Visitors

HOST = "127.0.0.1:3900"
IMAGE = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
FRAME = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
LINK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


async def nowhere(*_: object) -> None:
    raise AssertionError("it was let through")


def refuses(headers: dict[str, str], *names: str, public: bool = False) -> bool:
    return Visitors(nowhere, names, public=public).refuses(headers) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"host": HOST},  # a program
        {"host": "localhost:3900"},
        {"host": "[::1]:3900"},
        {"host": HOST, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"},  # our page, and the phones
        {"host": "web.whatsapp.com", "origin": "https://web.whatsapp.com"},  # a program that maps that name to here
        {"host": HOST, "origin": "https://web.whatsapp.com"},  # Baileys says this
        {"host": HOST, "sec-fetch-site": "none"} | LINK,
        {"host": HOST, "sec-fetch-site": "cross-site"} | LINK,
    ],
)
def test_programs_and_our_own_pages_are_let_in(headers: dict[str, str]) -> None:
    assert not refuses(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:3900"},  # DNS rebinding
        {"host": "127.0.0.1.evil.example"},
        {"host": "10.0.0.1:3900"},
        {"host": HOST, "origin": "https://evil.example"},
        {"host": HOST, "origin": "http://127.0.0.1:8000"},
        {"host": HOST, "origin": "http://localhost:3900"},
        {"host": HOST, "origin": "null"},
        {"host": HOST, "sec-fetch-site": "cross-site"} | IMAGE,
        {"host": HOST, "sec-fetch-site": "same-site"} | IMAGE,
        {"host": HOST, "sec-fetch-site": "cross-site"} | FRAME,
    ],
)
def test_strangers_are_not(headers: dict[str, str]) -> None:
    assert refuses(headers)


def test_a_name_is_given_with_an_option_and_a_public_sandbox_is_known_by_its_addresses() -> None:
    assert not refuses({"host": "sandbox:3900"}, "Sandbox")
    assert not refuses({"host": "10.0.0.1:3900"}, public=True)
    assert refuses({"host": "evil.example"}, public=True)


@pytest.mark.parametrize(
    ("kind", "path", "answer"),
    [
        ("http", "/api/state", ("http.response.start", 403)),
        ("http", "/api/reset", ("http.response.start", 403)),
        ("websocket", "/link", ("websocket.close", 1008)),
    ],
)
def test_the_control_api_and_the_link_of_pages_refuse_a_foreign_page(
    kind: str, path: str, answer: tuple[str, int]
) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", HOST.encode()), (b"origin", b"https://evil.example")]
    scope: dict[str, Any] = {"type": kind, "method": "POST", "path": path, "query_string": b"", "headers": headers}
    asyncio.run(Visitors(build())(scope, receive, send))
    assert (sent[0]["type"], sent[0].get("status") or sent[0].get("code")) == answer
