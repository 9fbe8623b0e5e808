"""Addresses of one chat: what is written to under several of them leaves in one order."""

from __future__ import annotations

from actors.store.message_states import MessageState
from actors.store.outbox import ClaimNext, NextMessages, RecordAck, SettleMessage
from actors.store.store import Store
from tests.store.asking import ANA, BEA, ONE, TWO, accept, ask, sending

LID = "750235343914045@lid"


def learn(store: Store, asked: str, named: str) -> None:
    """WhatsApp names the chat of a message that was sent to `asked`."""
    message = sending(store, asked)
    ask(store, SettleMessage(message.id, MessageState.SENT, 200.0, None, f"true_{named}_{message.message_id}"))


def next_ids(store: Store, **options: frozenset[str]) -> list[str]:
    return [message.id for message in ask(store, NextMessages(ONE, 300.0, 10, **options))]


def test_what_is_under_way_to_one_address_holds_what_is_for_another_of_the_same_chat(store: Store) -> None:
    learn(store, ANA, LID)
    under_way = sending(store, ANA)
    waits, other = accept(store, LID), accept(store, BEA)
    assert next_ids(store) == [other.id]
    ask(store, SettleMessage(under_way.id, MessageState.SENT, 300.0))
    assert next_ids(store) == [waits.id, other.id]


def test_a_more_urgent_message_to_another_address_waits_for_those_accepted_before_it(store: Store) -> None:
    learn(store, ANA, LID)
    first, _urgent = accept(store, ANA), accept(store, LID, priority=9)
    claimed = ask(store, ClaimNext(ONE, 300.0)).message
    assert claimed is not None
    assert claimed.id == first.id


def test_two_addresses_that_were_named_alike_are_one_chat(store: Store) -> None:
    learn(store, ANA, LID)
    learn(store, BEA, LID)
    sending(store, ANA)
    accept(store, BEA)
    assert next_ids(store) == []
    assert next_ids(store, held=frozenset({LID})) == []


def test_an_acknowledgement_names_the_chat_too(store: Store) -> None:
    message = sending(store, ANA)
    ask(store, RecordAck(ONE, message.message_id, 1, 200.0, f"true_{LID}_{message.message_id}"))
    sending(store, LID)
    accept(store, ANA)
    assert next_ids(store) == []


def test_another_name_of_a_chat_is_learned_anew(store: Store) -> None:
    learn(store, ANA, BEA)
    learn(store, ANA, LID)
    sending(store, LID)
    accept(store, ANA)
    accept(store, BEA)
    assert len(next_ids(store)) == 1


def test_what_is_known_of_one_client_says_nothing_of_another(store: Store) -> None:
    learn(store, ANA, LID)
    sending(store, ANA, client=TWO)
    waits = accept(store, LID, client=TWO)
    assert [message.id for message in ask(store, NextMessages(TWO, 300.0, 10))] == [waits.id]
