"""A client as it walks the tables of `lifecycle`: what it consists of, and how an event becomes a state and effects.

Everything here runs in the client's own thread. `hearing` and `client` say which events there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.clients import choosing, events, lifecycle, protocol
from actors.clients.cause import UNCAUSED, Cause
from actors.clients.ending import Ending
from actors.clients.health import Health
from actors.clients.lifecycle import Effect
from actors.clients.memory import MemoryLimit
from actors.clients.pages import Pages
from actors.clients.pairing import Pairing
from actors.clients.ports import Unrecorded
from actors.clients.protocol import Status
from actors.clients.standing import Standing
from actors.clients.times import Times
from actors.clients.types import STARTING, ClientId, Reason, State
from actors.clients.unanswered import Unanswered
from actors.runtime import Actor

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.ports import Browser, Journal

_OF_A_START = STARTING | {State.QR_REQUIRED}
"""What a client goes through because of the call that started it."""
_GRACELESS = frozenset({Reason.BROWSER_HUNG, Reason.BROWSER_DEAF})
"""Pages that would not hear a polite request to close."""


class Walking(Actor):
    """A client without ears: it knows its tables, its page and what it is."""

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
        self._standing = Standing(
            self,
            status or Status(client_id),
            patience=times.patience,
            journal=self._journal,
            supervisor=supervisor,
        )
        self._pages = Pages(browser, client_id, self.actor_ref)
        self._health = Health(self, times.probe_interval, times.probe_timeout)
        self._memory = MemoryLimit(memory_limit)
        self._unanswered = Unanswered(self, times)
        self._ending = Ending(self, self._pages, times)
        self._pairing = Pairing()
        self._caller_waits = False
        """Whether somebody waits for the outcome of the present start."""
        self._traffic = False
        """Whether a message went or came since the last probe was answered."""

    def started(self) -> None:
        """Bind the client's number to every line it logs."""
        self.log = self.log.bind(client=self._client_id)

    def closed(self, cause: BaseException | None) -> None:
        """Whatever ended the actor, no browser outlives it."""
        self._pages.kill()

    # --- walking the table --------------------------------------------------------------------------------------------

    def _walk(self, event: events.Event) -> None:
        """Decide the event by the table, publish the new state, then perform what it asks for."""
        before, why = self._standing.state, self._standing.why(event)
        decision = lifecycle.step(before, event)
        if not decision.moved:
            return
        after = decision.state
        if after is State.QR_REQUIRED or Effect.DROP_LOGIN in decision.effects:
            self._unlink()
        self._standing.enter(after, event, healthy=self._is_healthy(after))
        self._caller_waits &= after in STARTING
        if before is State.QR_REQUIRED and after in (State.INITIALIZING, State.READY):
            self._remember(self._pairing.paired(self.clock.time()))
        for effect in decision.effects:
            _EFFECTS[effect](self, *why)
        self._unanswered.changed(self._standing.status)
        if after not in _OF_A_START:
            self._caused_by(UNCAUSED)

    def _caused_by(self, cause: Cause) -> None:
        """Name the call that made the client what it becomes next, in its log and in the journal."""
        self.log = self.log.try_unbind(*self._standing.cause.named).bind(**cause.named)
        self._standing.cause = cause

    def _has_login(self) -> bool:
        return self._browser.has_login(self._client_id)

    def _is_healthy(self, state: State) -> bool:
        return state is State.READY and self._health.healthy

    def _give_up_page(self, reason: Reason, text: str) -> None:
        """The page is of no use any more."""
        self._walk(choosing.of_loss(reason, text, caller_waits=self._caller_waits))

    def _remember(self, pairing: Pairing) -> None:
        if pairing != self._pairing:
            self._pairing = pairing
            self._standing.tell_supervisor(protocol.PairingChanged(self._client_id, pairing))

    def _unlink(self) -> None:
        """The login is void, before anybody hears of it: a number that is no longer linked is not shown."""
        self._standing.change(phone=None)
        self._remember(self._pairing.unlinked())

    def _leave(self) -> None:
        """Close what is open, answer whoever waits, and stop once every process is gone."""
        self._caused_by(UNCAUSED)
        self._standing.change(reconnection_attempts=0, restricted_until=None, phone=None)
        self._walk(events.Closed())
        self._unanswered.ended(self._standing.status)
        if self._ending.order is not None and self._ending.order.forget:
            self._browser.drop_login(self._client_id)
        self._ending.leave()
        self._ending.stop_if_alone()

    # --- effects; each is told the reason -----------------------------------------------------------------------------

    def _open_page(self, *_: object) -> None:
        with self._standing.cause.naming():  # and so does what the browser logs of this page, until it is ready
            self._pages.open()

    def _close_page(self, reason: Reason | None, _: str | None) -> None:
        """Let go of the page, and answer everyone who waits for something of it."""
        self._health.rest()
        self._standing.change(memory=None)
        self._pages.leave(graceless=reason in _GRACELESS)
        self._unanswered.page_gone(self._standing.status)

    def _refresh_qr(self, *_: object) -> None:
        if self._pages.present is not None:
            self._pages.present.refresh_qr()

    def _keep_login(self, *_: object) -> None:
        self._browser.keep_login(self._client_id)

    def _drop_login(self, *_: object) -> None:
        self._browser.drop_login(self._client_id)

    def _want_reconnect(self, reason: Reason | None, text: str | None) -> None:
        """Ask for an attempt. The state's patience stays: should no answer come, it asks again."""
        if self._ending.order is None:
            wish = protocol.ReconnectWanted(self._client_id, reason or Reason.BROWSER_CRASHED, text or "")
            self._standing.tell_supervisor(wish)


_EFFECTS: dict[Effect, Callable[[Walking, Reason | None, str | None], None]] = {
    Effect.OPEN_PAGE: Walking._open_page,
    Effect.CLOSE_PAGE: Walking._close_page,
    Effect.REFRESH_QR: Walking._refresh_qr,
    Effect.KEEP_LOGIN: Walking._keep_login,
    Effect.DROP_LOGIN: Walking._drop_login,
    Effect.WANT_RECONNECT: Walking._want_reconnect,
}
