"""One WhatsApp client: the shell that walks the tables of `lifecycle`.

Everything here runs in the client's own thread, one message after the other. Nothing blocks: long work is ordered from
the page and comes back as a fact. Questions are answered from what is known, never from the browser.

A page that was closed is not listened to any more (`Generation`), but waited for when the client ends: an actor is
never gone before its processes are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from actors.clients import lifecycle, protocol
from actors.clients.errors import LogOutFailed, NotReady, PairingUnavailable, ShuttingDown, StartUnderWay
from actors.clients.health import Health, ProbeDue, ProbeLate
from actors.clients.lifecycle import OVERDUE, AttemptDue, Effect, Exhausted, Lost, Patience, PatienceOver, StartFailed
from actors.clients.ports import Transition, Unrecorded
from actors.clients.protocol import FromPage, Qr, Status
from actors.clients.sending import Sending, SendLate
from actors.clients.types import ABSENT, STARTING, ClientId, Generation, Origin, Reason, Seconds, State
from actors.clients.waiting import Waiting, WaitOver
from actors.runtime import Actor, Refusal

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.ports import Browser, Journal, Page, Tell
    from actors.runtime import ReplyTo

_GRACELESS = frozenset({Reason.BROWSER_HUNG, Reason.BROWSER_DEAF})
"""Pages that would not hear a polite request to close."""

_LOGGED_IN = frozenset({State.RECONNECTING, State.READY, State.DISCONNECTED_RECOVERABLE})
"""A code shown in these means that a login which was there is void."""


@dataclass(frozen=True, slots=True)
class Times:
    """The waits of a client, in seconds."""

    patience: Patience = field(default_factory=Patience)
    send: Seconds = 30.0
    log_out: Seconds = 15.0
    close: Seconds = 15.0
    probe_interval: Seconds = 15.0
    probe_timeout: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class LogOutLate:
    """Timer: WhatsApp Web has not confirmed a logout in time."""


@dataclass(frozen=True, slots=True)
class CloseLate:
    """Timer: a page that was told to close is still there. First it is killed, then given up."""

    killed: bool


class Client(Actor):
    """The actor of one client number. Started by the supervisor only, so that there is at most one."""

    def __init__(
        self,
        client_id: ClientId,
        browser: Browser,
        supervisor: ActorRef[Any] | None,
        *,
        journal: Journal | None = None,
        times: Times | None = None,
        status: Status | None = None,
    ) -> None:
        super().__init__(name=f"client-{client_id}")
        self._browser, self._supervisor = browser, supervisor
        self._journal: Journal = journal or Unrecorded()
        self._times = times or Times()
        self._status = status or Status(client_id)
        self._waiting = Waiting(self)
        self._sending = Sending(self, self._times.send)
        self._health = Health(self, self._times.probe_interval, self._times.probe_timeout)
        self._page: Page | None = None
        self._generation = Generation(0)
        self._leaving: dict[Generation, Page] = {}
        self._caller_waits = False
        self._closing: protocol.Close | None = None
        self._log_out_askers: list[ReplyTo] = []
        self._pairing_askers: list[ReplyTo] = []
        self._screenshot_askers: list[ReplyTo] = []

    def started(self) -> None:
        """Bind the client's number to every line it logs."""
        self.log = self.log.bind(client=self._status.client_id)

    def receive(self, message: object) -> object:
        """Hand the message to its handler: the table below is the whole vocabulary of a client."""
        handler = _HANDLERS.get(type(message))
        return super().receive(message) if handler is None else handler(self, message)

    # --- questions and commands --------------------------------------------------------------------------------------

    def _get_status(self, _: protocol.GetStatus) -> Status:
        return self._status

    def _await_state(self, question: protocol.AwaitState) -> Status | None:
        return self._waiting.add(question, self._status)

    def _start(self, order: protocol.Start) -> None:
        answer = self._start_outcome(order.origin)
        if order.reply_to is None:
            return
        if isinstance(answer, Refusal):
            order.reply_to.refuse(answer)
        else:
            order.reply_to.answer(answer)

    def _start_outcome(self, origin: Origin) -> protocol.Started | protocol.AlreadyRunning | Refusal:
        if self._closing is not None:
            return ShuttingDown()
        if self._status.state in STARTING:
            return StartUnderWay(self._status.client_id)
        if self._status.state not in ABSENT:
            return protocol.AlreadyRunning(self._status)
        self._caller_waits = origin is Origin.CALLER
        self._change(reconnection_attempts=0, restricted_until=None, phone=None)
        stored = self._browser.has_login(self._status.client_id)
        self._walk(lifecycle.StartStored() if stored else lifecycle.StartFresh())
        return protocol.Started(self._status)

    def _send_text(self, message: protocol.SendText) -> None:
        self._sending.send(self._ready_page(), message)

    def _log_out(self, _: protocol.LogOut) -> None:
        page = self._ready_page()
        self._log_out_askers.append(self.defer())
        self.start_timer("log-out", self._times.log_out, LogOutLate())
        page.log_out()

    def _request_pairing_code(self, order: protocol.RequestPairingCode) -> None:
        if self._page is None or self._status.state is not State.QR_REQUIRED:
            raise PairingUnavailable(
                f"A pairing code can be asked for in QR_REQUIRED only, not in {self._status.state}"
            )
        self._pairing_askers.append(self.defer())
        self._page.request_pairing_code(order.phone)

    def _take_screenshot(self, _: protocol.TakeScreenshot) -> None:
        if self._page is None:
            raise NotReady(self._status.state)
        self._screenshot_askers.append(self.defer())
        self._page.take_screenshot()

    def _ready_page(self) -> Page:
        if self._status.state is not State.READY or self._page is None or self._closing is not None:
            raise NotReady(self._status.state)
        return self._page

    # --- the end of a client -----------------------------------------------------------------------------------------

    def _end(self, order: protocol.Close) -> None:
        if self._closing is not None:
            self._closing = protocol.Close(forget=self._closing.forget or order.forget)
            return
        self._closing = order
        self.cancel_timer("patience")
        self.cancel_timer("attempt")
        if order.forget and self._page is not None and self._status.state is State.READY:
            self.start_timer("log-out", self._times.log_out, LogOutLate())
            self._page.log_out()
        else:
            self._leave()

    def _leave(self) -> None:
        """Close what is open, answer whoever waits, and stop once every process is gone."""
        self._waiting.end(self._status)
        self._close_page()
        if self._closing is not None and self._closing.forget:
            self._browser.drop_login(self._status.client_id)
        self.start_timer("close", self._times.close, CloseLate(killed=False))
        self._stop_if_alone()

    def _stop_if_alone(self) -> None:
        if self._closing is not None and self._page is None and not self._leaving:
            self.stop()

    def _close_late(self, late: CloseLate) -> None:
        if late.killed:
            self.log.error("page.never_gone", pages=len(self._leaving))
            self.stop()
            return
        for page in self._leaving.values():
            page.kill()
        self.start_timer("close", self._times.close, CloseLate(killed=True))

    # --- facts of the page -------------------------------------------------------------------------------------------

    def _hear(self, envelope: FromPage) -> None:
        """Listen to the present page only; of an older one only its end matters."""
        fact = envelope.fact
        if isinstance(fact, protocol.BrowserGone):
            self._leaving.pop(envelope.generation, None)
        if envelope.generation == self._generation and self._page is not None:
            _FACTS[type(fact)](self, fact)
            self._change(last_event_at=self.clock.time())
        self._stop_if_alone()

    def _qr_shown(self, fact: protocol.QrShown) -> None:
        self._caller_waits = False
        self._change(qr=Qr(fact.code, self.clock.time() + fact.lifetime))
        self._walk(fact)

    def _ready(self, fact: protocol.Ready) -> None:
        self._caller_waits = False
        self._change(phone=fact.phone, restricted_until=None, reconnection_attempts=0)
        self._walk(fact)

    def _link_lost(self, fact: protocol.LinkLost) -> None:
        self._change(restricted_until=fact.until)
        if fact.until is not None and self._status.state is State.INITIALIZING:
            self._walk(StartFailed(fact.reason, fact.text))  # a restricted number cannot finish its pairing
        else:
            self._walk(fact)

    def _logged_out(self, fact: protocol.LoggedOut) -> None:
        asked = bool(self._log_out_askers) or self._closing is not None
        self._walk(replace(fact, reason=Reason.LOGGED_OUT_BY_API) if asked else fact)
        self._log_out_settled()

    def _log_out_settled(self) -> None:
        self.cancel_timer("log-out")
        out = self._status.state is State.DISCONNECTED_LOGOUT
        for asker in self._take(self._log_out_askers):
            if out:
                asker.answer(self._status)
            else:
                asker.refuse(
                    LogOutFailed(f"WhatsApp Web did not confirm the logout. Current state: {self._status.state}")
                )
        if self._closing is not None:
            self._leave()

    def _lost(self, fact: protocol.PageFailed | protocol.BrowserGone) -> None:
        """The page is of no use any more."""
        reason = fact.reason or Reason.BROWSER_CRASHED
        if isinstance(fact, protocol.BrowserGone):
            self._page = None
        self._give_up_page(reason, fact.text)

    def _give_up_page(self, reason: Reason, text: str) -> None:
        kind = StartFailed if self._caller_waits and self._status.state in STARTING else Lost
        self._walk(kind(reason, text))

    def _pairing_code_shown(self, fact: protocol.PairingCodeShown) -> None:
        self._change(pairing_code=fact.code)
        for asker in self._take(self._pairing_askers):
            asker.answer(fact)

    def _pairing_code_refused(self, fact: protocol.PairingCodeRefused) -> None:
        for asker in self._take(self._pairing_askers):
            asker.refuse(PairingUnavailable(fact.why))

    def _screenshot_taken(self, fact: protocol.ScreenshotTaken) -> None:
        for asker in self._take(self._screenshot_askers):
            if fact.png is not None:
                asker.answer(protocol.Screenshot(fact.png))
            else:
                asker.refuse(NotReady(self._status.state))

    def _probed(self, fact: protocol.Probed) -> None:
        self._health.answered(fact.token)
        self._change(healthy=self._is_healthy())

    def _settled(self, fact: protocol.Sent | protocol.SendRefused | protocol.SendUnsettled) -> None:
        self._sending.settle(fact)

    def _happened(self, fact: protocol.Happened) -> None:
        self._journal.happened(self._status.client_id, fact)

    # --- timers ------------------------------------------------------------------------------------------------------

    def _patience_over(self, event: PatienceOver) -> None:
        if self._status.state in STARTING:
            self._give_up_page(event.reason, event.text)
        else:
            self._walk(event)

    def _probe_due(self, _: ProbeDue) -> None:
        if self._page is not None:
            self._health.probe(self._page)

    def _probe_late(self, _: ProbeLate) -> None:
        hung = self._health.missed()
        self._change(healthy=False)
        if hung:
            self._give_up_page(Reason.BROWSER_HUNG, "The page did not answer two probes in a row")

    def _log_out_late(self, _: LogOutLate) -> None:
        self._log_out_settled()

    def _send_late(self, late: SendLate) -> None:
        self._sending.late(late.order)

    def _wait_over(self, over: WaitOver) -> None:
        self._waiting.over(over.ticket, self._status)

    # --- reconnection, granted by the supervisor ---------------------------------------------------------------------

    def _reconnect_granted(self, grant: protocol.ReconnectGranted) -> None:
        if self._status.state is State.DISCONNECTED_RECOVERABLE and self._page is None and self._closing is None:
            self.cancel_timer("patience")
            self.start_timer("attempt", grant.delay, AttemptDue())
            self._change(reconnection_attempts=grant.attempt, next_attempt_at=self.clock.time() + grant.delay)

    def _reconnect_refused(self, refusal: protocol.ReconnectRefused) -> None:
        self._walk(Exhausted(refusal.reason, refusal.text))

    # --- walking the table -------------------------------------------------------------------------------------------

    def _walk(self, event: lifecycle.Event) -> None:
        """Decide the event by the table, publish the new state, then perform what it asks for."""
        before = self._status.state
        decision = lifecycle.step(before, event)
        if not decision.moved:
            return
        self._enter(before, decision.state, event)
        for effect in decision.effects:
            _EFFECTS[effect](self, event)
        self._waiting.changed(self._status)

    def _enter(self, before: State, after: State, event: lifecycle.Event) -> None:
        reason, text = self._why(event)
        if after is State.QR_REQUIRED and before is after:
            self._change(reason=reason, reason_text=text)
            return
        self._change(
            state=after,
            reason=reason,
            reason_text=text,
            since=self._status.since if before is after else self.clock.time(),
            next_attempt_at=None,
            qr=self._status.qr if after is State.QR_REQUIRED else None,
            pairing_code=self._status.pairing_code if after is State.QR_REQUIRED else None,
        )
        self._change(healthy=self._is_healthy())
        self._arm_patience()
        if before is not after or reason is not None:
            self._announce(
                Transition(self._status.client_id, before, after, type(event).__name__, reason, text, self.clock.time())
            )

    def _why(self, event: lifecycle.Event) -> tuple[Reason | None, str | None]:
        """The reason an event gives; on the way back to READY the reason for having left it stays readable."""
        match event:
            case AttemptDue() | protocol.LinkResumed():
                return self._status.reason, self._status.reason_text
            case protocol.QrShown() if self._status.state in _LOGGED_IN:
                return Reason.LOGIN_REFUSED, "WhatsApp Web no longer accepts the stored login"
            case protocol.Conflict(text=text):
                return Reason.CONFLICT, text
            case _:
                return getattr(event, "reason", None), getattr(event, "text", None)

    def _announce(self, transition: Transition) -> None:
        self.log.info(
            "client.state",
            before=transition.before,
            after=transition.after,
            event_type=transition.event,
            reason=transition.reason,
            text=transition.text,
        )
        self._journal.changed(transition)
        if self._supervisor is not None:
            self._supervisor.tell(protocol.StatusChanged(self._status))

    def _arm_patience(self) -> None:
        """Give the state its deadline: a restriction with a known end is waited out first."""
        self.cancel_timer("patience")
        state = self._status.state
        seconds = self._times.patience.of(state)
        if seconds is not None and self._closing is None:
            restricted = max(0.0, (self._status.restricted_until or 0.0) - self.clock.time())
            self.start_timer("patience", restricted + seconds, PatienceOver(*OVERDUE[state]))

    def _is_healthy(self) -> bool:
        return self._status.state is State.READY and self._health.healthy

    def _change(self, **fields: Any) -> None:
        """Publish a new Status if anything differs; the same object is answered until then."""
        changed = replace(self._status, **fields)
        if changed != self._status:
            self._status = changed

    # --- effects -----------------------------------------------------------------------------------------------------

    def _open_page(self, _: lifecycle.Event) -> None:
        self._generation = Generation(self._generation + 1)
        self._page = self._browser.open(self._status.client_id, self._listener(self._generation))
        self._health.watch()

    def _listener(self, generation: Generation) -> Tell:
        ref = self.actor_ref

        def listen(fact: protocol.PageFact) -> None:
            with suppress(ActorDeadError):  # the page of an actor that crashed still says that it is gone
                ref.tell(FromPage(generation, fact))

        return listen

    def _close_page(self, event: lifecycle.Event | None = None) -> None:
        """Let go of the page: it is not heard any more, but remembered until its processes are gone."""
        self._health.rest()
        self._sending.page_gone()
        page, self._page = self._page, None
        if page is not None:
            self._leaving[self._generation] = page
            graceless = isinstance(event, Lost | StartFailed) and event.reason in _GRACELESS
            page.kill() if graceless else page.close()
        for askers in (self._pairing_askers, self._screenshot_askers):
            for asker in self._take(askers):
                asker.refuse(NotReady(self._status.state))

    def _refresh_qr(self, _: lifecycle.Event) -> None:
        if self._page is not None:
            self._page.refresh_qr()

    def _keep_login(self, _: lifecycle.Event) -> None:
        self._browser.keep_login(self._status.client_id)

    def _drop_login(self, _: lifecycle.Event) -> None:
        self._browser.drop_login(self._status.client_id)

    def _want_reconnect(self, event: lifecycle.Event) -> None:
        if self._closing is None and self._supervisor is not None:
            self.cancel_timer("patience")
            reason, text = self._why(event)
            wish = protocol.ReconnectWanted(self._status.client_id, reason or Reason.BROWSER_CRASHED, text or "")
            self._supervisor.tell(wish)

    @staticmethod
    def _take(askers: list[ReplyTo]) -> list[ReplyTo]:
        taken = askers.copy()
        askers.clear()
        return taken

    def closed(self, cause: BaseException | None) -> None:
        """Whatever ended the actor, no browser outlives it."""
        for page in (*self._leaving.values(), *([self._page] if self._page else [])):
            page.kill()


