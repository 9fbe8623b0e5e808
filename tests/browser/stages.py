"""A Ready page for many tests: of the fake, and of real Chromium on the sandbox, both generations, and with LIDs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.fake import FakeBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations import Operation
from actors.clients.operations.messages import SendText, draw_message_id
from actors.clients.operations.presence import MarkRead
from actors.clients.ports import Browser, Page
from actors.clients.protocol import Answered, BrowserGone, OutcomeUnknown, QrShown, Ready, Refused
from tests.browser.pages import BUILDS, CHAT, CLIENT, NUMBER, Listener
from tests.rig import Sandbox


class Stage:
    """A page of one world that is Ready."""

    def __init__(self, browser: Browser, scan: Callable[[str], None], sandbox: Sandbox | None = None) -> None:
        self._browser, self.sandbox, self.told = browser, sandbox, Listener()
        self.page: Page = browser.open(CLIENT, self.told)
        self.code = self.told.until(QrShown).code
        self._scan = scan

    def link(self) -> None:
        """Have the phone scan the code."""
        self._scan(self.code)
        self.told.until(Ready)

    def ask(self, operation: Operation[Any], order: str | None = None) -> Answered | Refused | OutcomeUnknown:
        """Order an operation, and return how it ended."""
        order = order or draw_message_id()
        self.page.call(order, operation)

        def ends(fact: object) -> bool:
            return isinstance(fact, Answered | Refused | OutcomeUnknown) and fact.order == order

        ended: Any = self.told.until(object, ends)
        return ended  # type: ignore[no-any-return]

    def done(self, operation: Operation[Any], order: str | None = None) -> Any:
        """Order an operation, and return its answer."""
        fact = self.ask(operation, order)
        assert isinstance(fact, Answered), fact
        return fact.value

    def event(self, type_: str, **fields: object) -> dict[str, Any]:
        """Return the payload of the first event of this type with these fields that nobody waited for."""

        def holds(event: AccountEvent) -> bool:
            return event.type == type_ and fields.items() <= event.payload.items()

        return dict(self.told.until(AccountEvent, holds).payload)

    def heard(self) -> None:
        """Return once the page has heard all that the sandbox has told it: it answers on the same connection."""
        self.done(MarkRead(CHAT))

    def own_message(self, text: str = "mine", chat: str = CHAT) -> str:
        """Send a text, and return its bare id."""
        order = draw_message_id()
        self.done(SendText(chat, text), order)
        return order

    def close(self) -> None:
        """End it, with its login."""
        self.page.kill()
        if not self.told.told(BrowserGone):
            self.told.until(BrowserGone)
        self._browser.drop_login(CLIENT)


WORLDS: dict[str, dict[str, Any]] = {"modern": {}, "classic": {"compat": "classic"}, "lids": {}}
"""The pages of the sandbox, and its settings for each; with `lids` the account has moved to LIDs."""
IN_ALL = ["fake", *(pytest.param(name, marks=pytest.mark.e2e) for name in WORLDS)]


def stage_of(name: str, browsers: Callable[[str], ChromiumBrowser], sandbox: Sandbox) -> Stage:
    """Return a page of this world that shows its code."""
    if name == "fake":
        fake = FakeBrowser()
        return Stage(fake, lambda _: fake.scan(CLIENT, NUMBER))
    sandbox.post("/reset")
    sandbox.post("/settings", **WORLDS[name])
    lids = {"lids": True} if name == "lids" else {}

    def scan(code: str) -> None:
        sandbox.post("/scan", code=code, number=NUMBER, **lids)

    return Stage(browsers(BUILDS[0]), scan, sandbox)
