"""The process ends at every durable step of a message's life; the next start finds all that was promised, and
no halves.

A child process lives one life of a message on a real database and ends itself, without a word, at one named point. What
it had been promised until then it has said through a pipe.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any, NoReturn

import pytest
from sqlalchemy import Connection, event, text

from actors.clients.events import MessageAcknowledged, MessageArrived, MessageStateChanged
from actors.clients.operations.messages import SendText
from actors.store.database import Database
from actors.store.errors import MessageNotQueued
from actors.store.journal import RecordAccountEvent
from actors.store.message_states import MessageState
from actors.store.outbox import (
    AcceptMessage,
    CancelMessage,
    ExpireDue,
    GetMessage,
    MarkSending,
    NextMessages,
    RecordAck,
    RequeueMessage,
    SettleMessage,
    Unsettled,
)
from actors.store.ownership import claim
from actors.store.requests import Write, carry_out
from actors.store.schema import migrate, revision_of
from actors.store.sessions import ReadBack, WantSession
from actors.store.store import Store, open_store
from actors.store.writer import GroupCommit, Settle
from tests.store.asking import ANA, ONE, PATIENCE, ask, events_after

S = MessageState
KILLED = 9
ID, BARE = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "3EB0AA"
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Step:
    """One durable step: the state before it, the write, and the state after it."""

    before: MessageState | None
    write: Write[Any]
    after: MessageState


ACCEPT = AcceptMessage(ONE, SendText(ANA, "hi"), BARE, 1.0, key="k", fingerprint="f", expires_at=50.0, id=ID)
MARK = MarkSending((ID,), 2.0)
STEPS = {
    "accept": Step(None, ACCEPT, S.QUEUED),
    "cancel": Step(S.QUEUED, CancelMessage(ONE, ID, 2.0), S.CANCELLED),
    "expire": Step(S.QUEUED, ExpireDue(60.0), S.EXPIRED),
    "mark sending": Step(S.QUEUED, MARK, S.SENDING),
    "settle": Step(S.SENDING, SettleMessage(ID, S.SENT, 3.0, full_id="true_x"), S.SENT),
    "call unknown": Step(S.SENDING, SettleMessage(ID, S.UNKNOWN, 3.0, "no answer"), S.UNKNOWN),
    "requeue": Step(S.SENDING, RequeueMessage(ID, 3.0, crashed=True), S.QUEUED),
    "acknowledge": Step(S.SENDING, RecordAck(ONE, BARE, 2, 3.0), S.DELIVERED),
    "hear an acknowledgement": Step(
        S.SENDING,
        RecordAccountEvent(ONE, MessageAcknowledged({"id": f"true_{ANA}_{BARE}", "ack": 3}), 3.0, "01HEARD"),
        S.READ,
    ),
}
LEADING_THERE: dict[MessageState | None, list[Write[Any]]] = {None: [], S.QUEUED: [ACCEPT], S.SENDING: [ACCEPT, MARK]}


def die(*_: object) -> NoReturn:
    os._exit(KILLED)


# Each prepares the child to die at one point of the step; all but the last two before the write is on disk.


def within_the_write(database: Database, step: Step) -> Store:
    def half(connection: Connection, message: Any) -> Any:
        if type(message) is type(step.write):
            event.listen(connection, "after_cursor_execute", _die_after_writing)
        return carry_out(connection, message)

    return open_store(database, carry_out=half)


def _die_after_writing(_: Connection, _cursor: object, statement: str, *_rest: object) -> None:
    if statement.startswith(("INSERT", "UPDATE")):
        die()


def after_the_write(database: Database, step: Step) -> Store:
    def whole(connection: Connection, message: Any) -> Any:
        answer = carry_out(connection, message)
        if type(message) is type(step.write):
            die()
        return answer

    return open_store(database, carry_out=whole)


def before_the_commit(database: Database, step: Step) -> Store:
    return open_store(_patched(database, lambda _: die()))


def after_the_commit(database: Database, step: Step) -> Store:
    def commit_and_die(group: GroupCommit) -> list[Settle]:
        _commit(group)
        die()

    return open_store(_patched(database, commit_and_die))


def after_the_answer(database: Database, step: Step) -> Store:
    return open_store(database)


_commit = GroupCommit.commit


def _patched(database: Database, commit: Callable[[GroupCommit], list[Settle]]) -> Database:
    setattr(GroupCommit, "commit", commit)  # noqa: B010 - in the child only; mypy would not have it
    return database


POINTS = [within_the_write, after_the_write, before_the_commit, after_the_commit, after_the_answer]
DURABLE = {after_the_commit, after_the_answer}


def live(database: Database, prepare: Callable[[Database, Step], Store], step: Step, promises: Pipe) -> None:
    """The child: takes the step, says what it was promised, and dies."""
    store = prepare(database, step)
    store.ask(step.write).get(timeout=PATIENCE)
    promises.send("answered")
    die()


def crash(prepare: Callable[..., Store], database: Database, step: Step) -> bool:
    """Have a child die at a point of a step; whether it had been answered."""
    hears, says = FORK.Pipe(duplex=False)
    child = FORK.Process(target=live, args=(database, prepare, step, says))
    child.start()
    says.close()
    child.join(PATIENCE)
    assert child.exitcode == KILLED
    child.close()
    with hears:
        try:
            return bool(hears.recv())
        except EOFError:
            return False


def led_to(database: Database, state: MessageState | None) -> None:
    store = open_store(database)
    for write in LEADING_THERE[state]:
        ask(store, write)
    store.close(timeout=PATIENCE)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.__name__)
@pytest.mark.parametrize("name", STEPS)
def test_after_a_crash_a_step_was_taken_whole_or_not_at_all(
    database: Database, name: str, point: Callable[[Database, Step], Store]
) -> None:
    step = STEPS[name]
    led_to(database, step.before)
    answered = crash(point, database, step)
    assert answered == (point is after_the_answer)
    store = open_store(database)
    state = state_of(store)
    assert state == (step.after if point in DURABLE else step.before)
    events_tell_the_same(store, state)
    with suppress(MessageNotQueued):
        ask(store, step.write)  # whoever was not answered asks again, and nothing happens twice
    assert state_of(store) is step.after
    events_tell_the_same(store, step.after)
    store.close(timeout=PATIENCE)


def state_of(store: Store) -> MessageState | None:
    found = ask(store, GetMessage(ONE, ID))
    return None if found is None else found.state


def events_tell_the_same(store: Store, state: MessageState | None) -> None:
    """The events lead, step by step and without a gap, to the state of the row; none is there twice."""
    events = events_after(store, client_id=ONE)
    assert [found.sequence for found in events] == list(range(1, len(events) + 1))
    told = [found.payload for found in events if found.type == MessageStateChanged.type]
    states = ["queued", *(payload["state"] for payload in told)]
    assert [payload["previous_state"] for payload in told] == states[:-1]
    assert states[-1] == (state or "queued")


def test_what_was_about_to_leave_is_found_by_the_next_start_and_not_sent_blindly(database: Database) -> None:
    led_to(database, S.QUEUED)
    assert crash(after_the_answer, database, STEPS["mark sending"])
    store = open_store(database)
    (found,) = ask(store, Unsettled(ONE))
    assert found.message_id == BARE
    assert ask(store, NextMessages(ONE, 10.0)) == ()
    store.close(timeout=PATIENCE)


def test_a_wanted_client_is_wanted_after_a_crash(database: Database) -> None:
    assert crash(after_the_answer, database, Step(None, WantSession(ONE, 1.0), S.QUEUED))
    store = open_store(database)
    session = ask(store, ReadBack(ONE))
    assert session is not None
    assert session.wanted
    store.close(timeout=PATIENCE)


def test_a_message_that_is_told_again_after_a_crash_is_one_event(database: Database) -> None:
    led_to(database, None)
    told = RecordAccountEvent(ONE, MessageArrived({"id": "false_549@c.us_3EB0"}), 1.0)
    crash(after_the_commit, database, Step(None, told, S.QUEUED))
    store = open_store(database)
    ask(store, RecordAccountEvent(ONE, told.event, 2.0))
    assert len(events_after(store, client_id=ONE)) == 1
    store.close(timeout=PATIENCE)


# --- the start itself ------------------------------------------------------------------------------------------------


def upgrade_and_die(database: Database, statements: int) -> None:
    seen = 0

    def count(_: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal seen
        seen += statement.lstrip().startswith(("CREATE", "UPDATE", "INSERT"))
        if seen == statements:
            die()

    with database.writing().begin() as connection:
        event.listen(connection, "after_cursor_execute", count)
        migrate(connection)
    os._exit(0)


@pytest.mark.parametrize("statements", [1, 4, 9])
def test_a_crash_during_an_upgrade_leaves_the_old_schema_and_the_next_start_upgrades(
    database: Database, statements: int
) -> None:
    led_by_an_older_version(database)
    child = FORK.Process(target=upgrade_and_die, args=(database, statements))
    child.start()
    child.join(PATIENCE)
    assert child.exitcode == KILLED
    child.close()
    with database.reading().connect() as connection:
        assert revision_of(connection) == "0001"
    store = open_store(database)
    session = ask(store, ReadBack(ONE))
    assert session is not None
    store.close(timeout=PATIENCE)


def led_by_an_older_version(database: Database) -> None:
    if database.path is not None:
        database.path.parent.mkdir(parents=True)
    with database.writing().begin() as connection:
        migrate(connection, "0001")
        connection.execute(text("INSERT INTO sessions VALUES (1, true, true, NULL, 0, 6.0)"))


def test_a_crash_frees_the_data_directory(sqlite: Database) -> None:
    assert sqlite.path is not None
    data_dir = sqlite.path.parent

    def own() -> None:
        claim(data_dir)
        die()

    child = FORK.Process(target=own)
    child.start()
    child.join(PATIENCE)
    assert child.exitcode == KILLED
    child.close()
    claim(data_dir).release()
