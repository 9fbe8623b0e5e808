"""The queue of messages into one page, in the order of the calls, and their log lines. On the loop only.

Each ends in exactly one fact. A message that WhatsApp does not acknowledge delays the next for `stall` seconds only: it
is already filed in WhatsApp Web, which keeps the order. After `patience` seconds it counts as unsettled. One with a
file is filed once the page has prepared it, and has the time of its upload besides; only messages to the same chat wait
for it.

A line of the log names the call that caused the message, in any thread or task; no line has the message's text. Numbers
in addresses are masked where lines are written, as everywhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from actors.browser.cdp import ScriptFailed, Wire, WireError, object_of
from actors.browser.interpreter import settled
from actors.browser.orders import PageOrders
from actors.clients.operations import Operation
from actors.clients.protocol import Answered, OutcomeUnknown, Refused
from actors.clients.types import ClientId, Seconds

Settled = Answered | Refused | OutcomeUnknown
"""The fate of a message."""
_EVENTS = {Answered: "page.sent", Refused: "page.send_refused", OutcomeUnknown: "page.send_unsettled"}


@dataclass(slots=True)
class _OnItsWay:
    """A message in progress. `due_to` is the log context of the thread that ordered it."""

    due_to: dict[str, Any] = field(default_factory=structlog.contextvars.get_contextvars)
    since: float = field(default_factory=time.monotonic)


class SendLog:
    """The unsettled messages of one page, by their order. One call at a time."""

    def __init__(self, client_id: ClientId) -> None:
        self._log = structlog.get_logger("browser").bind(client=client_id)
        self._orders: dict[str, _OnItsWay] = {}

    def ordered(self, order: str) -> None:
        """Record the log context of this thread, or of its scheduler."""
        self._orders[order] = _OnItsWay()

    def sending(self, order: str, chat: str) -> None:
        """Log the start of a send; its time counts from here."""
        message = self._orders.setdefault(order, _OnItsWay())
        message.since = time.monotonic()
        self._log.debug("page.sending", order=order, chat=chat, **message.due_to)

    def settled(self, fact: Settled) -> None:
        """Log the end, with WhatsApp's id if any, and the milliseconds."""
        message = self._orders.pop(fact.order, None) or _OnItsWay()
        outcome = {"message_id": fact.value.message_id} if isinstance(fact, Answered) else {"why": fact.why[:200]}
        took = round((time.monotonic() - message.since) * 1000, 1)
        self._log.info(_EVENTS[type(fact)], order=fact.order, **outcome, ms=took, **message.due_to)

    def holds(self, order: str) -> bool:
        """Return True if it is not settled yet."""
        return order in self._orders

    def forget(self) -> None:
        """Forget all of them: the page is gone."""
        self._orders.clear()


@dataclass(frozen=True, slots=True)
class QueuedSend:
    """An order to send. `order` is the bare id the message will have."""

    order: str
    operation: Operation[Any]


class SendQueue:
    """The queue of one page."""

    def __init__(
        self, tell: Callable[[Settled], None], log: SendLog, orders: PageOrders, patience: Seconds, stall: Seconds
    ) -> None:
        self._tell, self._log, self._orders = tell, log, orders
        self._patience, self._stall = patience, stall
        self._queue: asyncio.Queue[QueuedSend] = asyncio.Queue()
        self._unsettled: set[str] = set()
        self._waiting: set[asyncio.Task[Any]] = set()
        self._uploads: dict[str, asyncio.Task[Any]] = {}
        """The last message to each chat that has a file on its way."""

    def put(self, order: str, operation: Operation[Any]) -> None:
        """Add an operation."""
        self._unsettled.add(order)
        self._log.ordered(order)
        self._queue.put_nowait(QueuedSend(order, operation))

    def holds(self, order: str) -> bool:
        """Return True if it is not settled yet."""
        return order in self._unsettled

    async def run(self, wire: Wire) -> None:
        """Send the queued operations, until cancelled."""
        while True:
            message = await self._queue.get()
            chat = str(message.operation.arguments["chat"])
            before = self._uploads.get(chat)
            sending = asyncio.get_running_loop().create_task(self._send(wire, message, before))
            self._waiting.add(sending)
            sending.add_done_callback(self._waiting.discard)
            if message.operation.files or before is not None:
                self._uploads[chat] = sending
                sending.add_done_callback(partial(self._uploaded, chat))
            else:
                await asyncio.wait({sending}, timeout=self._stall)

    def _uploaded(self, chat: str, sending: asyncio.Task[Any]) -> None:
        if self._uploads.get(chat) is sending:
            del self._uploads[chat]

    async def _send(self, wire: Wire, message: QueuedSend, before: asyncio.Task[Any] | None) -> None:
        order, operation = message.order, message.operation
        if before is not None:
            await asyncio.wait({before})  # it has a time limit of its own
        self._log.sending(order, operation.arguments["chat"])
        try:
            answer = object_of(await self._orders.give(wire, operation, seconds=self._patience, id=order))
        except ScriptFailed as error:
            self._settle(Refused(order, f"The page is not ready to send ({error})", error.code))
        except WireError as error:
            self._settle(OutcomeUnknown(order, f"The page did not say what became of the message ({error})"))
        else:
            self._settle(settled(order, answer))

    def give_up(self, why: str) -> None:
        """Give up the unsettled messages: the page is going, and no answer will come."""
        for task in self._waiting:
            task.cancel()
        for order in sorted(self._unsettled):
            self._settle(OutcomeUnknown(order, why))

    def _settle(self, fact: Settled) -> None:
        if fact.order in self._unsettled:
            self._unsettled.remove(fact.order)
            self._log.settled(fact)
            self._tell(fact)
