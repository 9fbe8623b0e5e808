"""The table of message states, walked whole."""

from __future__ import annotations

from itertools import product

import pytest

from actors.store.message_states import ACKS, NEXT, OPEN, MessageState, may_follow, of_ack

S = MessageState
CONFIRMED = {S.SENT, S.DELIVERED, S.READ}


def test_every_state_has_its_row() -> None:
    assert set(NEXT) == set(MessageState)


def test_no_state_follows_itself() -> None:
    assert not [state for state in MessageState if may_follow(state, state)]


def test_nothing_that_was_confirmed_is_ever_taken_back() -> None:
    ranks = [S.SENT, S.DELIVERED, S.READ]
    for before, after in product(ranks, MessageState):
        assert may_follow(before, after) == (after in ranks and ranks.index(after) > ranks.index(before))


def test_an_acknowledgement_is_believed_whatever_was_supposed_before() -> None:
    for before, after in product(set(MessageState) - CONFIRMED, CONFIRMED):
        assert may_follow(before, after)


def test_what_was_taken_back_or_ended_is_changed_by_an_acknowledgement_only() -> None:
    assert NEXT[S.CANCELLED] == NEXT[S.EXPIRED] == NEXT[S.FAILED] == CONFIRMED


def test_only_what_is_queued_can_be_cancelled_or_expire() -> None:
    for after in (S.CANCELLED, S.EXPIRED):
        assert [before for before in MessageState if may_follow(before, after)] == [S.QUEUED]


def test_only_the_open_states_lead_back_into_the_queue_or_out() -> None:
    assert {before for before in MessageState if may_follow(before, S.SENDING)} == {S.QUEUED}
    assert {before for before in MessageState if may_follow(before, S.QUEUED)} == {S.SENDING}
    assert {S.QUEUED, S.SENDING} == OPEN


@pytest.mark.parametrize(
    ("ack", "state"),
    [(-7, S.FAILED), (-1, S.FAILED), (0, None), (1, S.SENT), (2, S.DELIVERED), (3, S.READ), (4, S.READ), (99, None)],
)
def test_an_acknowledgement_proves_what_it_proves(ack: int, state: MessageState | None) -> None:
    assert of_ack(ack) is state
    assert (ack in ACKS) == (state in CONFIRMED)
