"""`python -m tests.gateway.doomed_restore BROWSER STEP`: the whole program, which is killed at one step of a restore.

BROWSER is `real` or `fake`; the fake one obeys the standard input, and its WhatsApp is on disk, as in the campaign. The
fault is in this file alone, and is prepared when the first restore begins.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from actors import system
from actors.browser.fake import FakeBrowser
from config.loading import load
from config.settings import Settings
from gateway import logs, server
from gateway.restores import Restores
from gateway.restoring import Restoring
from tests.campaign.fake_service import Orders
from tests.campaign.fake_whatsapp import RecordedWhatsApp
from tests.store.restore_steps import ANYWHERE, POSTGRESQL, SQLITE, Step, after, before

SAME_HERE = {"the copy is made", "the old log is settled", "all is done"}
"""Steps of the store that leave, to whoever looks from outside, no more than the step after them."""
STEPS = {
    "no new work is taken": Step(before(system.System, "pause"), restored=False),
    "the clients are closed": Step(after(system.System, "pause"), restored=False),
    **{name: step for name, step in (ANYWHERE | SQLITE).items() if name not in SAME_HERE},
    "the store is open again": Step(after(system, "open_store"), restored=True),
    "the clients begin to resume": Step(after(system.System, "start"), restored=True),
    "it is about to be answered": Step(before(Restores, "finish"), restored=True),
}


def doom(step: str) -> None:
    """What is called at the start as well must not kill before the restore."""
    carry_out = Restoring.carry_out

    async def to_the_step(*arguments: Any) -> None:
        (STEPS | POSTGRESQL)[step].prepare()
        await carry_out(*arguments)

    setattr(Restoring, "carry_out", to_the_step)  # noqa: B010 - mypy would not have it


def fake(settings: Settings) -> FakeBrowser:
    """Its logins and its WhatsApp outlive it."""
    whatsapp = RecordedWhatsApp(settings.data_dir / "whatsapp")
    browser = FakeBrowser(directory=settings.data_dir / "logins", whatsapp=whatsapp)
    threading.Thread(target=Orders(browser, whatsapp).obey, daemon=True).start()
    return browser


def main(browser: str, step: str) -> int:
    """Serve; the same as `session-manager serve` does."""
    settings = load()
    logs.configure(settings)
    doom(step)
    return server.run(settings, fake(settings) if browser == "fake" else None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
