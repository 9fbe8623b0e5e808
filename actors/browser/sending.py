"""Messages on their way into one page, in the order they were ordered. On the loop only.

Each ends in exactly one fact. One that WhatsApp does not acknowledge holds up the next for `stall` seconds only: it is
already filed in WhatsApp Web, which keeps the order of what it has. After `patience` seconds it is called unsettled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.browser import interpret
from actors.browser.connection import Wire, WireError
from actors.browser.script import ScriptFailed, ask_object
from actors.browser.send_log import SendLog
from actors.clients.protocol import SendRefused, SendUnsettled, Sent
from actors.clients.types import Seconds


@dataclass(frozen=True, slots=True)
class Message:
    """One order. `message_id` is bare; None: the page draws one."""

    order: str
    chat: str
    text: str
    message_id: str | None


class Sending:
    """The queue of one page."""

    def __init__(
        self,
        tell: Callable[[Sent | SendRefused | SendUnsettled], None],
        log: SendLog,
        patience: Seconds,
        stall: Seconds,
    ) -> None:
        self._tell, self._log, self._patience, self._stall = tell, log, patience, stall
        self._queue: asyncio.Queue[Message] = asyncio.Queue()
        self._unsettled: set[str] = set()
        self._waiting: set[asyncio.Task[Any]] = set()

    def put(self, message: Message) -> None:
        """Order one more."""
        self._unsettled.add(message.order)
        self._log.ordered(message.order)
        self._queue.put_nowait(message)

    def holds(self, order: str) -> bool:
        """Whether it has yet to be settled."""
        return order in self._unsettled

    async def run(self, wire: Wire) -> None:
        """Send what is ordered, until cancelled."""
        while True:
            message = await self._queue.get()
            sending = asyncio.get_running_loop().create_task(self._send(wire, message))
            self._waiting.add(sending)
            sending.add_done_callback(self._waiting.discard)
            await asyncio.wait({sending}, timeout=self._stall)

    async def _send(self, wire: Wire, message: Message) -> None:
        self._log.sending(message.order, message.chat)
        order = {"chat": message.chat, "text": message.text, "id": message.message_id}
        try:
            answer = await ask_object(wire, "send", order, seconds=self._patience)
        except ScriptFailed as error:
            self._settle(SendRefused(message.order, f"The page is not ready to send ({error})"))
        except WireError as error:
            self._settle(SendUnsettled(message.order, f"The page did not say what became of the message ({error})"))
        else:
            self._settle(interpret.settled(message.order, answer))

    def give_up(self, why: str) -> None:
        """The page is going: nothing more will be learnt."""
        for task in self._waiting:
            task.cancel()
        for order in sorted(self._unsettled):
            self._settle(SendUnsettled(order, why))

    def _settle(self, fact: Sent | SendRefused | SendUnsettled) -> None:
        if fact.order in self._unsettled:
            self._unsettled.remove(fact.order)
            self._log.settled(fact)
            self._tell(fact)
