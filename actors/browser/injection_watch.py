"""Whether wa-js takes to a page that is logged in and open. On the loop only.

wa-js takes the page for whole once no module has come for a while. Where it looked too early it never becomes ready,
though WhatsApp Web works: seen on its page code of August 2026 with bundles of 0.8 to 4 s each, in 6 of 6 starts. The
bundles are kept by then, so the page is loaded again at once: that is no fault of the client, and spends no attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from actors.clients.types import Reason, Seconds

RELOADS = 2
"""How often in a row one page is loaded again for this; then it is lost."""


class InjectionWatch:
    """Has one page loaded again that is in MAIN without wa-js; calls `fail` once the budget for that is spent."""

    def __init__(self, fail: Callable[[Reason, str], None]) -> None:
        self._fail = fail
        self._timer: asyncio.TimerHandle | None = None
        self._reloads = 0
        self.patience: Seconds = 15.0
        """How long that may last."""
        self.reload: Callable[[], None] = lambda: None
        """Called to have the page loaded again."""

    def see(self, view: Mapping[str, Any]) -> None:
        """One view of the page."""
        if view.get("full_ready") is True:
            self._reloads = 0
        if view.get("mode") != "MAIN" or view.get("full_ready") is True:
            self.rest()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.patience, self._missed)

    def rest(self) -> None:
        """Nothing is waited for: another document, or none."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _missed(self) -> None:
        self._timer = None
        if self._reloads < RELOADS:
            self._reloads += 1
            self.reload()
        else:
            text = f"wa-js was not ready {self.patience:g} s after WhatsApp Web was, nor after {RELOADS} reloads"
            self._fail(Reason.WA_JS_NOT_READY, text)
