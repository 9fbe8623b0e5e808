"""One WhatsApp client: it handles callers, the supervisor, its page and its own timers.

Everything here runs in the client's own thread, one message after the other. Nothing blocks: long work is ordered from
the page and comes back as a fact. Questions are answered from the known status, never from the browser.

    lifecycle     the tables of events and states (pure)       status_board  the public state of the client
    pending       the open questions of callers                pages         the present page, and those that close
    health        the checks of page, server and memory        updates       planned reloads for updates
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from actors.clients import lifecycle, operations, protocol
from actors.clients.bans import BanEvidence
from actors.clients.correlation import UNCAUSED, Correlation
from actors.clients.errors import AccountDiffers, NotReady, PageOutdated, ShuttingDown, StartUnderWay
from actors.clients.events import AccountEvent, ClientQrRenewed, ClientRestricted
from actors.clients.health import Health, MemoryLimit, ProbeDue, ProbeLate, ServerDue, Verdict
from actors.clients.lifecycle import Action, AttemptDue, Closed, Event, Exhausted, PatienceOver, UpdateBegun
from actors.clients.operations import Operation
from actors.clients.operations.account import PairingCode, RefreshQr
from actors.clients.operations.messages import Sent
from actors.clients.pages import Ending, EndStep, Overdue, Pages
from actors.clients.pending import DeadlineOver, Pending
from actors.clients.policy import Times
from actors.clients.ports import Unrecorded
from actors.clients.protocol import FromPage, Qr, Restriction, Status
from actors.clients.status_board import StatusBoard
from actors.clients.types import (
    ABSENT,
    PERHAPS_LINKED,
    RECOVERABLE,
    STARTING,
    UNNAMED,
    ClientId,
    LinkedAccount,
    Origin,
    Reason,
    State,
)
from actors.clients.updates import UpdateDue, UpdateLate, Updates
from actors.runtime import Actor, Refusal

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.ports import Browser, Journal, Page

_OF_A_START = STARTING | {State.QR_REQUIRED}
"""The states a client passes because of the call that started it."""
_GRACELESS = frozenset({Reason.BROWSER_HUNG, Reason.BROWSER_DEAF})
"""Pages that could not take a polite request to close."""


@dataclass(frozen=True, slots=True)
class RestrictionOver:
    """Timer: the end of a restriction, as reported by WhatsApp."""


@dataclass(frozen=True, slots=True)
class ReloadLate:
    """Timer: a page that showed codes was reloaded, and shows none yet."""


class Client(Actor):
    """The actor of one client number. Started by the supervisor only, so that there is at most one.

    `memory_limit` is in bytes of PSS over the browser's process tree, 0 for none; `status` is the initial status.
    """

    def __init__(
        self,
        client_id: ClientId,
        browser: Browser,
        supervisor: ActorRef[Any] | None,
        *,
        journal: Journal | None = None,
        times: Times | None = None,
        memory_limit: int = 0,
        status: Status | None = None,
    ) -> None:
        super().__init__(name=f"client-{client_id}")
        times = times or Times()
        self._client_id, self._browser = client_id, browser
        self._journal: Journal = journal or Unrecorded()
        self._board = StatusBoard(
            self,
            status or Status(client_id),
            patience=times.patience,
            journal=self._journal,
            supervisor=supervisor,
        )
        self._pages = Pages(browser, client_id, self.actor_ref)
        self._health = Health(self, times.probe_interval, times.probe_timeout, times.server_check)
        self._updates = Updates(self, client_id, times.update_within, times.update_quiet)
        self._start_patience = times.patience.start
        self._memory = MemoryLimit(memory_limit)
        self._pending = Pending(self, times)
        self._ending = Ending(self, self._pages, times)
        self._pairing = BanEvidence()
        self._scanned = False
        """True from the scan of a code until it is known what became of it: a device may be on the phone."""
        self._has_turn = False
        """True if the page of the present start may be opened at once."""
        self._waits_for_turn = False
        """True from the wish for a page until it may be opened."""
        self._caller_waits = False
        """True if a caller waits for the outcome of the present start."""
        self._traffic = False
        """True if a message was sent or received since the last probe was answered."""

    @property
    def published(self) -> Status:
        """The newest Status. Any thread."""
        return self._board.status

    def started(self) -> None:
        """Bind the client's number to every line it logs."""
        self.log = self.log.bind(client=self._client_id)

    def closed(self, cause: BaseException | None) -> None:
        """Kill the pages: no browser outlives its actor."""
        self._pages.kill()

    def receive(self, message: object) -> object:
        """Hand the message to its handler: the table below is the vocabulary of a client, besides its operations."""
        handler = _HANDLERS.get(type(message))
        if handler is not None:
            return handler(self, message)
        if isinstance(message, Operation):
            self._perform(protocol.Perform(message))
            return None
        return super().receive(message)

    # --- questions and commands ---------------------------------------------------------------------------------------

    def _get_status(self, _: protocol.GetStatus) -> Status:
        return self._board.status

    def _await_state(self, question: protocol.AwaitState) -> Status | None:
        return self._pending.wait(question, self._board.status)

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
        if self._waits_for_turn and not self._caller_waits:
            self._caller_waits = order.origin is Origin.CALLER
            self._caused_by(order.cause)
            self._want_turn()
            return protocol.Started(self._board.status)
        if self._board.state in STARTING:
            return StartUnderWay(self._client_id)
        if self._board.state not in ABSENT:
            return protocol.AlreadyRunning(self._board.status)
        self._pairing = order.pairing
        self._caller_waits = order.origin is Origin.CALLER
        self._caused_by(order.cause)
        self._has_turn = order.turn
        self._board.change(queue_position=order.place)
        stored = self._has_login()
        phone = self._pairing.phone if stored else None
        self._board.change(reconnection_attempts=0, restricted_until=None, phone=phone)
        self._walk(lifecycle.of_start(stored=stored))
        return protocol.Started(self._board.status)

    def _want_turn(self) -> None:
        """Ask for the turn to open the page; without a supervisor it is taken at once."""
        wish = protocol.TurnWanted(self._client_id, self._caller_waits)
        if not self._board.tell_supervisor(wish):
            self._take_turn()

    def _take_place(self, order: protocol.TakePlace) -> None:
        if self._waits_for_turn:
            self._board.change(queue_position=order.place)

    def _take_turn(self, _: object = None) -> None:
        """Open the page that waits for its turn; only now does the time of its start begin."""
        if self._waits_for_turn:
            self._no_turn()
            self._board.arm(self._board.state)
            with self._board.cause.naming():  # and so do the browser's log lines of this page, until it is ready
                self._pages.open()

    def _no_turn(self) -> None:
        """Wait for no turn any more."""
        self._waits_for_turn = self._has_turn = False
        self._board.change(queue_position=None)

    def _perform(self, order: protocol.Perform) -> None:
        operation = order.operation
        page = self._page_for(operation)
        self._refuse_another(order.account)
        with order.cause.naming():  # the browser takes the cause over: its log lines of this order name the call too
            if operation.effect is operations.Effect.SEND:
                self.log.debug("client.sending", order=order.order)
                self._traffic = True
                self._updates.traffic()
            self._pending.order(page, operation, order.order)

    def _page_for(self, operation: Operation[Any]) -> Page:
        page, state = self._pages.present, self._board.state
        if self._ending.order is not None:
            raise NotReady(State.NOT_INITIALIZED)
        if page is None or state not in operation.states:
            raise operation.unfit(state)
        contract = self._board.status.contract
        if contract is not None and operation.operation_name in contract.lost:
            raise PageOutdated(state, contract.text)
        return page

    def _refuse_another(self, account: LinkedAccount | None) -> None:
        """Refuse what is for another account than the one whose page this is."""
        if account is not None and account.named and not account.is_same(self._board.account):
            raise AccountDiffers(account, self._board.account)

    # --- the end of a client ------------------------------------------------------------------------------------------

    def _end(self, order: protocol.Close) -> None:
        if not self._ending.take(order):
            return
        if not (order.forget and order.log_out):
            self._leave()
        elif self._board.state is State.QR_REQUIRED and self._pages.present is not None:
            self._ending.look()
            self._health.probe(self._pages.present)
        elif self._has_login() or self._is_linked():
            self._connect()
        else:
            self._leave()

    def _is_linked(self) -> bool:
        """Return True if the page's device is on the phone, or about to be."""
        return self._board.state is State.READY or self._scanned

    def _looking(self) -> None:
        """Connect if the page has reported a scan; leave if it shows no code any more."""
        if self._is_linked():
            self._connect()
        elif self._board.state is not State.QR_REQUIRED or self._pages.present is None:
            self._leave()

    def _looked(self) -> None:
        """Leave a page that shows its code still: it reports a scan before it answers."""
        if self._ending.looking and self._board.state is State.QR_REQUIRED:
            self._leave()

    def _connect(self) -> None:
        """Become READY, to log out before the end; the client's own page does, or one that is opened for it."""
        self._ending.connect()
        if self._waits_for_turn:
            self._take_turn()
        elif self._board.state in ABSENT:
            self._walk(lifecycle.of_start(stored=True))
        elif self._pages.present is None:
            self._walk(AttemptDue())
        self._connecting()

    def _connecting(self) -> None:
        """Log out once the client is READY; leave if it cannot be any more."""
        if self._board.state is State.READY:
            self._ending.log_out()
        elif self._board.state not in RECOVERABLE or self._pages.present is None:
            self._leave()

    def _overdue(self, late: Overdue) -> None:
        if late.step is EndStep.LOOK:
            self._perhaps_linked()
        if late.step in (EndStep.LOOK, EndStep.CONNECT, EndStep.LOG_OUT):
            self._leave()
        else:
            self._ending.overdue()

    def _perhaps_linked(self) -> None:
        """Report that the phone may have linked a device of which nothing more will be heard."""
        self._board.tell_supervisor(protocol.PerhapsLinked(self._client_id))

    # --- timers -------------------------------------------------------------------------------------------------------

    def _patience_over(self, event: PatienceOver) -> None:
        contract = self._board.status.contract
        if self._board.state not in STARTING:
            self._walk(event)
        elif contract is not None and not contract.can_be_heard:
            self._give_up_page(Reason.WA_JS_OUTDATED, contract.text)
        else:
            self._give_up_page(event.reason, event.text)

    def _attempt_due(self, _: AttemptDue) -> None:
        self._walk(lifecycle.of_attempt(stored=self._has_login()))

    def _probe_due(self, _: ProbeDue) -> None:
        if self._pages.present is not None:
            self._health.probe(self._pages.present)

    def _probe_late(self, _: ProbeLate) -> None:
        hung = self._health.missed()
        self._board.change(healthy=False)
        if hung:
            self._give_up_page(Reason.BROWSER_HUNG, "The page did not answer two probes in a row")

    def _server_due(self, _: ServerDue) -> None:
        if self._pages.present is not None and self._board.state is State.READY:
            self._health.ask_server(self._pages.present)

    def _reload_late(self, _: ReloadLate) -> None:
        if self._board.state is State.QR_REQUIRED:
            self._give_up_page(Reason.START_TIMEOUT, "WhatsApp Web was loaded anew and did not come back in time")

    def _update_due(self, _: UpdateDue) -> None:
        free = self._board.state is State.READY and not self._pending.sending
        if self._updates.is_moment(free=free):
            self._walk(UpdateBegun())
            self._reload_page()

    def _update_late(self, _: UpdateLate) -> None:
        self._reload_page()

    def _reload_page(self) -> None:
        if self._pages.present is not None:
            self._pages.present.reload()

    def _late(self, timer: DeadlineOver) -> None:
        self._pending.late(timer, self._board.status)

    # --- reconnection, granted by the supervisor ----------------------------------------------------------------------

    def _reconnect_granted(self, grant: protocol.ReconnectGranted) -> None:
        if self._board.state is State.DISCONNECTED_RECOVERABLE and self._pages.present is None:
            delay = max(grant.delay, self._board.restricted())
            self.cancel_timer("patience")
            self.start_timer("attempt", delay, AttemptDue())
            self._board.change(reconnection_attempts=grant.attempt, next_attempt_at=self.clock.time() + delay)

    def _reconnect_refused(self, refusal: protocol.ReconnectRefused) -> None:
        self._walk(Exhausted(refusal.reason, refusal.text))

    # --- facts of the page --------------------------------------------------------------------------------------------

    def _hear(self, envelope: FromPage) -> None:
        """Take a fact of the present page only; then check if it was the last that an ending client waits for."""
        if self._pages.hears(envelope):
            if not isinstance(
                envelope.fact, protocol.PageLaunched | protocol.PageSettled
            ):  # such a page may not be loaded yet
                self._health.watch()
            kind = AccountEvent if isinstance(envelope.fact, AccountEvent) else type(envelope.fact)
            _FACTS[kind](self, envelope.fact)
            self._board.change(last_event_at=self.clock.time())
        elif self._ending.order is not None and isinstance(envelope.fact, protocol.QrScanned | protocol.Ready):
            self._perhaps_linked()
        if self._ending.looking:
            self._looking()
        if self._ending.connecting:
            self._connecting()
        if self._ending.logging_out and self._pages.present is None:
            self._leave()
        self._ending.stop_if_alone()

    def _reloaded(self, fact: protocol.PageReloaded) -> None:
        self._updates.rest()
        if self._board.state is State.QR_REQUIRED:
            self._board.change(qr=None)
            self.start_timer("reload", self._start_patience, ReloadLate())
        self._walk(fact)

    def _qr_scanned(self, fact: protocol.QrScanned) -> None:
        self._walk(fact)
        self._scanned = self._board.state is State.INITIALIZING

    def _update_wanted(self, fact: protocol.UpdateWanted) -> None:
        if not fact.hard:
            self._updates.wanted()
        elif self._updates.insisted():
            self._walk(UpdateBegun())
        else:
            self._give_up_page(Reason.VERSION_OUTDATED, "WhatsApp wants a newer page again, right after an update")

    def _server_answered(self, _: protocol.ServerAnswered) -> None:
        self._health.server_answered()
        self._show_health()

    def _server_silent(self, fact: protocol.ServerSilent) -> None:
        self._health.server_silent(fact.token, self.clock.time())
        self.log.warning("client.server_silent", text=fact.why)
        self._show_health()

    def _show_health(self) -> None:
        self._board.change(healthy=self._is_healthy(self._board.state), server_silent_since=self._health.silent_since)

    def _launched(self, _: protocol.PageLaunched) -> None:
        self._board.tell_supervisor(protocol.Launched(self._client_id))

    def _settled(self, _: protocol.PageSettled) -> None:
        self._board.tell_supervisor(protocol.LoadEnded(self._client_id))

    def _qr_shown(self, fact: protocol.QrShown) -> None:
        self.cancel_timer("reload")
        before, shown = self._board.status.qr, Qr(fact.code, self.clock.time() + fact.lifetime)
        self._board.change(qr=shown)
        self._walk(fact)
        if before is not None and before.code != fact.code:
            self._journal.happened(self._client_id, ClientQrRenewed({"expires_at": shown.expires_at}))

    def _qr_void(self, _: protocol.QrVoid) -> None:
        self._board.change(qr=None)

    def _qr_idle(self, fact: protocol.QrIdle) -> None:
        self._board.change(qr=None)
        self._walk(fact)

    def _ready(self, fact: protocol.Ready) -> None:
        phone = fact.phone or self._pairing.phone
        self._board.account = LinkedAccount(phone, fact.lid, fact.push_name)
        self._board.change(phone=phone, restricted_until=None, reconnection_attempts=0)
        self._walk(fact)
        self._remember(self._pairing.linked(phone))

    def _contract_read(self, fact: protocol.ContractRead) -> None:
        if fact.contract != self._board.status.contract:
            self._journal.contract_read(self._client_id, fact.contract)
        self._board.understand(fact.contract)

    def _link_lost(self, fact: protocol.LinkLost) -> None:
        fact = replace(fact, until=lifecycle.believable(fact.until, self.clock.time()))
        event = lifecycle.of_link_lost(fact, self._board.state, restricted=self._board.restricted() > 0)
        if event is not None:
            if fact.until is not None:
                self._board.change(restricted_until=fact.until)
            self._walk(event)

    def _logged_out(self, fact: protocol.LoggedOut) -> None:
        asked = self._pending.logging_out or self._ending.logging_out
        if lifecycle.is_from_outside(fact, asked=asked):
            self._remember(self._pairing.logged_out(self.clock.time()))
        elif asked:
            self._remember(self._pairing.proven())
        self._walk(lifecycle.of_logout(fact, asked=asked, pairing=self._pairing))

    def _lost(self, fact: protocol.PageFailed | protocol.BrowserGone) -> None:
        self._give_up_page(fact.reason or Reason.BROWSER_CRASHED, fact.text)

    def _answered(self, fact: protocol.Answered) -> None:
        match fact.value:
            case Sent():
                self._remember(self._pairing.proven())
            case PairingCode():
                self._pairing_code_renewed(fact.value)
        self._hand_on(fact)

    def _pairing_code_renewed(self, shown: protocol.PairingCodeRenewed | PairingCode) -> None:
        if self._board.state is State.QR_REQUIRED:
            until = self.clock.time() + shown.lifetime
            self._board.change(pairing_code=shown.code, pairing_code_expires_at=until, reason=None, reason_text=None)

    def _pairing_hindered(self, fact: protocol.PairingHindered) -> None:
        if fact.reason is not Reason.PASSKEY_REQUIRED:
            self._board.change(pairing_code=None, pairing_code_expires_at=None)
        self._walk(fact)

    def _hand_on(self, fact: protocol.Answered | protocol.Refused | protocol.OutcomeUnknown) -> None:
        self._pending.answered(fact, self._board.state)

    def _probed(self, fact: protocol.Probed) -> None:
        if self._health.answered(fact.token):
            self._looked()
        self._show_health()
        self._board.change(memory=fact.pss)
        ready = self._board.state is State.READY
        quiet, self._traffic = ready and not self._traffic and not self._pending.sending, False
        if fact.pss is not None and self._memory.judge(fact.pss, self.now(), quiet=quiet) is Verdict.RESTART:
            self._memory = self._memory.restarted(self.now())
            self._give_up_page(Reason.MEMORY_LIMIT, self._memory.text(fact.pss))

    def _restriction_told(self, fact: protocol.RestrictionTold) -> None:
        """Take a restriction, which ends at its time, whether or not the page reports that."""
        now, before = self.clock.time(), self._board.status.restriction
        told = fact.restriction and replace(fact.restriction, until=lifecycle.believable(fact.restriction.until, now))
        self.cancel_timer("restriction")
        if told is not None and told.until is not None:
            self.start_timer("restriction", max(0.0, told.until - now), RestrictionOver())
        if told != before:
            self._board.change(restriction=told)
            self._journal.happened(self._client_id, ClientRestricted(_payload(told)))

    def _restriction_over(self, _: object = None) -> None:
        self._restriction_told(protocol.RestrictionTold(None))

    def _happened(self, fact: AccountEvent) -> None:
        self._traffic = True
        self._updates.traffic()
        self._journal.happened(self._client_id, fact)

    # --- the table of its life ----------------------------------------------------------------------------------------

    def _walk(self, event: Event) -> None:
        """Decide the event by the table, publish the new state, then perform its actions."""
        before, why = self._board.state, self._board.why(event)
        decision = lifecycle.step(before, event)
        if not decision.moved:
            return
        after = decision.state
        self._scanned &= after in PERHAPS_LINKED
        if after is State.QR_REQUIRED or Action.DROP_LOGIN in decision.actions:
            self._unlink()
        self._health.connected(ready=after is State.READY)
        self._board.enter(after, event, healthy=self._is_healthy(after))
        self._board.change(server_silent_since=self._health.silent_since)
        if after is not State.QR_REQUIRED:
            self.cancel_timer("reload")
        self._caller_waits &= after in STARTING
        if before is State.QR_REQUIRED and after in (State.INITIALIZING, State.READY):
            self._remember(self._pairing.paired(self.clock.time()))
        for action in decision.actions:
            _ACTIONS[action](self, *why)
        self._pending.changed(self._board.status)
        if after not in _OF_A_START:
            self._caused_by(UNCAUSED)

    def _caused_by(self, cause: Correlation) -> None:
        """Name the call that causes the next changes, in the log and in the journal."""
        self.log = self.log.try_unbind(*self._board.cause.named).bind(**cause.named)
        self._board.cause = cause

    def _has_login(self) -> bool:
        return self._browser.has_login(self._client_id)

    def _is_healthy(self, state: State) -> bool:
        return state is State.READY and self._health.healthy

    def _give_up_page(self, reason: Reason, text: str) -> None:
        """Give up the page, which is of no use any more."""
        self._walk(lifecycle.of_loss(reason, text, caller_waits=self._caller_waits))

    def _remember(self, pairing: BanEvidence) -> None:
        if pairing != self._pairing:
            self._pairing = pairing
            self._board.tell_supervisor(protocol.PairingChanged(self._client_id, pairing))

    def _unlink(self) -> None:
        """Clear the number of a void login, before anybody sees the new state."""
        self._board.account = UNNAMED
        self._board.change(phone=None)
        self._restriction_over()
        self._remember(self._pairing.unlinked())

    def _leave(self) -> None:
        """Close everything open, answer every asker, and stop once every process is gone."""
        self._caused_by(UNCAUSED)
        self._no_turn()
        self._board.change(reconnection_attempts=0, restricted_until=None, phone=None)
        self._restriction_over()
        self._walk(Closed())
        self._pending.ended(self._board.status)
        if self._ending.order is not None and self._ending.order.forget:
            self._browser.drop_login(self._client_id)
        self._ending.leave()
        self._ending.stop_if_alone()

    # --- actions; each gets the reason --------------------------------------------------------------------------------

    def _open_page(self, *_: object) -> None:
        """Open a page once it is the client's turn: it waits without a deadline, which each turn of another has.

        A client at its end does not wait: it has a deadline.
        """
        self._waits_for_turn = True
        self.cancel_timer("patience")
        if self._has_turn or self._ending.order is not None:
            self._take_turn()
        elif self._board.status.queue_position is None:
            self._want_turn()

    def _close_page(self, reason: Reason | None, _: str | None) -> None:
        """Leave the page, and answer every asker who waits for it."""
        self._health.rest()
        self._updates.rest()
        self._no_turn()
        self._board.change(memory=None)
        self._pages.leave(graceless=reason in _GRACELESS)
        self._pending.page_gone(self._board.status)

    def _refresh_qr(self, *_: object) -> None:
        if self._pages.present is not None:
            self._pages.present.call("refresh", RefreshQr())

    def _keep_login(self, *_: object) -> None:
        self._browser.keep_login(self._client_id)

    def _drop_login(self, *_: object) -> None:
        self._browser.drop_login(self._client_id)

    def _want_reconnect(self, reason: Reason | None, text: str | None) -> None:
        """Ask for an attempt. The state's patience stays: without an answer, it asks again."""
        if self._ending.order is None:
            wish = protocol.ReconnectWanted(self._client_id, reason or Reason.BROWSER_CRASHED, text or "")
            self._board.tell_supervisor(wish)


