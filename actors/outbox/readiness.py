"""A Journal that reports to the dispatcher which clients can send, and which of them not to strangers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pykka import ActorDeadError, ActorRef

from actors.clients.events import AccountEvent, ClientRestricted
from actors.clients.page_contract import PageContract
from actors.clients.ports import Journal, Transition
from actors.clients.types import ClientId, Reason, State
from actors.outbox.protocol import PageFitness, Readiness, Restricted

CRASHES = frozenset({Reason.BROWSER_CRASHED, Reason.BROWSER_HUNG, Reason.BROWSER_DEAF, Reason.PAGE_CRASHED})
"""Losses of a page that the message under way may have caused."""


class ReadinessJournal:
    """Passes everything on, in the caller's thread."""

    def __init__(self, journal: Journal, dispatcher: ActorRef[Any]) -> None:
        self._journal, self._dispatcher = journal, dispatcher

    def changed(self, transition: Transition) -> None:
        """Write a change of state; report it if it is to or from READY."""
        self._journal.changed(transition)
        if State.READY in (transition.before, transition.after):
            with suppress(ActorDeadError):  # the service is ending
                crashed = transition.reason in CRASHES
                told = Readiness(transition.client_id, transition.after, crashed, transition.account)
                self._dispatcher.tell(told)

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Write an account event; report a restriction."""
        self._journal.happened(client_id, event)
        if isinstance(event, ClientRestricted):
            with suppress(ActorDeadError):  # the service is ending
                told = event.payload
                self._dispatcher.tell(Restricted(client_id, told["restricted"], told["until"]))

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Pass the contract on; report whether the page can send."""
        self._journal.contract_read(client_id, contract)
        with suppress(ActorDeadError):  # the service is ending
            self._dispatcher.tell(PageFitness(client_id, contract.can_send))
