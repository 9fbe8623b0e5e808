"""The number of events that wait in each chat: shared by the journal, which hands events over, and the inbox."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from actors.clients.events import AccountEvent
from actors.clients.types import ClientId
from actors.inbox.protocol import ChatKey
from actors.store.rows.held import HeldEvent


class HeldChats:
    """The events that wait, counted for each chat. Any thread.

    An event counts from when it is handed over until its write has been ordered, so what comes later in that chat is
    handed over too, or is written after it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counter[ChatKey] = Counter()

    def join(self, chat: ChatKey, *, first: bool) -> bool:
        """Count one more in this chat if any wait there, or if it is the `first`; return whether it was counted."""
        with self._lock:
            if not first and not self._waiting[chat]:
                del self._waiting[chat]
                return False
            self._waiting[chat] += 1
            return True

    def count(self, events: Iterable[HeldEvent]) -> tuple[HeldEvent, ...]:
        """Count events that wait from before; return them."""
        found = tuple(events)
        with self._lock:
            self._waiting.update(chat for held in found if (chat := chat_of(held.client_id, held.event)) is not None)
        return found

    def leave(self, chat: ChatKey) -> None:
        """Count one less."""
        with self._lock:
            self._waiting[chat] -= 1
            if self._waiting[chat] <= 0:
                del self._waiting[chat]


def chat_of(client_id: ClientId, event: AccountEvent) -> ChatKey | None:
    """Return the chat an event belongs to, within which the order is kept; None if it belongs to none."""
    chat = event.payload.get("chat")
    return (client_id, chat) if isinstance(chat, str) else None
