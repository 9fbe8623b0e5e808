"""The states of a message on its way out, and what may follow what.

Rules of this file: pure, two tables and a look-up. What WhatsApp has acknowledged is never taken back: what has been
delivered was sent, whatever is said later. Everything else gives way to an acknowledgement, in any state.
"""

from __future__ import annotations

from enum import StrEnum


class MessageState(StrEnum):
    """What a caller may read of a message."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_S = MessageState
_CONFIRMED = frozenset({_S.SENT, _S.DELIVERED, _S.READ})

NEXT: dict[MessageState, frozenset[MessageState]] = {
    # It has not left: it may be sent, taken back, or given up. If it was queued again, its page may have been wrong in
    # calling it absent; an acknowledgement then keeps it from leaving twice.
    _S.QUEUED: _CONFIRMED | {_S.SENDING, _S.CANCELLED, _S.EXPIRED, _S.FAILED},
    # It may have left. Back to queued only with proof that it has not; expired and cancelled are past.
    _S.SENDING: _CONFIRMED | {_S.FAILED, _S.UNKNOWN, _S.QUEUED},
    # WhatsApp's acknowledgements only grow; one that comes late is not news.
    _S.SENT: frozenset({_S.DELIVERED, _S.READ}),
    _S.DELIVERED: frozenset({_S.READ}),
    _S.READ: frozenset(),
    # A refusal that comes late proves that it did not go through.
    _S.UNKNOWN: _CONFIRMED | {_S.FAILED},
    # These never left, as far as was known.
    _S.FAILED: _CONFIRMED,
    _S.EXPIRED: _CONFIRMED,
    _S.CANCELLED: _CONFIRMED,
}

OPEN = frozenset({_S.QUEUED, _S.SENDING})
"""Something is still to be done about these."""

ACKS: dict[int, MessageState] = {1: _S.SENT, 2: _S.DELIVERED, 3: _S.READ, 4: _S.READ}
"""WhatsApp Web's acknowledgements: server, device, read, played. 0 is pending, which says nothing."""

REFUSED = "WhatsApp's server refused the message"
"""Why a message has failed whose acknowledgement is negative."""


def of_ack(ack: int) -> MessageState | None:
    """What an acknowledgement proves; a negative one is the server's refusal. None where it proves nothing."""
    return MessageState.FAILED if ack < 0 else ACKS.get(ack)


def may_follow(before: MessageState, after: MessageState) -> bool:
    """Whether a message may go from one state to the other."""
    return after in NEXT[before]
