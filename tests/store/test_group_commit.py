"""Group commit: one flush for many writes, each on its own, nobody answered before it is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from actors.clients.operations.messages import SendText
from actors.runtime import Refusal, Reply, ReplyTo
from actors.runtime.testing import asked, own_tells, unstarted
from actors.store.database import Database
from actors.store.errors import WriteFailed
from actors.store.events import AppendEvent
from actors.store.outbox import AcceptMessage, CountQueued
from actors.store.requests import Write, carry_out
from actors.store.store import Store, open_store
from actors.store.writer import Commit, GetOutage, GroupCommit, QueuedWrite, Writer
from tests.store.asking import ANA, ONE, PATIENCE, ask, events_after


@dataclass(frozen=True, slots=True)
class Note(Write[int]):
    """A row in a table of the test's own; `mistake` happens after it was written."""

    number: int
    mistake: Callable[[Connection], object] | None = None

    def run(self, connection: Connection) -> int:
        connection.execute(text("INSERT INTO notes VALUES (:number)"), {"number": self.number})
        if self.mistake is not None:
            self.mistake(connection)
        return self.number


def refuse(_: Connection) -> None:
    raise Refusal("no")


def break_a_constraint(connection: Connection) -> None:
    connection.execute(text("INSERT INTO notes VALUES (1)"))


def mistype(connection: Connection) -> None:
    connection.execute(text("SELECT nothing FROM nowhere"))


@pytest.fixture
def group(database: Database, store: Store) -> Iterator[GroupCommit]:
    engine = database.writing()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (number INTEGER PRIMARY KEY)"))
    group = GroupCommit(engine, carry_out)
    yield group
    group.close()


def pend(group: GroupCommit, write: Write[Any]) -> Reply[Any]:
    reply: Reply[Any] = Reply()
    group.apply(QueuedWrite(write, ReplyTo(reply, set())))
    return reply


def commit(group: GroupCommit) -> None:
    for settle in group.commit():
        settle()


def noted(database: Database) -> list[int]:
    with database.reading().connect() as connection:
        return [row.number for row in connection.execute(text("SELECT number FROM notes ORDER BY number"))]


def test_nobody_is_answered_and_nothing_is_seen_before_the_commit(group: GroupCommit, database: Database) -> None:
    replies = [pend(group, Note(number)) for number in (1, 2)]
    assert not any(reply.is_answered() for reply in replies)
    assert noted(database) == []
    answers = group.commit()
    assert noted(database) == [1, 2]
    assert not any(reply.is_answered() for reply in replies)
    for answer in answers:
        answer()
    assert [reply.get(timeout=0) for reply in replies] == [1, 2]
    assert len(group) == 0


@pytest.mark.parametrize("mistake", [refuse, break_a_constraint, mistype, lambda _: 1 / 0])
def test_a_write_that_goes_wrong_takes_nobody_along(
    group: GroupCommit, database: Database, mistake: Callable[[Connection], object]
) -> None:
    replies = [pend(group, write) for write in (Note(1), Note(2, mistake), Note(3), Note(4, mistake), Note(5))]
    commit(group)
    assert noted(database) == [1, 3, 5]
    for number, reply in enumerate(replies, 1):
        if number % 2:
            assert reply.get(timeout=0) == number
        else:
            with pytest.raises(Refusal if mistake is refuse else WriteFailed):
                reply.get(timeout=0)


def test_a_group_that_is_abandoned_was_never_there(group: GroupCommit, database: Database) -> None:
    reply = pend(group, Note(1))
    assert [pending.write for pending in group.abandon()] == [Note(1)]
    assert noted(database) == []
    assert not reply.is_answered()
    commit(group)
    pend(group, Note(2))
    commit(group)
    assert noted(database) == [2]


def test_a_write_nobody_carries_out_fails_alone(group: GroupCommit, database: Database) -> None:
    class Strange(Write[None]):
        pass

    strange, known = pend(group, Strange()), pend(group, Note(1))
    commit(group)
    with pytest.raises(WriteFailed):
        strange.get(timeout=0)
    assert known.get(timeout=0) == 1


def test_many_callers_share_a_commit(database: Database) -> None:
    open_store(database).close(timeout=PATIENCE)
    commits: list[Connection] = []
    writer = unstarted(Writer, database)
    writer.started()
    event.listen(writer._group.connection(), "commit", commits.append)
    writer.actor_ref.tell(GetOutage())  # somebody waits behind the first
    replies = [asked(writer, AcceptMessage(ONE, SendText(ANA, "x"), f"3EB0{number}", 1.0)) for number in range(5)]
    (commit,) = [message for message in own_tells(writer) if isinstance(message, Commit)]
    assert not any(reply.is_answered() for reply in replies)
    assert not commits
    asked(writer, commit)
    assert all(reply.is_answered() for reply in replies)
    assert len(commits) == 2  # the group, and the look for events to tell
    writer.closed(None)


def test_a_write_that_nobody_waits_behind_is_committed_at_once(database: Database) -> None:
    open_store(database).close(timeout=PATIENCE)
    writer = unstarted(Writer, database)
    writer.started()
    reply = asked(writer, AcceptMessage(ONE, SendText(ANA, "x"), "3EB0", 1.0))
    assert reply.is_answered()
    assert own_tells(writer) == []
    writer.closed(None)


def test_a_full_group_is_committed_without_waiting(database: Database) -> None:
    store = open_store(database, max_group=2)
    replies = [store.ask(AcceptMessage(ONE, SendText(ANA, "x"), f"3EB0{number}", 1.0)) for number in range(7)]
    assert [reply.get(timeout=PATIENCE).message.position for reply in replies] == list(range(1, 8))
    assert ask(store, CountQueued()) == 7
    store.close(timeout=PATIENCE)


def test_what_was_told_before_the_end_is_written(database: Database) -> None:
    store = open_store(database)
    for _ in range(300):
        store.tell(AppendEvent(ONE, "call", {}, 1.0))
    store.close(timeout=PATIENCE)
    store = open_store(database)
    assert len(events_after(store, limit=1000)) == 300
    store.close(timeout=PATIENCE)


def test_readers_see_what_was_answered(store: Store) -> None:
    for number in range(1, 20):
        ask(store, AcceptMessage(ONE, SendText(ANA, "x"), f"3EB0{number}", 1.0))
        assert ask(store, CountQueued()) == number
