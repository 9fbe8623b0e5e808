"""A page that is linked to an account, as tests use it."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.conftest import Sandbox, Tab

CODE = "heard.find(([name, code]) => name === 'conn.auth_code_change' && code)?.[1]"
MAIN = "WPP.whatsapp.Stream.mode === 'MAIN' && WPP.whatsapp.Stream.info === 'NORMAL' && WPP.isFullReady"
NUMBERS = {"modern": "5491100000001", "classic": "5491100000002"}


class Linked:
    """A page of one account, its recorded facts, and the account's control calls."""

    def __init__(self, sandbox: Sandbox, tab: Tab, compat: str) -> None:
        self.sandbox, self.tab, self.compat, self.number = sandbox, tab, compat, NUMBERS[compat]

    def act(self, action: str, **said: Any) -> Any:
        return self.sandbox.post(f"/api/accounts/{self.number}/{action}", **said)

    def until(self, test: str) -> Any:
        return self.tab.until(test)

    def hears(self, *fact: Any) -> None:
        self.until(f"heard.some((one) => JSON.stringify(one).startsWith({str(fact_text(fact))!r}))")

    def heard(self) -> list[list[Any]]:
        return self.tab.heard()

    def names(self) -> list[str]:
        return [" ".join(str(part) for part in one[:2]) for one in self.heard()]

    def fresh(self) -> None:
        """Forgets what was heard."""
        self.tab.js("void (window.heard.length = 0)")

    def link(self) -> None:
        """Logged in and quiet, whatever the test before left."""
        if self.sandbox.http.get(f"/api/accounts/{self.number}").status_code == 200:
            self.act("unban")
        mode = self.tab.js("window.WPP?.whatsapp?.Stream?.mode ?? null")
        if mode not in ("MAIN", "QR"):
            self.tab.goto(f"?compat={self.compat}")
        if mode != "MAIN":
            self.sandbox.post("/api/scan", code=self.until(CODE), number=self.number)
        self.until(MAIN)
        self.fresh()

    def leaves(self, state: str) -> None:
        """Waits until the account is `away` (linked, but no page is open) or `gone`."""
        assert self.sandbox.get(f"/api/accounts/{self.number}?wait=20&state={state}")["state"] != "connected"

    def shows_a_new_code(self) -> str:
        """Waits for the page after the logout; its address."""
        self.until("location.search.includes('post_logout=1') && " + CODE)
        assert self.tab.js("WPP.whatsapp.Stream.mode") == "QR"
        assert not self.tab.js("WPP.conn.isAuthenticated()")
        return str(self.tab.js("location.search"))


def fact_text(fact: tuple[Any, ...]) -> str:
    return json.dumps(list(fact), separators=(",", ":"))[:-1]
