"""The states of an outgoing message, and the transitions between them.

Pure: two tables and a look-up. WhatsApp's acknowledgements are never taken back: a delivered message was sent, whatever
is reported later. Every other state gives way to an acknowledgement.
"""

from __future__ import annotations

from enum import StrEnum


class MessageState(StrEnum):
    """The state of a message, as callers read it."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class HeldBecause(StrEnum):
    """Why a queued message does not leave though its time has come."""

    ACCOUNT_CHANGED = "ACCOUNT_CHANGED"
    """The client is linked to another account than the one that the message was accepted for."""


_S = MessageState
_CONFIRMED = frozenset({_S.SENT, _S.DELIVERED, _S.READ})

NEXT: dict[MessageState, frozenset[MessageState]] = {
    # Not sent: it may be sent, cancelled, or expire. If it was queued again, its page may have been wrong in calling it
    # absent; an acknowledgement then keeps it from being sent twice.
    _S.QUEUED: _CONFIRMED | {_S.SENDING, _S.CANCELLED, _S.EXPIRED, _S.FAILED},
    # Perhaps sent. Back to queued only with proof that it was not; expired and cancelled are no longer possible.
    _S.SENDING: _CONFIRMED | {_S.FAILED, _S.UNKNOWN, _S.QUEUED},
    # WhatsApp's acknowledgements only grow; a late one is ignored.
    _S.SENT: frozenset({_S.DELIVERED, _S.READ}),
    _S.DELIVERED: frozenset({_S.READ}),
    _S.READ: frozenset(),
    # A late refusal proves that it was not delivered.
    _S.UNKNOWN: _CONFIRMED | {_S.FAILED},
    # Never sent, as far as was known.
    _S.FAILED: _CONFIRMED,
    _S.EXPIRED: _CONFIRMED,
    _S.CANCELLED: _CONFIRMED,
}

OPEN = frozenset({_S.QUEUED, _S.SENDING})
"""States with work left to do."""

ACKS: dict[int, MessageState] = {1: _S.SENT, 2: _S.DELIVERED, 3: _S.READ, 4: _S.READ}
"""WhatsApp Web's acknowledgements: server, device, read, played. 0 is pending, which proves nothing."""

REFUSED = "WhatsApp's server refused the message"
"""The reason of a failed message with a negative acknowledgement."""


def of_ack(ack: int) -> MessageState | None:
    """Return the state that an acknowledgement proves; a negative one is the server's refusal.

    None if it proves nothing.
    """
    return MessageState.FAILED if ack < 0 else ACKS.get(ack)


def may_follow(before: MessageState, after: MessageState) -> bool:
    """Return True if a message may go from one state to the other."""
    return after in NEXT[before]
