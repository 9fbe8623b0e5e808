"""What a look-up proves, as a table."""

from __future__ import annotations

import pytest

from actors.clients.operations.messages import LookedUp
from actors.outbox.reconciliation import TRIES, UNKNOWN, Evidence, Proof, of_look_up
from actors.store.message_states import REFUSED, MessageState

S = MessageState


@pytest.mark.parametrize(
    ("ack", "complete", "tries", "evidence"),
    [
        (1, False, 1, Evidence(Proof.SETTLED, S.SENT)),
        (2, True, 1, Evidence(Proof.SETTLED, S.DELIVERED)),
        (3, True, 1, Evidence(Proof.SETTLED, S.READ)),
        (-1, True, 1, Evidence(Proof.SETTLED, S.FAILED, REFUSED)),
        (None, True, 1, Evidence(Proof.NEVER_LEFT)),
        (None, False, 1, Evidence(Proof.NOTHING_YET)),
        (0, True, 1, Evidence(Proof.NOTHING_YET)),
        (0, True, TRIES, Evidence(Proof.NOTHING, S.UNKNOWN, UNKNOWN)),
        (None, False, TRIES, Evidence(Proof.NOTHING, S.UNKNOWN, UNKNOWN)),
    ],
)
def test_only_a_page_that_has_caught_up_proves_that_a_message_never_left(
    ack: int | None, complete: bool, tries: int, evidence: Evidence
) -> None:
    assert of_look_up(LookedUp(ack, complete), tries) == evidence
