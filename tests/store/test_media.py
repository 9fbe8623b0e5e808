"""The rows of the media store, on each kind of database: what is kept, and for how long."""

from __future__ import annotations

import pytest

from actors.clients.operations.fields import File
from actors.clients.operations.media import SendDocument
from actors.clients.operations.messages import draw_message_id
from actors.store.message_states import MessageState
from actors.store.outbox import AcceptMessage, Message, SettleMessage, operation_of
from actors.store.rows.media import DropMedia, ForgetMedia, GetDigests, GetMedia, KeepMedia, NoSuchMedia
from actors.store.store import Store
from tests.store.asking import ANA, ONE, ask

INVOICE = File("a" * 64, 1000, "application/pdf", "invoice ñ.pdf")
OTHER = File("b" * 64, 10, "image/png", "b.png")
LIFETIME = 100.0


def accepted(store: Store, file: File = INVOICE, at: float = 10.0) -> Message:
    return ask(store, AcceptMessage(ONE, SendDocument(ANA, file, "here"), draw_message_id(), at)).message


def forgotten(store: Store, at: float) -> tuple[str, ...]:
    return ask(store, ForgetMedia(at, LIFETIME))


def test_what_is_kept_is_found_until_its_time_is_over(store: Store) -> None:
    assert ask(store, KeepMedia(INVOICE, 1.0, 50.0)) == INVOICE
    assert ask(store, GetMedia(INVOICE.digest)) == INVOICE
    assert forgotten(store, 50.0) == ()
    assert forgotten(store, 50.1) == (INVOICE.digest,)
    assert ask(store, GetMedia(INVOICE.digest)) is None
    assert forgotten(store, 60.0) == ()


def test_what_is_kept_again_takes_its_new_name_and_the_later_time(store: Store) -> None:
    ask(store, KeepMedia(INVOICE, 1.0, 90.0))
    renamed = File(INVOICE.digest, INVOICE.size, "text/plain", "b.txt")
    ask(store, KeepMedia(renamed, 2.0, 50.0))
    assert ask(store, GetMedia(INVOICE.digest)) == renamed
    assert forgotten(store, 80.0) == ()
    assert ask(store, GetDigests()) == {INVOICE.digest}


def test_a_message_keeps_its_file_while_it_waits_and_for_a_lifetime_after_its_end(store: Store) -> None:
    ask(store, KeepMedia(INVOICE, 1.0, 50.0))
    message = accepted(store)
    assert (message.media, operation_of(message)) == (INVOICE.digest, SendDocument(ANA, INVOICE, "here"))
    assert forgotten(store, 10_000.0) == ()
    ask(store, SettleMessage(message.id, MessageState.SENT, 1000.0))
    assert forgotten(store, 1100.0) == ()
    assert forgotten(store, 1100.1) == (INVOICE.digest,)


def test_a_message_whose_file_is_not_there_is_refused_and_not_accepted(store: Store) -> None:
    with pytest.raises(NoSuchMedia, match="Upload it again"):
        accepted(store)
    ask(store, KeepMedia(INVOICE, 1.0, 50.0))
    assert accepted(store).position == 1


def test_rows_without_files_are_dropped(store: Store) -> None:
    for file in (INVOICE, OTHER):
        ask(store, KeepMedia(file, 1.0, 50.0))
    ask(store, DropMedia((INVOICE.digest,)))
    assert ask(store, GetDigests()) == {OTHER.digest}


def test_at_most_so_many_are_forgotten_at_a_time(store: Store) -> None:
    for number in range(5):
        ask(store, KeepMedia(File(f"{number:064}", 1, "x/y", "x"), 1.0, float(number)))
    assert len(ask(store, ForgetMedia(100.0, LIFETIME, limit=3))) == 3
    assert len(ask(store, ForgetMedia(100.0, LIFETIME, limit=3))) == 2
