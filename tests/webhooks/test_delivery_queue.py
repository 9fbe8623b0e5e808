"""All cursors: who asks for a turn, who rests, and what a changed webhook means for those that are known."""

from __future__ import annotations

from dataclasses import replace

from actors.clients.types import ClientId
from actors.store.events import Event
from actors.store.webhooks import Due, Progress, Webhook
from actors.webhooks.delivery_queue import DeliveryQueue, Job, ReadDue, Slots, Target
from actors.webhooks.protocol import Key, Sending
from actors.webhooks.schedule import RetryPolicy

ONE, TWO = ClientId(1), ClientId(2)
HOOK = Webhook("W", "https://target.example/", 0.0, 0.0, events=("message",))
KEY = ("W", ONE)


class Hours:
    """The time, as the test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def cursors(*webhooks: Webhook, hours: Hours | None = None, due: tuple[Key, ...] = (KEY,)) -> DeliveryQueue:
    made = DeliveryQueue(hours or Hours(), Slots(4, 4))
    retarget(made, *webhooks, due=due)
    return made


def retarget(known: DeliveryQueue, *webhooks: Webhook, due: tuple[Key, ...] = ()) -> None:
    known.retarget({webhook.id: Target.of(webhook, RetryPolicy()) for webhook in webhooks}, due, ())


def event(sequence: int = 1, client: ClientId = ONE, type: str = "message") -> Event:
    return Event(sequence, f"E{sequence}", client, sequence, 0.0, type, {})


def read(known: DeliveryQueue, *events: Event, next_at: float | None = None) -> None:
    """Have the cursor read, and find these."""
    assert list(known.turns()) == [(KEY, ReadDue())]
    cursor = known.get(KEY)
    assert cursor is not None
    cursor.begin_reading()
    stored = Progress("W", ONE, attempts=0 if next_at is None else 1, next_at=next_at)
    cursor.take(Due(stored, (), events, read_to=len(events), more=False, missed=0))


def test_a_line_that_is_due_reads_and_then_delivers() -> None:
    known = cursors(HOOK)
    read(known, event())
    todo = known.todo(KEY)
    assert isinstance(todo, Job)
    assert todo.event_id == "E1"
    assert known.sending == Sending(running=1, waiting=0, resting=0)


def test_a_line_with_nothing_to_do_gives_its_turn_back() -> None:
    known = cursors(HOOK)
    read(known)
    assert known.todo(KEY) is None
    known.end_turn(KEY)
    assert (list(known.turns()), known.sending) == ([], Sending(0, 0, 0))


def test_what_no_webhook_wants_asks_for_no_turn() -> None:
    known = cursors(HOOK, replace(HOOK, id="OFF", active=False), replace(HOOK, id="TWO", clients=(TWO,)), due=())
    known.offer(event(type="call"))
    assert list(known.turns()) == []
    known.offer(event())
    assert list(known.turns()) == [(KEY, ReadDue())]


def test_a_line_rests_until_its_time_and_asks_once() -> None:
    hours = Hours()
    known = cursors(HOOK, hours=hours)
    read(known, event(), next_at=130.0)
    known.end_turn(KEY)
    assert (known.next_rest, known.sending) == (130.0, Sending(0, 0, 1))
    known.wake_rested()
    assert list(known.turns()) == []
    hours.now = 130.0
    known.wake_rested()
    ((key, todo),) = known.turns()
    assert (key, isinstance(todo, Job), known.next_rest) == (KEY, True, None)


def test_one_that_is_put_off_reads_again_later() -> None:
    hours = Hours()
    known = cursors(HOOK, hours=hours)
    read(known, event())
    known.put_off(KEY, 101.0)
    assert list(known.turns()) == []
    hours.now = 101.0
    known.wake_rested()
    assert list(known.turns()) == [(KEY, ReadDue())]


def test_a_changed_webhook_is_read_again_and_an_unchanged_one_is_not() -> None:
    known = cursors(HOOK)
    read(known, event())
    retarget(known, HOOK)
    assert isinstance(known.todo(KEY), Job)
    retarget(known, replace(HOOK, url="https://elsewhere.example/"))
    assert known.todo(KEY) == ReadDue()
    assert known.target(KEY).host == "elsewhere.example:https"


def test_a_deleted_webhook_takes_its_lines_with_it_also_in_the_middle_of_a_turn() -> None:
    known = cursors(HOOK)
    read(known, event())
    retarget(known)
    assert (known.get(KEY), known.todo(KEY)) == (None, None)
    known.end_turn(KEY)
    assert known.sending == Sending(0, 0, 0)
