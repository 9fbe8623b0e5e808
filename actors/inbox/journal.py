"""A Journal that hands to the inbox what has to wait, and passes on the rest at once."""

from __future__ import annotations

from pykka import ActorDeadError, ActorRef

from actors.clients.events import AccountEvent
from actors.clients.page_contract import PageContract
from actors.clients.ports import Journal, Transition
from actors.clients.types import ClientId
from actors.inbox.held_chats import HeldChats, chat_of
from actors.inbox.inbox import Inbox
from actors.inbox.protocol import Arrived
from actors.inbox.rules import InboxRules
from actors.runtime import SYSTEM_CLOCK, Clock


class InboxJournal:
    """In the thread of whoever calls."""

    def __init__(
        self,
        journal: Journal,
        inbox: ActorRef[Inbox],
        held: HeldChats,
        rules: InboxRules,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._journal, self._inbox, self._held, self._rules, self._clock = journal, inbox, held, rules, clock

    def changed(self, transition: Transition) -> None:
        """Pass on a change of state."""
        self._journal.changed(transition)

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Hand over a message whose file is to be fetched, and what follows one in its chat; pass on the rest."""
        chat = chat_of(client_id, event)
        if chat is None or not self._held.join(chat, first=self._rules.fetches(event)):
            self._journal.happened(client_id, event)
            return
        try:
            self._inbox.tell(Arrived(client_id, event, self._clock.time()))
        except ActorDeadError:  # the service is ending
            self._held.leave(chat)
            self._journal.happened(client_id, event)

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Pass on the result of a page's contract check."""
        self._journal.contract_read(client_id, contract)