_HANDLERS: dict[type, Callable[[Client, Any], object]] = {
    FromPage: Client._hear,
    protocol.GetStatus: Client._get_status,
    protocol.AwaitState: Client._await_state,
    protocol.Start: Client._start,
    protocol.SendText: Client._send_text,
    protocol.LogOut: Client._log_out,
    protocol.RequestPairingCode: Client._request_pairing_code,
    protocol.TakeScreenshot: Client._take_screenshot,
    protocol.ReconnectGranted: Client._reconnect_granted,
    protocol.ReconnectRefused: Client._reconnect_refused,
    protocol.Close: Client._end,
    AttemptDue: Client._walk,
    PatienceOver: Client._patience_over,
    ProbeDue: Client._probe_due,
    ProbeLate: Client._probe_late,
    SendLate: Client._send_late,
    WaitOver: Client._wait_over,
    LogOutLate: Client._log_out_late,
    CloseLate: Client._close_late,
}

_FACTS: dict[type, Callable[[Client, Any], None]] = {
    protocol.QrShown: Client._qr_shown,
    protocol.QrIdle: Client._walk,
    protocol.QrScanned: Client._walk,
    protocol.PairingCodeShown: Client._pairing_code_shown,
    protocol.PairingCodeRefused: Client._pairing_code_refused,
    protocol.Ready: Client._ready,
    protocol.LinkLost: Client._link_lost,
    protocol.LinkResumed: Client._walk,
    protocol.LoggedOut: Client._logged_out,
    protocol.Banned: Client._walk,
    protocol.Conflict: Client._walk,
    protocol.Blocked: Client._walk,
    protocol.PageFailed: Client._lost,
    protocol.BrowserGone: Client._lost,
    protocol.Probed: Client._probed,
    protocol.Sent: Client._settled,
    protocol.SendRefused: Client._settled,
    protocol.SendUnsettled: Client._settled,
    protocol.ScreenshotTaken: Client._screenshot_taken,
    protocol.Happened: Client._happened,
}

_EFFECTS: dict[Effect, Callable[[Client, lifecycle.Event], None]] = {
    Effect.OPEN_PAGE: Client._open_page,
    Effect.CLOSE_PAGE: Client._close_page,
    Effect.REFRESH_QR: Client._refresh_qr,
    Effect.KEEP_LOGIN: Client._keep_login,
    Effect.DROP_LOGIN: Client._drop_login,
    Effect.WANT_RECONNECT: Client._want_reconnect,
}
