"""The call that handed a message in, as whatever is logged of the message names it."""

from __future__ import annotations

from typing import Any

from actors.clients.correlation import Correlation
from actors.store.outbox import Message


def cause_of(message: Message) -> Correlation:
    """The call, and its trace."""
    return Correlation(message.request_id, message.trace_id)


def named(message: Message) -> dict[str, Any]:
    """What a line of the log says of a message."""
    facts = {"client": message.client_id, "message": message.id, "order": message.message_id}
    return {**facts, **cause_of(message).named}
