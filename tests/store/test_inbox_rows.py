"""Events that wait to be told, and the files of messages that came in."""

from __future__ import annotations

from actors.clients.events import MessageAcknowledged, MessageArrived
from actors.clients.operations.fields import File
from actors.clients.types import ClientId
from actors.store.journal import RecordAccountEvent
from actors.store.message_states import MessageState
from actors.store.outbox import GetMessage
from actors.store.rows.held import GetHeldEvents, HoldEvent, TellHeld
from actors.store.rows.media import ForgetMedia, GetDigests
from actors.store.rows.received import ForgetReceived, GetReceived, KeepReceived, MakeRoom, RoomLeft
from actors.store.store import Store
from tests.store.asking import ask, events_after, sending

ONE, TWO = ClientId(1), ClientId(2)
ANA = "5491122334455@c.us"


def arrived(bare: str, **more: object) -> MessageArrived:
    return MessageArrived({"id": f"false_{ANA}_{bare}", "bare_id": bare, "chat": ANA, "media": None, **more})


def file(name: str, size: int = 10) -> File:
    return File(name * 64, size, "image/png", f"{name}.png")


def test_an_event_that_waits_is_known_and_told_once_with_the_payload_it_gets(store: Store) -> None:
    assert ask(store, HoldEvent(ONE, arrived("A"), 100.0, "held-a"))
    assert ask(store, HoldEvent(ONE, arrived("A"), 101.0, "held-again")) is False
    assert ask(store, RecordAccountEvent(ONE, arrived("A"), 102.0)) is None
    assert events_after(store) == ()
    (held,) = ask(store, GetHeldEvents())
    assert (held.id, held.client_id, held.event.payload["bare_id"], held.at) == ("held-a", ONE, "A", 100.0)
    told = ask(store, TellHeld("held-a", {"media": "there"}))
    assert told is not None
    assert (told.at, told.sequence, told.payload) == (100.0, 1, {"media": "there"})
    assert ask(store, TellHeld("held-a")) is None
    assert ask(store, GetHeldEvents()) == ()
    assert [event.id for event in events_after(store)] == ["held-a"]


def test_events_that_wait_are_read_in_the_order_in_which_they_were_held(store: Store) -> None:
    for bare in ("C", "A", "B"):
        ask(store, HoldEvent(ONE, arrived(bare), 100.0, f"held-{bare}"))
    assert [held.event.payload["bare_id"] for held in ask(store, GetHeldEvents())] == ["C", "A", "B"]


def test_an_acknowledgement_that_waits_moves_its_message_at_once(store: Store) -> None:
    message = sending(store, ANA)
    full = f"true_{ANA}_{message.message_id}"
    told = {"id": full, "bare_id": message.message_id, "chat": ANA, "ack": 2, "from_me": True}
    assert ask(store, HoldEvent(ONE, MessageAcknowledged(told), 110.0))
    found = ask(store, GetMessage(ONE, message.id))
    assert found is not None
    assert found.state is MessageState.DELIVERED
    assert "message.ack" not in [event.type for event in events_after(store)]


def test_a_message_of_the_outbox_is_none_of_another_device(store: Store) -> None:
    message = sending(store, ANA)
    own = arrived(message.message_id, from_me=True)
    assert ask(store, HoldEvent(ONE, own, 110.0)) is False
    assert ask(store, RecordAccountEvent(ONE, own, 110.0)) is None
    assert ask(store, RecordAccountEvent(ONE, arrived("3A01", from_me=True), 110.0)) is not None


def test_a_file_is_kept_as_long_as_a_message_that_came_in_has_it(store: Store) -> None:
    for client, bare in ((ONE, "A"), (TWO, "B")):
        ask(store, KeepReceived(client, bare, file("a"), 100.0, 200.0 if client == ONE else 300.0))
    assert ask(store, GetReceived(ONE, "A")) == ask(store, GetReceived(TWO, "B")) == file("a")
    assert ask(store, GetReceived(ONE, "B")) is None
    assert ask(store, ForgetReceived(250.0)) == 1
    assert ask(store, ForgetMedia(250.0, 0.0)) == ()
    assert ask(store, ForgetReceived(350.0)) == 1
    assert ask(store, ForgetMedia(350.0, 0.0)) == (file("a").digest,)
    assert ask(store, GetDigests()) == frozenset()


def test_the_oldest_files_go_where_all_together_are_too_large(store: Store) -> None:
    for number, name in enumerate("abcd"):
        ask(store, KeepReceived(ONE, name, file(name), 100.0 + number, 1000.0))
    assert ask(store, ForgetReceived(200.0, keep_bytes=0)) == 0
    assert ask(store, ForgetReceived(200.0, keep_bytes=25)) == 2
    kept = [name for name in "abcd" if ask(store, GetReceived(ONE, name)) is not None]
    assert kept == ["c", "d"]
    assert ask(store, ForgetReceived(200.0, keep_bytes=25)) == 0


def test_room_is_made_only_where_all_files_together_are_more_than_the_limit(store: Store) -> None:
    for number, name in enumerate("abcd"):
        ask(store, KeepReceived(ONE, name, file(name), 100.0 + number, 1000.0))
    size = file("a").size
    assert ask(store, MakeRoom(4 * size, 2 * size)) == RoomLeft(4 * size)
    assert ask(store, MakeRoom(4 * size - 1, 2 * size)) == RoomLeft(2 * size, 2)
    assert [name for name in "abcd" if ask(store, GetReceived(ONE, name)) is not None] == ["c", "d"]
    assert ask(store, MakeRoom(1, 1)) == RoomLeft(0, 2)


def test_a_file_that_is_fetched_again_is_the_newer_one(store: Store) -> None:
    ask(store, KeepReceived(ONE, "A", file("a"), 100.0, 200.0))
    ask(store, KeepReceived(ONE, "A", file("b"), 150.0, 400.0))
    assert ask(store, ForgetReceived(250.0)) == 0
    assert ask(store, GetReceived(ONE, "A")) == file("b")
