"""What a page says, and which event of the tables that is: the facts of the present page, one handler each.

Everything here runs in the client's own thread, one fact after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actors.clients import choosing, protocol
from actors.clients.memory import Verdict
from actors.clients.protocol import FromPage, Qr
from actors.clients.types import Reason, State
from actors.clients.unanswered import Answer
from actors.clients.walking import Walking


class Hearing(Walking):
    """A client that listens to its page."""

    def _hear(self, envelope: FromPage) -> None:
        """Listen to the present page only; then see whether that was the last thing a client waits for that ends."""
        if self._pages.hears(envelope):
            self._health.watch()
            _FACTS[type(envelope.fact)](self, envelope.fact)
            self._standing.change(last_event_at=self.clock.time())
        if self._ending.logging_out and self._pages.present is None:
            self._leave()
        self._ending.stop_if_alone()

    def _qr_shown(self, fact: protocol.QrShown) -> None:
        self._standing.change(qr=Qr(fact.code, self.clock.time() + fact.lifetime))
        self._walk(fact)

    def _qr_idle(self, fact: protocol.QrIdle) -> None:
        self._standing.change(qr=None)
        self._walk(fact)

    def _ready(self, fact: protocol.Ready) -> None:
        phone = fact.phone or self._pairing.phone
        self._standing.change(phone=phone, restricted_until=None, reconnection_attempts=0)
        self._walk(fact)
        self._remember(self._pairing.linked(phone))

    def _link_lost(self, fact: protocol.LinkLost) -> None:
        fact = replace(fact, until=choosing.believable(fact.until, self.clock.time()))
        event = choosing.of_link_lost(fact, self._standing.state, restricted=self._standing.restricted() > 0)
        if event is not None:
            if fact.until is not None:
                self._standing.change(restricted_until=fact.until)
            self._walk(event)

    def _logged_out(self, fact: protocol.LoggedOut) -> None:
        asked = self._unanswered.logging_out or self._ending.logging_out
        if choosing.is_from_outside(fact, asked=asked):
            self._remember(self._pairing.logged_out(self.clock.time()))
        elif asked:
            self._remember(self._pairing.proven())
        self._walk(choosing.of_logout(fact, asked=asked, pairing=self._pairing))

    def _lost(self, fact: protocol.PageFailed | protocol.BrowserGone) -> None:
        self._give_up_page(fact.reason or Reason.BROWSER_CRASHED, fact.text)

    def _pairing_code_shown(self, fact: protocol.PairingCodeShown) -> None:
        if self._standing.state is State.QR_REQUIRED:
            self._standing.change(pairing_code=fact.code)
        self._unanswered.told(fact, self._standing.state)

    def _sent(self, fact: protocol.Sent) -> None:
        self._remember(self._pairing.proven())
        self._answered(fact)

    def _answered(self, fact: Answer) -> None:
        self._unanswered.told(fact, self._standing.state)

    def _probed(self, fact: protocol.Probed) -> None:
        self._health.answered(fact.token)
        self._standing.change(healthy=self._is_healthy(self._standing.state), memory=fact.pss)
        ready = self._standing.state is State.READY
        quiet, self._traffic = ready and not self._traffic and not self._unanswered.sending, False
        if fact.pss is not None and self._memory.judge(fact.pss, self.now(), quiet=quiet) is Verdict.RESTART:
            self._memory = self._memory.restarted(self.now())
            self._give_up_page(Reason.MEMORY_LIMIT, self._memory.text(fact.pss))

    def _happened(self, fact: protocol.Happened) -> None:
        self._traffic = True
        self._journal.happened(self._client_id, fact)


_FACTS: dict[type, Callable[[Hearing, Any], None]] = {
    protocol.QrShown: Hearing._qr_shown,
    protocol.QrIdle: Hearing._qr_idle,
    protocol.QrScanned: Hearing._walk,
    protocol.PairingCodeShown: Hearing._pairing_code_shown,
    protocol.PairingCodeRefused: Hearing._answered,
    protocol.Ready: Hearing._ready,
    protocol.LinkLost: Hearing._link_lost,
    protocol.LinkResumed: Hearing._walk,
    protocol.LoggedOut: Hearing._logged_out,
    protocol.Banned: Hearing._walk,
    protocol.Conflict: Hearing._walk,
    protocol.Blocked: Hearing._walk,
    protocol.PageFailed: Hearing._lost,
    protocol.BrowserGone: Hearing._lost,
    protocol.Probed: Hearing._probed,
    protocol.Sent: Hearing._sent,
    protocol.SendRefused: Hearing._answered,
    protocol.SendUnsettled: Hearing._answered,
    protocol.LookedUp: Hearing._answered,
    protocol.ScreenshotTaken: Hearing._answered,
    protocol.Happened: Hearing._happened,
}
