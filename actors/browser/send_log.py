"""What is logged of each message on its way through one page: that it goes out, and what became of it.

Rule of this file: a line names the call that the message is due to, whichever thread or task it is written in; no line
has the message's text. Numbers in addresses are masked where lines are written, as everywhere.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import structlog

from actors.clients.protocol import SendRefused, SendUnsettled, Sent
from actors.clients.types import ClientId

_EVENTS = {Sent: "page.sent", SendRefused: "page.send_refused", SendUnsettled: "page.send_unsettled"}


@dataclass(slots=True)
class _OnItsWay:
    """`due_to` is what the thread that ordered it had bound to its lines."""

    due_to: dict[str, Any] = field(default_factory=structlog.contextvars.get_contextvars)
    since: float = field(default_factory=time.monotonic)


class SendLog:
    """The messages of one page that are not settled yet, by their order. One call at a time."""

    def __init__(self, client_id: ClientId) -> None:
        self._log = structlog.get_logger("browser").bind(client=client_id)
        self._orders: dict[str, _OnItsWay] = {}

    def ordered(self, order: str) -> None:
        """By whoever is named in the lines of the calling thread, or of what that thread has scheduled."""
        self._orders[order] = _OnItsWay()

    def sending(self, order: str, chat: str) -> None:
        """It goes out now; time counts from here."""
        message = self._orders.setdefault(order, _OnItsWay())
        message.since = time.monotonic()
        self._log.debug("page.sending", order=order, chat=chat, **message.due_to)

    def settled(self, fact: Sent | SendRefused | SendUnsettled) -> None:
        """How it ended, with WhatsApp's id where it has one, and after how many milliseconds."""
        message = self._orders.pop(fact.order, None) or _OnItsWay()
        told = {"message_id": fact.message_id} if isinstance(fact, Sent) else {"why": fact.why[:200]}
        took = round((time.monotonic() - message.since) * 1000, 1)
        self._log.info(_EVENTS[type(fact)], order=fact.order, **told, ms=took, **message.due_to)

    def forget(self) -> None:
        """The page is gone."""
        self._orders.clear()
