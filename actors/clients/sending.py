"""Messages on their way out of one client: from the order to the page until WhatsApp's answer, or the end of patience.

What the page has not settled when its time is over, or when the page goes away, is unknown: it may have left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.clients.errors import SendFailed, SendUnknown
from actors.clients.message_ids import draw
from actors.clients.protocol import SendRefused, SendUnsettled, Sent

if TYPE_CHECKING:
    from actors.clients.ports import Page
    from actors.clients.protocol import SendText
    from actors.clients.types import Seconds
    from actors.runtime import Actor, ReplyTo


@dataclass(frozen=True, slots=True)
class SendLate:
    """Timer: the page has not settled this order in time."""

    order: str


class Sending:
    """The unsettled orders of one client; an order is named by its message id. Runs in the client's thread."""

    def __init__(self, actor: Actor, patience: Seconds) -> None:
        self._actor = actor
        self._patience = patience
        self._askers: dict[str, ReplyTo] = {}

    def send(self, page: Page, message: SendText) -> None:
        """Order one message from the page and keep the asker until it is settled."""
        order = message.message_id or draw()
        self._askers[order] = self._actor.defer()
        self._actor.start_timer(("send", order), self._patience, SendLate(order))
        page.send_text(order, message.chat, message.text, message_id=order)

    def settle(self, fact: Sent | SendRefused | SendUnsettled) -> None:
        """Tell the asker what became of the order."""
        asker = self._take(fact.order)
        if asker is None:
            return
        match fact:
            case Sent():
                asker.answer(fact)
            case SendRefused(why=why):
                asker.refuse(SendFailed(why))
            case SendUnsettled(order=order, why=why):
                asker.refuse(SendUnknown(why, order))

    def late(self, order: str) -> None:
        """Give up waiting for one order."""
        self.settle(SendUnsettled(order, f"WhatsApp did not confirm the message within {self._patience:g} s"))

    def page_gone(self) -> None:
        """Give up every order: the page that had them is gone."""
        for order in list(self._askers):
            self.settle(SendUnsettled(order, "The page went away before WhatsApp confirmed the message"))

    def __len__(self) -> int:
        return len(self._askers)

    def _take(self, order: str) -> ReplyTo | None:
        self._actor.cancel_timer(("send", order))
        return self._askers.pop(order, None)
