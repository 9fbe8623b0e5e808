from __future__ import annotations

from typing import Any

from actors.clients.events import MessageReaction
from actors.clients.types import ClientId
from actors.store.events import AppendEvent
from actors.store.rows.reactions import GetStandingReactions
from actors.store.store import Store
from tests.store.asking import ask

ONE, TWO = ClientId(1), ClientId(2)
ANA, LEO = {"author": "1@lid", "author_lid": "1@lid", "author_phone": "549111"}, {"author": "549222@c.us"}


def told(store: Store, client_id: ClientId, bare_id: str, reaction: str, at: float, **who: Any) -> None:
    event = MessageReaction({"bare_id": bare_id, "id": f"true_{bare_id}", "reaction": reaction, "t": at, **who})
    ask(store, AppendEvent(client_id, event.type, event.payload, at, event.key))


def test_the_last_reaction_of_each_person_stands_unless_it_was_taken_back(store: Store) -> None:
    told(store, ONE, "A", "👍", 1.0, **ANA)
    told(store, ONE, "A", "🎉", 2.0, **LEO)
    told(store, ONE, "A", "❤️", 3.0, author="549111@c.us", author_phone="549111")  # Ana, by her other address
    told(store, ONE, "B", "👍", 4.0, **ANA)
    told(store, ONE, "B", "", 5.0, **ANA)
    told(store, TWO, "A", "👍", 6.0, **LEO)
    ask(store, AppendEvent(ONE, MessageReaction.type, {"reaction": "👍"}, 7.0))  # of nobody
    standing = ask(store, GetStandingReactions(ONE))
    assert [(one["bare_id"], one["reaction"]) for one in standing] == [("A", "🎉"), ("A", "❤️")]
    assert ask(store, GetStandingReactions(ClientId(3))) == ()


def test_a_reaction_that_was_taken_back_and_given_again_is_another_one(store: Store) -> None:
    for at, reaction in enumerate(("👍", "", "👍", "")):
        told(store, ONE, "A", reaction, float(at), **LEO)
        assert len(ask(store, GetStandingReactions(ONE))) == (1 if reaction else 0)
