"""The public state of a client: its Status, its reason, its deadline, and the notices of its changes."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from actors.clients import protocol
from actors.clients.correlation import UNCAUSED, Correlation
from actors.clients.lifecycle import AttemptDue, Event, PatienceOver, StartFresh
from actors.clients.policy import OVERDUE, Patience
from actors.clients.ports import Transition
from actors.clients.types import STARTING, UNNAMED, LinkedAccount, Reason, State

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.page_contract import PageContract
    from actors.clients.ports import Journal
    from actors.clients.protocol import Status
    from actors.clients.types import Seconds
    from actors.runtime import Actor

_LOGGED_IN = frozenset({State.RECONNECTING, State.READY, State.DISCONNECTED_RECOVERABLE})
"""A code shown in these states means that the earlier login is void."""
_HINDRANCES = frozenset({Reason.PASSKEY_REQUIRED, Reason.PLATFORM_REFUSED, Reason.PAIRING_CODE_OVER})
"""The reasons why no phone was linked: readable while codes are shown, also as these change."""


class StatusBoard:
    """The published state of one client. Runs in the client's thread; a Status, once out, never changes."""

    def __init__(
        self, actor: Actor, status: Status, *, patience: Patience, journal: Journal, supervisor: ActorRef[Any] | None
    ) -> None:
        self._actor, self._patience, self._journal, self._supervisor = actor, patience, journal, supervisor
        self.status = status
        self.cause: Correlation = UNCAUSED
        """The call that caused the present changes."""
        self.account: LinkedAccount = UNNAMED
        """The account that the page was READY with last."""

    @property
    def state(self) -> State:
        """The present state."""
        return self.status.state

    def change(self, **fields: Any) -> None:
        """Publish a new Status if anything differs; the same object is answered until then."""
        changed = replace(self.status, **fields)
        if changed != self.status:
            self.status = changed

    def enter(self, after: State, event: Event, *, healthy: bool) -> None:
        """Enter `after` because of `event`; set the deadline, and notify journal and supervisor."""
        before = self.status.state
        reason, text = self.why(event)
        showing = self.status if after is State.QR_REQUIRED else None
        self.change(
            state=after,
            reason=reason,
            reason_text=text,
            since=self.status.since if before is after else self._now(),
            next_attempt_at=None,
            qr=showing.qr if showing else None,
            pairing_code=showing.pairing_code if showing else None,
            pairing_code_expires_at=showing.pairing_code_expires_at if showing else None,
            healthy=healthy,
        )
        anew = isinstance(event, protocol.PageReloaded) and after in STARTING
        if before is not after or anew or isinstance(event, PatienceOver) or self.restricted():
            self.arm(after)
        kept = isinstance(event, protocol.QrShown | protocol.QrIdle) or anew
        if before is not after or (reason is not None and not kept):
            client_id = self.status.client_id
            self._announce(
                Transition(
                    client_id,
                    before,
                    after,
                    type(event).__name__,
                    reason,
                    text,
                    self._now(),
                    self.cause.request_id,
                    self.account if after is State.READY else None,
                )
            )

    def understand(self, contract: PageContract) -> None:
        """Publish the page contract; a READY client gives the missing names as its reason."""
        self.change(contract=contract)
        if self.state is State.READY and not contract.whole:
            self.change(reason=Reason.WA_JS_OUTDATED, reason_text=contract.text)
        elif self.state is State.READY and self.status.reason is Reason.WA_JS_OUTDATED:
            self.change(reason=None, reason_text=None)

    def why(self, event: Event) -> tuple[Reason | None, str | None]:
        """Return the reason of an event; on the way back to READY the reason of the loss stays readable."""
        match event:
            case AttemptDue() | StartFresh() | protocol.LinkResumed() if self.state is State.DISCONNECTED_RECOVERABLE:
                return self.status.reason, self.status.reason_text
            case protocol.PageReloaded() if self.state is not State.READY:
                return self.status.reason, self.status.reason_text  # it says less than the known reason
            case protocol.QrShown() if self.state in _LOGGED_IN:
                return Reason.LOGIN_REFUSED, "WhatsApp Web no longer accepts the stored login"
            case protocol.Ready() if self.status.contract is not None and not self.status.contract.whole:
                return Reason.WA_JS_OUTDATED, self.status.contract.text
            case protocol.QrShown() | protocol.QrIdle() if self._hindered(_HINDRANCES):
                return self.status.reason, self.status.reason_text
            case PatienceOver() if self._hindered({Reason.PASSKEY_REQUIRED}):
                return self.status.reason, self.status.reason_text
            case protocol.Conflict(text=text):
                return Reason.CONFLICT, text
            case _:
                return getattr(event, "reason", None), getattr(event, "text", None)

    def _hindered(self, reasons: Set[Reason]) -> bool:
        return self.state is State.QR_REQUIRED and self.status.reason in reasons

    def restricted(self) -> Seconds:
        """Return the remaining seconds of WhatsApp's restriction of the number; 0.0 without a restriction."""
        return max(0.0, (self.status.restricted_until or 0.0) - self._now())

    def tell_supervisor(self, message: object) -> bool:
        """Send to the supervisor; return False if there is none that lives: then everything ends anyway."""
        if self._supervisor is not None:
            with suppress(ActorDeadError):
                self._supervisor.tell(message)
                return True
        return False

    def arm(self, state: State) -> None:
        """Set the deadline of the state.

        WhatsApp is unreachable for a restricted number; that time is waited out first.
        """
        self._actor.cancel_timer("patience")
        self._actor.cancel_timer("attempt")
        seconds = self._patience.of(state)
        if seconds is not None:
            first = self.restricted() if state is State.DISCONNECTED_RECOVERABLE else 0.0
            self._actor.start_timer("patience", first + seconds, PatienceOver(*OVERDUE[state]))

    def _announce(self, transition: Transition) -> None:
        self._actor.log.info(
            "client.state",
            before=transition.before,
            after=transition.after,
            event_type=transition.event,
            reason=transition.reason,
            text=transition.text,
        )
        self._journal.changed(transition)
        self.tell_supervisor(protocol.StatusChanged(self.status))

    def _now(self) -> Seconds:
        return self._actor.clock.time()
