"""`python -m tests.campaign.fake_service`: the whole program over the fake browser, which obeys its standard input.

A line is a JSON list of a word and a client: `scan`, `crash`, `cut`, `mend`, or `in` when somebody has written.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import threading

from actors.browser.fake import FakeBrowser, Fate, Habits, Outgoing
from actors.clients.types import ClientId
from actors.settings import load
from gateway import logs, server
from tests.campaign.fake_whatsapp import RecordedWhatsApp

CRASHES = 0.002
"""Share of the messages whose sending takes the browser down, before they leave or after."""


class Orders:
    """What the campaign has the browser do."""

    def __init__(self, browser: FakeBrowser, whatsapp: RecordedWhatsApp) -> None:
        self._browser, self._whatsapp = browser, whatsapp

    def obey(self) -> None:
        """Line by line, until there are no more. A thread of its own."""
        for line in sys.stdin:
            word, number = json.loads(line)
            with contextlib.suppress(KeyError), self._browser.lock:  # KeyError: the client has no page yet
                self._obey(word, ClientId(number))

    def _obey(self, word: str, client_id: ClientId) -> None:
        page = self._browser.page(client_id)
        match word:
            case "scan" if page.code is not None:
                self._browser.scan(client_id)
            case "crash":
                self._browser.crash(client_id)
            case "cut" if page.ready:
                self._browser.cut(client_id)
            case "mend" if not page.linked:
                self._browser.mend(client_id)
        if page.ready and page.linked:
            for event in self._whatsapp.new(client_id):
                page.tell(event)


def fate(chance: random.Random) -> Habits:
    """Most are sent; few take the browser with them."""

    def of(_: Outgoing) -> Fate:
        return chance.choice([Fate.CRASH_BEFORE, Fate.CRASH_AFTER]) if chance.random() < CRASHES else Fate.SENT

    return Habits(sends=of)


def main() -> int:
    """Serve; the same as `session-manager serve` does."""
    settings = load()
    logs.configure(settings)
    whatsapp = RecordedWhatsApp(settings.data_dir / "whatsapp")
    habits = fate(random.Random(os.getpid()))
    browser = FakeBrowser(habits, directory=settings.data_dir / "logins", whatsapp=whatsapp)
    threading.Thread(target=Orders(browser, whatsapp).obey, daemon=True).start()
    return server.run(settings, browser)


if __name__ == "__main__":
    sys.exit(main())
