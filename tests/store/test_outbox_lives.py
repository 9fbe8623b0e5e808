"""Random lives of an outbox: whatever callers, senders, phones and clocks do, in whatever order, its promises hold."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Connection

from actors.clients.events import MessageStateChanged
from actors.clients.operations.messages import SendText
from actors.store.database import Database, prepare_file
from actors.store.errors import IdempotencyKeyReused, MessageNotQueued, OutboxFull
from actors.store.event_pages import ReadPage
from actors.store.message_states import OPEN, MessageState, may_follow
from actors.store.outbox import (
    AcceptMessage,
    CancelMessage,
    ExpireDue,
    ListMessages,
    MarkSending,
    Message,
    NextMessages,
    PruneMessages,
    RecordAck,
    RequeueMessage,
    SettleMessage,
)
from actors.store.schema import migrate
from tests.store.asking import ANA, BEA, ONE

S = MessageState
LIMIT = 6
CHATS = st.sampled_from([ANA, BEA, "123@g.us"])
SOON = st.none() | st.integers(0, 20)
SETTLED = st.sampled_from([S.SENT, S.FAILED, S.UNKNOWN])


class Lives(RuleBasedStateMachine):
    """One outbox in one transaction that is never committed, and what it promised so far."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = TemporaryDirectory()
        database = Database(f"sqlite:///{Path(self._directory.name)}/store.db")
        prepare_file(database)
        self.connection: Connection = database.writing().connect()
        self.connection.begin()
        migrate(self.connection)
        self.now = 100.0
        self.number = 0

    def teardown(self) -> None:
        self.connection.close()
        self._directory.cleanup()

    def messages(self) -> tuple[Message, ...]:
        return ListMessages(ONE, limit=1000).run(self.connection)

    def of(self, state: MessageState) -> list[Message]:
        return [message for message in self.messages() if message.state is state]

    @rule(seconds=st.integers(1, 15))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(chat=CHATS, priority=st.integers(0, 2), wait=SOON, life=SOON)
    def a_caller_sends(self, chat: str, priority: int, wait: int | None, life: int | None) -> None:
        self.number += 1
        send_at = None if wait is None else self.now + wait
        expires_at = None if life is None else self.now + life
        key = f"k{self.number}"
        asked = AcceptMessage(
            ONE,
            SendText(chat, "x"),
            f"3EB0{self.number}",
            self.now,
            priority,
            send_at,
            expires_at,
            key,
            "f",
            limit=LIMIT,
        )
        full = len(self.of(S.QUEUED)) >= LIMIT
        try:
            taken = asked.run(self.connection)
        except OutboxFull:
            assert full
        else:
            assert not full
            assert asked.run(self.connection).message == taken.message

    @precondition(lambda self: self.messages())
    @rule(data=st.data(), same=st.booleans())
    def a_caller_repeats_itself(self, data: st.DataObject, same: bool) -> None:
        known = data.draw(st.sampled_from(self.messages()))
        print_of = "f" if same else "g"
        asked = AcceptMessage(ONE, SendText(ANA, "y"), "3EB0X", self.now, key=known.key, fingerprint=print_of, limit=0)
        with suppress(IdempotencyKeyReused):
            again = asked.run(self.connection)
            assert same
            assert (again.message, again.repeated) == (known, True)

    @rule(limit=st.integers(1, 4))
    def what_may_leave_leaves(self, limit: int) -> None:
        found = NextMessages(ONE, self.now, limit).run(self.connection)
        busy = {message.chat for message in self.of(S.SENDING)}
        due = [message for message in self.of(S.QUEUED) if self._is_due(message)]
        assert not busy & {message.chat for message in found}
        assert len(found) == min(limit, len({message.chat for message in due} - busy))
        urgency = [max(one.priority for one in due if one.chat == message.chat) for message in found]
        assert urgency == sorted(urgency, reverse=True)
        for message in found:
            assert message == next(one for one in due if one.chat == message.chat)
        marked = MarkSending(tuple(one.id for one in found), self.now).run(self.connection)
        assert {one.id for one in marked} == {one.id for one in found}

    def _is_due(self, message: Message) -> bool:
        alive = message.expires_at is None or message.expires_at > self.now
        return alive and (message.send_at is None or message.send_at <= self.now)

    @precondition(lambda self: self.messages())
    @rule(data=st.data(), state=SETTLED)
    def something_is_settled(self, data: st.DataObject, state: MessageState) -> None:
        before = data.draw(st.sampled_from(self.messages()))
        after = SettleMessage(before.id, state, self.now, full_id="true_x").run(self.connection)
        assert after.state is (state if may_follow(before.state, state) else before.state)
        assert after.full_id == "true_x"

    @precondition(lambda self: self.messages())
    @rule(data=st.data(), ack=st.integers(-1, 4))
    def a_phone_acknowledges(self, data: st.DataObject, ack: int) -> None:
        left = [message for message in self.messages() if "sending" in message.times]
        if left:
            message = data.draw(st.sampled_from(left))
            RecordAck(ONE, message.message_id, ack, self.now).run(self.connection)

    @precondition(lambda self: self.of(S.SENDING))
    @rule(data=st.data(), crashed=st.booleans())
    def it_had_not_left(self, data: st.DataObject, crashed: bool) -> None:
        message = data.draw(st.sampled_from(self.of(S.SENDING)))
        after = RequeueMessage(message.id, self.now, crashed).run(self.connection)
        assert after.state is (S.FAILED if after.attempts >= 2 else S.QUEUED)
        assert after.attempts == message.attempts + crashed

    @precondition(lambda self: self.messages())
    @rule(data=st.data())
    def a_caller_takes_back(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(self.messages()))
        try:
            assert CancelMessage(ONE, message.id, self.now).run(self.connection).state is S.CANCELLED
        except MessageNotQueued:
            assert message.state is not S.QUEUED

    @rule()
    def what_is_late_expires(self) -> None:
        ExpireDue(self.now).run(self.connection)
        assert all(one.expires_at is None or one.expires_at > self.now for one in self.of(S.QUEUED))

    @rule()
    def what_is_old_goes(self) -> None:
        before = {message.id for message in self.messages() if message.state in OPEN}
        PruneMessages(self.now - 30).run(self.connection)
        assert before <= {message.id for message in self.messages()}

    @invariant()
    def states_follow_the_table_and_events_tell_them(self) -> None:
        told = ReadPage(0, frozenset({ONE}), limit=10_000).run(self.connection).events
        assert [one.sequence for one in told] == list(range(1, len(told) + 1))
        states: dict[str, str] = {}
        for one in told:
            assert one.type == MessageStateChanged.type
            before, after = one.payload["previous_state"], one.payload["state"]
            assert states.get(one.payload["id"], "queued") == before
            assert may_follow(MessageState(before), MessageState(after))
            states[one.payload["id"]] = after
        for message in self.messages():
            assert states.get(message.id, "queued") == message.state


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