_HANDLERS: dict[type, Callable[[Client, Any], object]] = {
    FromPage: Client._hear,
    protocol.GetStatus: Client._get_status,
    protocol.AwaitState: Client._await_state,
    protocol.Start: Client._start,
    protocol.TakePlace: Client._take_place,
    protocol.TakeTurn: Client._take_turn,
    protocol.Perform: Client._perform,
    protocol.ReconnectGranted: Client._reconnect_granted,
    protocol.ReconnectRefused: Client._reconnect_refused,
    protocol.Close: Client._end,
    AttemptDue: Client._attempt_due,
    PatienceOver: Client._patience_over,
    ProbeDue: Client._probe_due,
    ProbeLate: Client._probe_late,
    ServerDue: Client._server_due,
    ReloadLate: Client._reload_late,
    UpdateDue: Client._update_due,
    UpdateLate: Client._update_late,
    DeadlineOver: Client._late,
    Overdue: Client._overdue,
    RestrictionOver: Client._restriction_over,
}

_FACTS: dict[type, Callable[[Client, Any], None]] = {
    protocol.PageLaunched: Client._launched,
    protocol.PageSettled: Client._settled,
    protocol.QrShown: Client._qr_shown,
    protocol.QrVoid: Client._qr_void,
    protocol.QrIdle: Client._qr_idle,
    protocol.QrScanned: Client._qr_scanned,
    protocol.PairingCodeRenewed: Client._pairing_code_renewed,
    protocol.PairingHindered: Client._pairing_hindered,
    protocol.Ready: Client._ready,
    protocol.ContractRead: Client._contract_read,
    protocol.LinkLost: Client._link_lost,
    protocol.LinkResumed: Client._walk,
    protocol.LoggedOut: Client._logged_out,
    protocol.Banned: Client._walk,
    protocol.Conflict: Client._walk,
    protocol.Blocked: Client._walk,
    protocol.PageFailed: Client._lost,
    protocol.BrowserGone: Client._lost,
    protocol.PageReloaded: Client._reloaded,
    protocol.UpdateWanted: Client._update_wanted,
    protocol.ServerAnswered: Client._server_answered,
    protocol.ServerSilent: Client._server_silent,
    protocol.Probed: Client._probed,
    protocol.Answered: Client._answered,
    protocol.Refused: Client._hand_on,
    protocol.OutcomeUnknown: Client._hand_on,
    protocol.RestrictionTold: Client._restriction_told,
    AccountEvent: Client._happened,
}

_ACTIONS: dict[Action, Callable[[Client, Reason | None, str | None], None]] = {
    Action.OPEN_PAGE: Client._open_page,
    Action.CLOSE_PAGE: Client._close_page,
    Action.REFRESH_QR: Client._refresh_qr,
    Action.KEEP_LOGIN: Client._keep_login,
    Action.DROP_LOGIN: Client._drop_login,
    Action.WANT_RECONNECT: Client._want_reconnect,
}


def _payload(restriction: Restriction | None) -> dict[str, Any]:
    """Return the payload of the event of a restriction, or of its end."""
    return {"restricted": restriction is not None, **asdict(restriction or Restriction())}
