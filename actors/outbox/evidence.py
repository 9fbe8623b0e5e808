"""What is known of a message after its page has been asked. Pure: a table and its limits.

A message is sent again only on proof that it never left: the page has caught up with WhatsApp and does not know the
id, which was drawn and stored before anything left. Everything else is waited for, and then called unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from actors.clients.operations.messages import LookedUp
from actors.store.message_states import REFUSED, MessageState, of_ack

TRIES = 5
"""How often the page is asked about one message before it is called unknown."""
BETWEEN_TRIES = 2.0
"""Seconds between two of them: the page may be catching up, or have it on its way."""
UNKNOWN = "WhatsApp did not confirm the message, and nothing proves that it did not leave"


class Proof(Enum):
    """What a look-up proves."""

    SETTLED = auto()
    NEVER_LEFT = auto()
    NOTHING_YET = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proof; and where it ends the message's way, the state it has reached and why, if that is not what was hoped."""

    proof: Proof
    state: MessageState | None = None
    reason: str | None = None


def of_look_up(found: LookedUp, tries: int) -> Evidence:
    """What the answer to look-up number `tries` (the first is 1) proves."""
    if found.ack is not None and (state := of_ack(found.ack)) is not None:
        return Evidence(Proof.SETTLED, state, REFUSED if state is MessageState.FAILED else None)
    if found.ack is None and found.complete:
        return Evidence(Proof.NEVER_LEFT)
    return Evidence(Proof.NOTHING_YET) if tries < TRIES else Evidence(Proof.NOTHING, MessageState.UNKNOWN, UNKNOWN)
