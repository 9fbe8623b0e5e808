"""One WhatsApp client: what callers, the supervisor and its own timers have it do.

Everything here runs in the client's own thread, one message after the other. Nothing blocks: long work is ordered from
the page and comes back as a fact. Questions are answered from what is known, never from the browser.

    walking     how it walks the tables of `lifecycle`        hearing  what its page says
    choosing    which event of the tables something is (pure)
    standing    what the client is, in public                 pages    which page is heard, which are still leaving
    unanswered  what callers have asked                       health   whether the page answers
    ending      how far the client has ended                  memory   whether it has grown too big
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.clients import choosing, protocol
from actors.clients.asking import AnswerLate
from actors.clients.ending import Overdue, Step
from actors.clients.errors import NotReady, PairingUnavailable, ShuttingDown, StartUnderWay
from actors.clients.events import AttemptDue, Exhausted, PatienceOver
from actors.clients.health import ProbeDue, ProbeLate
from actors.clients.hearing import Hearing
from actors.clients.protocol import FromPage, Status
from actors.clients.sending import SendLate
from actors.clients.types import ABSENT, STARTING, Origin, Reason, State
from actors.clients.unanswered import Late
from actors.clients.waiting import WaitOver
from actors.runtime import Refusal

if TYPE_CHECKING:
    from actors.clients.ports import Page


class Client(Hearing):
    """The actor of one client number. Started by the supervisor only, so that there is at most one.

    `memory_limit` is in bytes of PSS over the browser's process tree, 0 for none; `status` is what it is to begin with.
    """

    def receive(self, message: object) -> object:
        """Hand the message to its handler: the table below is the whole vocabulary of a client."""
        handler = _HANDLERS.get(type(message))
        return super().receive(message) if handler is None else handler(self, message)

    # --- questions and commands ---------------------------------------------------------------------------------------

    def _get_status(self, _: protocol.GetStatus) -> Status:
        return self._standing.status

    def _await_state(self, question: protocol.AwaitState) -> Status | None:
        return self._unanswered.wait(question, self._standing.status)

    def _start(self, order: protocol.Start) -> None:
        answer = self._start_outcome(order)
        if order.reply_to is None:
            return
        if isinstance(answer, Refusal):
            order.reply_to.refuse(answer)
        else:
            order.reply_to.answer(answer)

    def _start_outcome(self, order: protocol.Start) -> protocol.Started | protocol.AlreadyRunning | Refusal:
        if self._ending.order is not None:
            return ShuttingDown()
        if self._standing.state in STARTING:
            return StartUnderWay(self._client_id)
        if self._standing.state not in ABSENT:
            return protocol.AlreadyRunning(self._standing.status)
        self._pairing = order.pairing
        self._caller_waits = order.origin is Origin.CALLER
        self._caused_by(order.cause)
        stored = self._has_login()
        phone = self._pairing.phone if stored else None
        self._standing.change(reconnection_attempts=0, restricted_until=None, phone=phone)
        self._walk(choosing.of_start(stored=stored))
        return protocol.Started(self._standing.status)

    def _send_text(self, message: protocol.SendText) -> None:
        page = self._ready_page()
        with message.cause.naming():  # the browser takes it over: what it logs of this message names the call too
            self.log.debug("client.sending", order=message.message_id)
            self._unanswered.send(page, message)
        self._traffic = True

    def _look_up(self, question: protocol.LookUp) -> None:
        self._unanswered.look_up(self._ready_page(), question)

    def _log_out(self, _: protocol.LogOut) -> None:
        self._unanswered.log_out(self._ready_page())

    def _request_pairing_code(self, order: protocol.RequestPairingCode) -> None:
        page, state = self._pages.present, self._standing.state
        if page is None or state is not State.QR_REQUIRED:
            raise PairingUnavailable(f"A pairing code can be asked for in QR_REQUIRED only, not in {state}")
        self._unanswered.pairing_code(page, order.phone)

    def _take_screenshot(self, _: protocol.TakeScreenshot) -> None:
        page = self._pages.present
        if page is None:
            raise NotReady(self._standing.state)
        self._unanswered.picture(page)

    def _ready_page(self) -> Page:
        page = self._pages.present
        if self._ending.order is not None:
            raise NotReady(State.NOT_INITIALIZED)
        if self._standing.state is not State.READY or page is None:
            raise NotReady(self._standing.state)
        return page

    # --- the end of a client ------------------------------------------------------------------------------------------

    def _end(self, order: protocol.Close) -> None:
        if not self._ending.take(order):
            return
        if order.forget and self._standing.state is State.READY:
            self._ending.log_out()
        if not self._ending.logging_out:
            self._leave()

    def _overdue(self, late: Overdue) -> None:
        if late.step is Step.LOG_OUT:
            self._leave()
        else:
            self._ending.overdue()

    # --- timers -------------------------------------------------------------------------------------------------------

    def _patience_over(self, event: PatienceOver) -> None:
        if self._standing.state in STARTING:
            self._give_up_page(event.reason, event.text)
        else:
            self._walk(event)

    def _attempt_due(self, _: AttemptDue) -> None:
        self._walk(choosing.of_attempt(stored=self._has_login()))

    def _probe_due(self, _: ProbeDue) -> None:
        if self._pages.present is not None:
            self._health.probe(self._pages.present)

    def _probe_late(self, _: ProbeLate) -> None:
        hung = self._health.missed()
        self._standing.change(healthy=False)
        if hung:
            self._give_up_page(Reason.BROWSER_HUNG, "The page did not answer two probes in a row")

    def _late(self, timer: Late) -> None:
        self._unanswered.late(timer, self._standing.status)

    # --- reconnection, granted by the supervisor ----------------------------------------------------------------------

    def _reconnect_granted(self, grant: protocol.ReconnectGranted) -> None:
        if self._standing.state is State.DISCONNECTED_RECOVERABLE and self._pages.present is None:
            delay = max(grant.delay, self._standing.restricted())
            self.cancel_timer("patience")
            self.start_timer("attempt", delay, AttemptDue())
            self._standing.change(reconnection_attempts=grant.attempt, next_attempt_at=self.clock.time() + delay)

    def _reconnect_refused(self, refusal: protocol.ReconnectRefused) -> None:
        self._walk(Exhausted(refusal.reason, refusal.text))


_HANDLERS: dict[type, Callable[[Client, Any], object]] = {
    FromPage: Client._hear,
    protocol.GetStatus: Client._get_status,
    protocol.AwaitState: Client._await_state,
    protocol.Start: Client._start,
    protocol.SendText: Client._send_text,
    protocol.LookUp: Client._look_up,
    protocol.LogOut: Client._log_out,
    protocol.RequestPairingCode: Client._request_pairing_code,
    protocol.TakeScreenshot: Client._take_screenshot,
    protocol.ReconnectGranted: Client._reconnect_granted,
    protocol.ReconnectRefused: Client._reconnect_refused,
    protocol.Close: Client._end,
    AttemptDue: Client._attempt_due,
    PatienceOver: Client._patience_over,
    ProbeDue: Client._probe_due,
    ProbeLate: Client._probe_late,
    SendLate: Client._late,
    WaitOver: Client._late,
    AnswerLate: Client._late,
    Overdue: Client._overdue,
}
