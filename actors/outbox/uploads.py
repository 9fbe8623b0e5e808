"""Files of one client on their way: slow uploads beside the queue, and failed ones that are tried again. Pure.

WhatsApp Web uploads a file before it sends the message, which may take minutes. A message whose upload is slow steps
beside the queue, so that other chats go on; its own chat waits for it, which keeps the order there.

Where the upload fails, WhatsApp Web sends nothing, and files the message as failed. So it is sent again under a new id,
in its place: its chat waits, and others go on. The tries are counted with the message, across restarts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.clients.types import Seconds
from actors.runtime import Backoff
from actors.store.outbox import Message

PATIENCE: Seconds = 2.0
"""The time that the other chats of a client wait for an upload."""
AT_ONCE = 4
"""The uploads of a client that go on beside its queue. Each takes memory of the page: WhatsApp Web encrypts the file
there. The next slow one is waited for."""
TRIES = 5
"""The uploads of one message before it fails."""
BACKOFF = Backoff(first=5.0, cap=120.0, factor=3.0, jitter=0.0)


@dataclass(slots=True)
class ClientUploads:
    """The slow and the failed uploads of one client."""

    beside: dict[str, Message] = field(default_factory=dict)
    """The messages beside the queue, by their id, until their outcome is on disk."""
    resting: set[str] = field(default_factory=set)
    """Messages whose upload has failed, and is not tried again yet. While they are queued, their chats wait."""

    @property
    def chats(self) -> frozenset[str]:
        """The chats of messages beside the queue, in which nothing else may leave now."""
        return frozenset(message.chat for message in self.beside.values())

    def step_aside(self, message: Message) -> bool:
        """Take a message out of the queue's way; False if too many are beside it already."""
        if len(self.beside) >= AT_ONCE:
            return False
        self.beside[message.id] = message
        return True

    def failed(self, message: Message) -> Seconds | None:
        """Return the time until an upload that has failed is tried again, in which its chat waits; None: it is not."""
        tries = message.failed_uploads + 1
        if tries >= TRIES:
            return None
        self.resting.add(message.id)
        return BACKOFF.delay(tries, lambda: 0.0)

    def ended(self, message: Message) -> bool:
        """Forget a message that has left, or failed, or is queued again. Return True if it was beside the queue."""
        return self.beside.pop(message.id, None) is not None
