"""Every call there is, from the table of calls: a new one is tried without being thought of."""

from __future__ import annotations

import json
import re

import httpx2

from gateway.api import CALLS
from gateway.security.auth import Need, Scope
from tests.gateway.raw import Answer, Raw, request
from tests.gateway.running import PATIENCE, Running

FIRST = "the-first-key-of-a-test"
OURS, OTHER = 7, 8
"""The client that a limited key is for, and one that it is not for."""

Call = tuple[str, str]
WEBSOCKET = "WEBSOCKET"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def calls() -> list[Call]:
    """Method and path of everything that can be asked for."""
    return list(_NEEDS)


def needs(*, scope: bool) -> list[Call]:
    """The calls that need a key, or those that do not."""
    return [call for call, need in _NEEDS.items() if (need.scope is not None) is scope]


def need_of(call: Call) -> Need:
    """What the call needs of its caller."""
    return _NEEDS[call]


_NEEDS = {
    **{(row.method, row.path): row.need for row in CALLS},
    **{(WEBSOCKET, row.path): row.need for row in CALLS if row.websocket is not None},
}
GUARDED, OPEN = needs(scope=True), needs(scope=False)
ENDLESS = re.compile(r"/events")
"""Paths whose answer goes on for as long as one listens."""


def asked(call: Call, client: int = OURS, body: bytes = b"", /, **headers: str) -> bytes:
    """The call as a request; `client` stands for whatever its path names."""
    method, path = call
    target = re.sub(r"\{[^}]*\}", str(client), path.replace("{file}", "index.html"))
    if method == WEBSOCKET:
        return request("GET", target, b"", **UPGRADE, **headers)
    return request(method, target, body, **headers)


class Keys:
    """A service that needs keys, and keys of every kind for it."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.by_scope = {scope: self._made([scope]) for scope in Scope}
        self.limited = {scope: self._made([scope], [OURS]) for scope in Scope}

    def _made(self, scopes: list[Scope], clients: list[int] | None = None) -> str:
        wanted = {"name": "test", "scopes": scopes, "clients": clients}
        answer = self.admin("POST", "/keys", wanted)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    def admin(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """A call with the first key, on a connection of its own."""
        url, headers = self.service.url + path, {"X-Api-Key": FIRST}
        return httpx2.request(method, url, json=body, headers=headers, timeout=PATIENCE, verify=False)

    def ask(self, call: Call, key: str | None, client: int | None = OURS, **headers: str) -> Answer:
        """The call with this key, about this client in header and path, on a connection of its own."""
        fields = {"X_Api_Key": key} if key is not None else {}
        if client is not None:
            fields["X_Cliente_Id"] = str(client)
        with Raw(self.service.url) as connection:
            return connection.send(asked(call, client or OURS, **fields, **headers)).answer()


def refused(answer: Answer, status: int, code: str) -> None:
    """It is this refusal, in the contract's shape, and tells nothing besides."""
    assert (answer.status, answer.code) == (status, code), answer
    assert set(json.loads(answer.body)) == {"error", "code", "message"}
