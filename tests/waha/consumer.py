"""A consumer of WAHA's calls, as plain as a hand-written one."""

from __future__ import annotations

from typing import Any

import httpx2

from actors.clients.types import ClientId
from tests.gateway.running import Running, until

KEY = "the-key-of-a-waha-consumer"


class Consumer:
    """Calls over HTTP with the key, and a person with a phone beside it."""

    def __init__(self, service: Running) -> None:
        self.service = service

    def call(self, method: str, path: str, status: int | None = None, **how: Any) -> Any:
        """The answer's JSON, or its text; `status` is what it must be: by default as WAHA answers that method."""
        answer = self.raw(method, path, **how)
        expected = status or (201 if method == "POST" else 200)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json else answer.text

    def raw(self, method: str, path: str, **how: Any) -> httpx2.Response:
        """The answer as it is."""
        return self.service.http.request(method, path, **how)

    def client(self, session: str) -> ClientId:
        """The number of a session's client."""
        found = self.service.system.registry.named(session)
        return found if found is not None else ClientId(int(session))

    def reaches(self, session: str, status: str) -> dict[str, Any]:
        """Poll the session, as consumers do, until it has this status."""
        ask = lambda: self.call("GET", f"/api/sessions/{session}")  # noqa: E731
        found: dict[str, Any] = until(ask, lambda info: bool(info["status"] == status), f"{session} is {status}")
        return found

    def works(self, session: str = "default", **more: Any) -> ClientId:
        """Make a session and scan its QR."""
        self.call("POST", "/api/sessions", json={"name": session, **more})
        self.reaches(session, "SCAN_QR_CODE")
        client_id = self.client(session)
        self.service.browser.scan(client_id)
        self.reaches(session, "WORKING")
        return client_id
