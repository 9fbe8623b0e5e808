"""The outbox, message by message, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.clients.events import MessageStateChanged
from actors.clients.operations.messages import SendLocation, SendText
from actors.store.errors import IdempotencyKeyReused, MessageNotQueued, NoSuchMessage, OutboxFull
from actors.store.message_states import MessageState
from actors.store.outbox import (
    AcceptMessage,
    CancelMessage,
    Claimed,
    ClaimNext,
    CountQueued,
    ExpireDue,
    GetMessage,
    GetNextDue,
    GetNextExpiry,
    GiveUpQueued,
    ListMessages,
    MarkSending,
    Message,
    NextMessages,
    PruneMessages,
    RecordAck,
    RequeueMessage,
    SettleMessage,
    Unsettled,
    operation_of,
)
from actors.store.store import Store
from tests.store.asking import ANA, BEA, ONE, TWO, accept, ask, events_after, sending

S = MessageState


def next_ids(store: Store, at: float = 200.0, limit: int = 10) -> list[str]:
    return [message.id for message in ask(store, NextMessages(ONE, at, limit))]


def stored(store: Store, message: Message) -> Message:
    found = ask(store, GetMessage(message.client_id, message.id))
    assert found is not None
    return found


# --- acceptance ------------------------------------------------------------------------------------------------------


def test_what_was_accepted_is_read_back_as_it_was(store: Store) -> None:
    cause: dict[str, Any] = {"request_id": "order-7", "trace_id": "0af7651916cd43dd8448eb211c80319c"}
    asked = AcceptMessage(ONE, SendText(ANA, "olá 👋"), "3EB0AA", 100.5, 7, 150.0, 300.0, "key-1", "print-1", **cause)
    accepted = ask(store, asked)
    message = accepted.message
    assert not accepted.repeated
    assert stored(store, message) == message
    assert (message.id, message.state, message.times) == (asked.id, S.QUEUED, {"queued": 100.5})
    timing = ("priority", "send_at", "expires_at")
    assert operation_of(message) == asked.operation
    for name in ("client_id", "message_id", *timing, "key", "fingerprint", *cause):
        assert getattr(message, name) == getattr(asked, name)


def test_whatever_sends_is_kept_with_its_arguments(store: Store) -> None:
    place = SendLocation(ANA, -34.6, -58.4, "Obelisco", None)
    message = ask(store, AcceptMessage(ONE, place, "3EB0AA", 1.0)).message
    assert operation_of(stored(store, message)) == place
    assert message.text is None


def test_what_this_version_cannot_send_is_told_so(store: Store) -> None:
    message = replace(accept(store), operation="sendHologram")
    with pytest.raises(ValueError, match="cannot send sendHologram"):
        operation_of(message)
    with pytest.raises(ValueError, match="latitude"):
        operation_of(replace(message, operation="sendLocation"))


def test_what_no_database_can_hold_is_replaced_not_refused(store: Store) -> None:
    assert stored(store, accept(store, text="a\0b\ud800c")).text == "a�b�c"


def test_a_repeated_key_is_answered_with_how_the_first_one_stands(store: Store) -> None:
    first = sending(store, key="k", fingerprint="f", text="once")
    again = ask(store, AcceptMessage(ONE, SendText(ANA, "once"), "3EB0FF", 300.0, key="k", fingerprint="f"))
    assert again.repeated
    assert again.message == first
    assert ask(store, CountQueued()) == 0


def test_a_key_with_another_body_is_refused(store: Store) -> None:
    accept(store, key="k", fingerprint="f")
    with pytest.raises(IdempotencyKeyReused):
        accept(store, key="k", fingerprint="g")


def test_a_key_belongs_to_one_client(store: Store) -> None:
    assert accept(store, key="k", fingerprint="f").id != accept(store, client=TWO, key="k", fingerprint="g").id


def test_a_full_outbox_refuses_but_still_knows_its_keys(store: Store) -> None:
    first = accept(store, key="k", fingerprint="f", limit=2)
    accept(store, limit=2)
    with pytest.raises(OutboxFull) as refused:
        accept(store, limit=2)
    assert refused.value.limit == 2
    assert accept(store, key="k", fingerprint="f", limit=2) == first
    assert accept(store, client=TWO, limit=2)
    ask(store, MarkSending((first.id,), 101.0))
    assert accept(store, limit=2)


def test_queued_messages_are_counted_for_one_client_and_for_all(store: Store) -> None:
    for client in (ONE, ONE, TWO):
        accept(store, client=client)
    sending(store)
    assert [ask(store, CountQueued(client)) for client in (ONE, TWO, None)] == [2, 1, 3]


# --- what goes next --------------------------------------------------------------------------------------------------


def test_one_message_a_chat_in_the_order_of_acceptance(store: Store) -> None:
    first, _, other = accept(store, ANA), accept(store, ANA), accept(store, BEA)
    accept(store, BEA, client=TWO)
    assert next_ids(store) == [first.id, other.id]
    assert next_ids(store, limit=1) == [first.id]


def test_a_chat_with_a_message_under_way_is_not_overtaken(store: Store) -> None:
    under_way, second, other = sending(store, ANA), accept(store, ANA), accept(store, BEA)
    assert next_ids(store) == [other.id]
    ask(store, SettleMessage(under_way.id, S.SENT, 102.0))
    assert next_ids(store) == [second.id, other.id]


def test_an_urgent_message_draws_its_chat_forward_but_does_not_overtake_in_it(store: Store) -> None:
    bulk = accept(store, ANA, priority=0)
    waiting = accept(store, BEA, priority=0)
    urgent = accept(store, BEA, priority=9)
    assert next_ids(store) == [waiting.id, bulk.id]
    ask(store, CancelMessage(ONE, waiting.id, 101.0))
    assert next_ids(store) == [urgent.id, bulk.id]


def test_a_message_waits_for_its_time_and_holds_nobody_up(store: Store) -> None:
    later, now = accept(store, ANA, send_at=150.0), accept(store, ANA)
    assert next_ids(store, at=149.0) == [now.id]
    assert next_ids(store, at=150.0) == [later.id]
    assert ask(store, GetNextDue(ONE, 149.0)) == 150.0
    assert ask(store, GetNextDue(ONE, 150.0)) is None
    assert ask(store, GetNextDue(TWO, 0.0)) is None


def test_an_urgent_message_that_was_scheduled_goes_before_bulk_when_its_time_has_come(store: Store) -> None:
    bulk, urgent = accept(store, ANA), accept(store, BEA, send_at=150.0, priority=5)
    assert next_ids(store, at=149.0) == [bulk.id]
    assert next_ids(store, at=151.0) == [urgent.id, bulk.id]


def test_what_is_past_its_expiry_does_not_leave_even_before_it_was_swept(store: Store) -> None:
    accept(store, ANA, expires_at=150.0)
    alive = accept(store, ANA)
    assert next_ids(store, at=150.0) == [alive.id]
    assert ask(store, GetNextExpiry()) == 150.0


def test_expired_messages_are_swept_and_told(store: Store) -> None:
    old = accept(store, ANA, expires_at=150.0)
    accept(store, ANA, expires_at=151.0)
    assert [message.id for message in ask(store, ExpireDue(150.0))] == [old.id]
    assert stored(store, old).state is S.EXPIRED
    assert ask(store, GetNextExpiry()) == 151.0
    assert ask(store, ExpireDue(150.0)) == ()


# --- leaving, and what became of it ----------------------------------------------------------------------------------


def test_only_what_is_still_queued_may_leave(store: Store) -> None:
    first, second = accept(store), accept(store)
    ask(store, CancelMessage(ONE, first.id, 101.0))
    assert [message.id for message in ask(store, MarkSending((second.id, first.id, "none"), 102.0))] == [second.id]
    assert ask(store, MarkSending((second.id,), 103.0)) == ()
    assert [message.id for message in ask(store, Unsettled(ONE))] == [second.id]
    assert ask(store, Unsettled(TWO)) == ()


def test_a_settled_message_keeps_its_times_reason_and_full_id(store: Store) -> None:
    message = sending(store)
    settled = ask(store, SettleMessage(message.id, S.SENT, 103.0, full_id="true_x_1"))
    assert settled == stored(store, message)
    assert settled.times == {"queued": 100.0, "sending": 101.0, "sent": 103.0}
    assert (settled.full_id, settled.changed_at, settled.reason) == ("true_x_1", 103.0, None)
    failed = sending(store)
    assert ask(store, SettleMessage(failed.id, S.FAILED, 103.0, "no such number")).reason == "no such number"


def test_acknowledgements_only_ever_lead_further(store: Store) -> None:
    message = sending(store)
    seen = []
    for ack in (0, 2, 1, 3, 2, -1):
        found = ask(store, RecordAck(ONE, message.message_id, ack, 110.0 + ack))
        assert found is not None
        seen.append(found.state)
    assert seen == [S.SENDING, S.DELIVERED, S.DELIVERED, S.READ, S.READ, S.READ]
    assert stored(store, message).state is S.READ


def test_an_answer_that_comes_after_the_acknowledgement_still_brings_the_full_id(store: Store) -> None:
    message = sending(store)
    ask(store, RecordAck(ONE, message.message_id, 2, 103.0))
    late = ask(store, SettleMessage(message.id, S.SENT, 104.0, full_id="true_x_1"))
    assert (late.state, late.full_id) == (S.DELIVERED, "true_x_1")
    assert stored(store, message) == late


def test_a_late_acknowledgement_settles_what_was_unknown(store: Store) -> None:
    message = sending(store)
    ask(store, SettleMessage(message.id, S.UNKNOWN, 103.0, "no answer in 30 s"))
    found = ask(store, RecordAck(ONE, message.message_id, 1, 999.0))
    assert found is not None
    assert (found.state, found.reason) == (S.SENT, None)


def test_an_acknowledgement_of_what_was_queued_again_keeps_it_from_leaving_a_second_time(store: Store) -> None:
    message = sending(store)
    ask(store, RequeueMessage(message.id, 103.0))
    found = ask(store, RecordAck(ONE, message.message_id, 1, 104.0))
    assert found is not None
    assert found.state is S.SENT
    assert next_ids(store) == []
    assert ask(store, MarkSending((message.id,), 105.0)) == ()
    with pytest.raises(MessageNotQueued):
        ask(store, CancelMessage(ONE, message.id, 106.0))


@pytest.mark.parametrize("ended", [S.CANCELLED, S.EXPIRED])
def test_what_was_said_not_to_have_left_is_set_right_by_an_acknowledgement(store: Store, ended: MessageState) -> None:
    message = sending(store, expires_at=150.0)
    ask(store, RequeueMessage(message.id, 103.0))
    if ended is S.CANCELLED:
        ask(store, CancelMessage(ONE, message.id, 104.0))
    else:
        ask(store, ExpireDue(151.0))
    assert stored(store, message).state is ended
    found = ask(store, RecordAck(ONE, message.message_id, 2, 160.0))
    assert found is not None
    assert found.state is S.DELIVERED
    assert list(found.times) == ["queued", "sending", ended.value, "delivered"]


def test_a_refusal_by_the_server_is_told_as_failed(store: Store) -> None:
    message = sending(store)
    found = ask(store, RecordAck(ONE, message.message_id, -1, 103.0))
    assert found is not None
    assert found.state is S.FAILED
    assert found.reason


def test_an_acknowledgement_of_what_is_not_ours_is_none_of_our_business(store: Store) -> None:
    message = sending(store)
    assert ask(store, RecordAck(TWO, message.message_id, 3, 103.0)) is None
    assert ask(store, RecordAck(ONE, "3EB0NOTOURS", 3, 103.0)) is None


def test_what_proved_not_to_have_left_is_queued_again_in_its_old_place(store: Store) -> None:
    first, second = sending(store), accept(store)
    again = ask(store, RequeueMessage(first.id, 105.0))
    assert (again.state, again.attempts) == (S.QUEUED, 0)
    assert next_ids(store) == [first.id]
    assert stored(store, second).position > again.position


def test_what_crashed_its_client_twice_is_set_aside(store: Store) -> None:
    message = sending(store)
    assert ask(store, RequeueMessage(message.id, 105.0, crashed=True)).state is S.QUEUED
    ask(store, MarkSending((message.id,), 106.0))
    aside = ask(store, RequeueMessage(message.id, 107.0, crashed=True))
    assert (aside.state, aside.attempts) == (S.FAILED, 2)
    assert aside.reason is not None
    assert "2 times" in aside.reason


def test_what_was_acknowledged_meanwhile_is_not_queued_again(store: Store) -> None:
    message = sending(store)
    ask(store, RecordAck(ONE, message.message_id, 1, 104.0))
    assert ask(store, RequeueMessage(message.id, 105.0, crashed=True)).state is S.SENT


def test_cancelling_reaches_only_what_is_queued_and_ones_own(store: Store) -> None:
    message, under_way = accept(store), sending(store, BEA)
    with pytest.raises(NoSuchMessage):
        ask(store, CancelMessage(TWO, message.id, 101.0))
    with pytest.raises(NoSuchMessage):
        ask(store, CancelMessage(ONE, "none", 101.0))
    assert ask(store, CancelMessage(ONE, message.id, 101.0)).state is S.CANCELLED
    for left in (message, under_way):
        with pytest.raises(MessageNotQueued):
            ask(store, CancelMessage(ONE, left.id, 102.0))
    with pytest.raises(NoSuchMessage):
        ask(store, SettleMessage("none", S.SENT, 1.0))


def test_what_is_queued_for_a_deleted_client_is_given_up(store: Store) -> None:
    mine = [accept(store) for _ in range(3)]
    theirs, under_way = accept(store, client=TWO), sending(store, BEA)
    assert ask(store, GiveUpQueued(ONE, "the client was deleted", 110.0, limit=2)) == 2
    assert ask(store, GiveUpQueued(ONE, "the client was deleted", 110.0, limit=2)) == 1
    assert {stored(store, message).state for message in mine} == {S.CANCELLED}
    assert stored(store, mine[0]).reason == "the client was deleted"
    assert (stored(store, theirs).state, stored(store, under_way).state) == (S.QUEUED, S.SENDING)


# --- reading ---------------------------------------------------------------------------------------------------------


def test_messages_are_listed_page_by_page(store: Store) -> None:
    mine = [accept(store, chat).id for chat in (ANA, BEA) * 3]
    accept(store, client=TWO)
    listed: list[str] = []
    while page := ask(store, ListMessages(ONE, after=listed[-1] if listed else None, limit=4)):
        listed += [message.id for message in page]
    assert listed == mine


def test_messages_are_listed_by_state_and_chat(store: Store) -> None:
    queued, under_way = accept(store, ANA), sending(store, BEA)
    assert [message.id for message in ask(store, ListMessages(ONE, state=S.SENDING))] == [under_way.id]
    assert [message.id for message in ask(store, ListMessages(ONE, to=ANA))] == [queued.id]
    assert ask(store, ListMessages(ONE, state=S.SENDING, to=ANA)) == ()
    with pytest.raises(NoSuchMessage):
        ask(store, ListMessages(TWO, after=queued.id))


def test_a_message_is_read_by_its_own_client_only(store: Store) -> None:
    assert ask(store, GetMessage(TWO, accept(store).id)) is None


def test_what_was_settled_long_ago_is_pruned_with_its_key_and_nothing_else(store: Store) -> None:
    old = sending(store, key="k", fingerprint="f")
    ask(store, SettleMessage(old.id, S.SENT, 103.0))
    young, waiting = sending(store), accept(store)
    ask(store, SettleMessage(young.id, S.SENT, 500.0))
    assert ask(store, PruneMessages(before=200.0)) == 1
    assert [message.id for message in ask(store, ListMessages(ONE))] == [young.id, waiting.id]
    assert accept(store, key="k", fingerprint="other").position > waiting.position


# --- events ----------------------------------------------------------------------------------------------------------


def test_every_change_is_an_event_and_nothing_else_is(store: Store) -> None:
    message = sending(store, "123@lid")
    ask(store, RecordAck(ONE, message.message_id, 2, 103.0, full_id="true_123@lid_X"))
    ask(store, RecordAck(ONE, message.message_id, 1, 104.0))
    ask(store, SettleMessage(message.id, S.FAILED, 105.0))
    told = events_after(store)
    assert {tuple(event.payload) for event in told} == {MessageStateChanged.fields}
    assert [(event.type, event.payload["previous_state"], event.payload["state"]) for event in told] == [
        (MessageStateChanged.type, "queued", "sending"),
        (MessageStateChanged.type, "sending", "delivered"),
    ]
    assert told[1].payload["id"] == message.id
    assert told[1].payload["message_id"] == "true_123@lid_X"
    assert (told[1].payload["lid"], told[1].payload["phone"]) == ("123@lid", None)


def test_a_lid_that_only_the_message_id_tells_is_told(store: Store) -> None:
    """Accounts that have gone over to LIDs: the caller wrote a number, WhatsApp answered with a LID."""
    message = sending(store, "5491122334455@c.us")
    ask(store, SettleMessage(message.id, S.SENT, 105.0, full_id="true_750235343914045@lid_3EB0AA"))
    told = [event.payload for event in events_after(store)]
    assert [payload["lid"] for payload in told] == [None, "750235343914045@lid"]
    assert [payload["phone"] for payload in told] == ["5491122334455"] * 2


def test_a_claim_marks_what_is_next_and_tells_what_is_behind_it(store: Store) -> None:
    first, second = accept(store, ANA), accept(store, BEA)
    later = accept(store, ANA, send_at=500.0)
    claimed = ask(store, ClaimNext(ONE, 101.0))
    assert (claimed.message and claimed.message.id, claimed.more) == (first.id, True)
    assert stored(store, first).state is S.SENDING
    claimed = ask(store, ClaimNext(ONE, 101.0))
    assert (claimed.message and claimed.message.id, claimed.more, claimed.next_due) == (second.id, False, 500.0)
    assert ask(store, ClaimNext(ONE, 101.0)) == Claimed(None, next_due=500.0)
    assert ask(store, ClaimNext(TWO, 101.0)) == Claimed(None)
    assert stored(store, later).state is S.QUEUED


def test_a_claim_leaves_what_is_held_and_what_is_not_urgent_enough(store: Store) -> None:
    message = accept(store, ANA, priority=3)
    assert ask(store, ClaimNext(ONE, 101.0, frozenset({ANA}))) == Claimed(None)
    assert ask(store, ClaimNext(ONE, 101.0, least=8)) == Claimed(None, paced=True)
    assert stored(store, message).state is S.QUEUED
    urgent = accept(store, BEA, priority=8)
    claimed = ask(store, ClaimNext(ONE, 101.0, least=8))
    assert (claimed.message and claimed.message.id, claimed.more) == (urgent.id, True)
