"""The memory of a client's WhatsApp Web over a restart: the version of its page, and the counts of its receipts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from actors.clients.canary import KEEP_EVERY, Canary, CanaryJournal
from actors.clients.events import MessageAcknowledged
from actors.clients.page_contract import PageContract
from actors.clients.ports import Transition, Unrecorded
from actors.clients.receipts import DAY, ENOUGH, GRACE
from actors.clients.types import State
from actors.runtime.testing import ManualClock
from actors.store.database import Database
from actors.store.journal import StoreSessions
from actors.store.sessions import (
    ForgetSession,
    GetSessions,
    ReadBack,
    RecordReceipts,
    RecordVersion,
    Session,
    WantSession,
)
from actors.store.store import Store, open_store
from tests.store.asking import ONE, PATIENCE, TWO, ask


def test_a_version_keeps_the_instant_it_was_first_seen_at(store: Store) -> None:
    ask(store, WantSession(ONE, 1.0))
    for version, at in (("2.3000.1", 5.0), ("2.3000.1", 6.0), ("2.3000.2", 7.0), ("2.3000.2", 8.0)):
        ask(store, RecordVersion(ONE, version, at))
    known = ask(store, ReadBack(ONE))
    assert known == Session(ONE, True, False, None, 0, 1.0, None, "2.3000.2", 7.0)
    assert ask(store, GetSessions()) == (known,)


def test_nothing_is_recorded_of_a_client_that_is_not_stored(store: Store) -> None:
    ask(store, RecordVersion(ONE, "2.3000.1", 5.0))
    ask(store, RecordReceipts(ONE, ((1, 2, 3),)))
    assert ask(store, GetSessions()) == ()


def test_what_is_recorded_of_a_client_goes_with_it(store: Store) -> None:
    for client in (ONE, TWO):
        ask(store, WantSession(client, 1.0))
        ask(store, RecordReceipts(client, ((20000, 60, 59), (20001, 5, 0))))
        ask(store, RecordReceipts(client, ((20001, 6, 1),)))
    ask(store, ForgetSession(ONE))
    assert [(each.client_id, each.receipts) for each in ask(store, GetSessions())] == [(TWO, ((20001, 6, 1),))]


class Service:
    """The canary of a service that is stopped and started again on one database."""

    def __init__(self, database: Database) -> None:
        self.clock, self.database = ManualClock(), database

    @contextmanager
    def runs(self) -> Iterator[CanaryJournal]:
        store = open_store(self.database)
        ask(store, WantSession(ONE, self.clock.time()))
        self.canary = Canary(self.clock)
        self.canary.remember({}, {known.client_id: known.receipts for known in ask(store, GetSessions())})
        journal = CanaryJournal(Unrecorded(), self.canary, StoreSessions(store, clock=self.clock).receipts)
        journal.contract_read(ONE, PageContract("2.3000.1"))
        yield journal
        store.close(timeout=PATIENCE)

    def acks(self, journal: CanaryJournal, prefix: str, *, received: int) -> None:
        """As many messages as a day needs, each accepted by WhatsApp, the last of them received by their phones."""
        for number in range(ENOUGH):
            for ack in (1, 2) if number >= ENOUGH - received else (1,):
                told = {"bare_id": f"{prefix}{number}", "ack": ack, "from_me": True, "live": True}
                journal.happened(ONE, MessageAcknowledged(told))


def test_a_client_is_compared_with_its_own_past_from_before_a_restart(database: Database) -> None:
    service = Service(database)
    with service.runs() as journal:
        service.acks(journal, "A", received=ENOUGH)
        journal.changed(Transition(ONE, State.READY, State.NOT_INITIALIZED, "Closed", None, None, 0.0))
    service.clock.advance(DAY)
    with service.runs() as journal:
        service.acks(journal, "B", received=ENOUGH // 5)
        service.clock.advance(GRACE)
        assert service.canary.look().silent == (ONE,)


def test_a_kill_costs_no_more_counts_than_those_of_the_last_minutes(database: Database) -> None:
    service = Service(database)
    with service.runs() as journal:
        service.acks(journal, "A", received=ENOUGH)
        service.clock.advance(KEEP_EVERY)
        journal.happened(ONE, MessageAcknowledged({"bare_id": "late", "ack": 1, "from_me": True, "live": True}))
    service.clock.advance(DAY)
    with service.runs() as journal:
        service.acks(journal, "B", received=0)
        service.acks(journal, "C", received=ENOUGH // 5)
        service.clock.advance(GRACE)
        assert service.canary.look().silent == (ONE,)
