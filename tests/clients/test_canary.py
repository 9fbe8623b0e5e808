"""The canary: versions and missing names of all pages, the events made of them, and receipts that do not come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.clients.canary import KEEP_EVERY, Canary, CanaryJournal, WhatsAppSeen
from actors.clients.events import MessageAcknowledged, WhatsAppChanged, WhatsAppDrifted
from actors.clients.page_contract import PageContract
from actors.clients.ports import Transition
from actors.clients.receipts import DAY, ENOUGH, GRACE, SILENT, DayCount, Receipts
from actors.clients.types import ClientId, State
from actors.runtime.testing import ManualClock
from tests.clients.rig import Memory

ONE, TWO = ClientId(1), ClientId(2)
OLD = PageContract("2.3000.1", wa_js="4.6.0")
NEW = PageContract("2.3000.2", wa_js="4.6.0")
WORN = PageContract(
    "2.3000.2", wa_js="4.6.0", missing=("Stream", "unixTime"), lost=frozenset({"message.ack", "sendText"})
)


class World:
    def __init__(self) -> None:
        self.clock, self.memory = ManualClock(), Memory()
        self.canary = Canary(self.clock)
        self.journal = CanaryJournal(self.memory, self.canary)

    def told(self) -> list[tuple[str, Any]]:
        return [(event.type, event.payload) for event in self.memory.events if event.type.startswith("whatsapp")]

    def ack(self, message: str, ack: int, client_id: ClientId = ONE, **fields: Any) -> None:
        payload = {"bare_id": message, "ack": ack, "from_me": True, "live": True, **fields}
        self.journal.happened(client_id, MessageAcknowledged(payload))


@pytest.fixture
def w() -> World:
    return World()


def test_nothing_is_known_before_a_page_was_read(w: World) -> None:
    assert w.canary.look() == WhatsAppSeen()
    assert w.canary.look().whole


def test_the_first_version_is_no_change_and_each_client_tells_the_next_one_once(w: World) -> None:
    w.journal.contract_read(ONE, OLD)
    w.journal.contract_read(TWO, OLD)
    assert w.told() == []
    since = w.canary.look().seen_since
    w.clock.advance(10.0)
    for client_id in (ONE, TWO, ONE):
        w.journal.contract_read(client_id, NEW)
    assert [kind for kind, _ in w.told()] == [WhatsAppChanged.type, WhatsAppChanged.type]
    assert w.told()[0][1]["previous_version"] == "2.3000.1"
    seen = w.canary.look()
    assert (seen.version, seen.seen_since) == ("2.3000.2", (since or 0.0) + 10.0)


def test_a_version_that_changed_while_nobody_looked_is_told_and_one_that_did_not_keeps_its_instant(w: World) -> None:
    w.canary.remember({ONE: ("2.3000.1", 50.0), TWO: ("2.3000.1", 40.0)})
    assert (w.canary.look().version, w.canary.look().seen_since) == ("2.3000.1", 40.0)
    w.journal.contract_read(TWO, OLD)
    assert w.told() == []
    assert w.canary.look().seen_since == 40.0
    w.journal.contract_read(ONE, NEW)
    ((kind, payload),) = w.told()
    assert (kind, payload["previous_version"], payload["version"]) == (WhatsAppChanged.type, "2.3000.1", "2.3000.2")
    assert (w.canary.look().version, w.canary.look().seen_since) == ("2.3000.2", w.clock.time())


def test_the_version_that_was_seen_last_is_the_newest_one_remembered(w: World) -> None:
    w.canary.remember({ONE: ("2.3000.2", 50.0), TWO: ("2.3000.1", 40.0)})
    assert (w.canary.look().version, w.canary.look().seen_since) == ("2.3000.2", 50.0)
    w.canary.remember({})
    assert w.canary.look().version == "2.3000.2"


def test_names_that_wa_js_did_not_find_are_counted_by_client(w: World) -> None:
    w.journal.contract_read(ONE, replace(OLD, unresolved=("getA", "getB")))
    w.journal.contract_read(TWO, OLD)
    assert w.canary.look().unresolved == {ONE: 2, TWO: 0}
    assert w.canary.look().whole


def test_what_goes_and_what_comes_back_is_told_by_name(w: World) -> None:
    for contract in (NEW, WORN, WORN, NEW):
        w.journal.contract_read(ONE, contract)
    (gone_kind, gone), (_, back) = w.told()
    assert gone_kind == WhatsAppDrifted.type
    assert (gone["gone"], gone["back"], gone["can_send_messages"]) == (["Stream", "unixTime"], [], False)
    assert (back["gone"], back["back"], back["missing"]) == ([], ["Stream", "unixTime"], [])
    assert w.memory.contracts == [NEW, WORN, WORN, NEW]


def test_missing_names_are_counted_over_the_pages_that_run(w: World) -> None:
    w.journal.contract_read(ONE, WORN)
    w.journal.contract_read(TWO, WORN)
    assert w.canary.look().missing == {"Stream": 2, "unixTime": 2}
    w.journal.changed(Transition(ONE, State.READY, State.NOT_INITIALIZED, "Closed", None, None, 0.0))
    assert w.canary.look().missing == {"Stream": 1, "unixTime": 1}
    w.journal.changed(Transition(TWO, State.READY, State.ERROR, "Blocked", None, None, 0.0))
    assert w.canary.look().whole


def test_a_client_whose_receipts_stop_is_named_after_the_grace(w: World) -> None:
    w.journal.contract_read(ONE, OLD)
    for number in range(SILENT):
        w.ack(f"A{number}", 1)
    w.clock.advance(GRACE - 1)
    assert w.canary.look().silent == ()
    w.clock.advance(1)
    assert w.canary.look().silent == (ONE,)
    assert not w.canary.look().whole
    w.ack("A0", 2)
    assert w.canary.look().silent == ()


def test_what_others_sent_or_what_was_found_afterwards_does_not_count(w: World) -> None:
    w.journal.contract_read(ONE, OLD)
    for number in range(SILENT):
        w.ack(f"A{number}", 1, from_me=False)
        w.ack(f"B{number}", 1, live=False)
    w.clock.advance(GRACE)
    assert w.canary.look().silent == ()


def test_a_share_is_compared_with_the_days_before() -> None:
    receipts = Receipts()
    for number in range(ENOUGH):
        receipts.acknowledged(f"A{number}", 1, 0.0)
        receipts.acknowledged(f"A{number}", 3, 1.0)
    now = DAY + GRACE
    for number in range(ENOUGH):
        receipts.acknowledged(f"B{number}", 1, DAY)
    for number in range(ENOUGH // 2):
        receipts.acknowledged(f"B{number}", 2, DAY)
    seen = receipts.look(now)
    assert (seen.share, seen.past, seen.lost) == (0.5, 1.0, False)
    for number in range(ENOUGH):
        receipts.acknowledged(f"C{number}", 1, DAY)
    receipts.acknowledged("C0", 2, DAY)
    seen = receipts.look(now)
    assert seen.unanswered == 0
    assert seen.share == pytest.approx(26 / 100)
    assert seen.lost


def test_a_message_that_was_acknowledged_twice_counts_once() -> None:
    receipts = Receipts()
    for _ in range(SILENT):
        receipts.acknowledged("A", 1, 0.0)
    assert receipts.look(GRACE).unanswered == 1


def test_counts_are_given_out_to_be_kept_seldom_and_at_the_end_and_only_when_they_have_changed() -> None:
    kept: list[tuple[ClientId, tuple[DayCount, ...]]] = []
    w = World()
    w.journal = CanaryJournal(w.memory, w.canary, lambda client_id, days: kept.append((client_id, days)))
    for number in range(3):
        w.ack(f"A{number}", 1)
    w.ack("A0", 2)
    assert kept == []
    w.clock.advance(KEEP_EVERY)
    w.ack("A1", 3)
    w.ack("A2", 3)
    assert [(client_id, [day[1:] for day in days]) for client_id, days in kept] == [(ONE, [(3, 2)])]
    ended = Transition(ONE, State.READY, State.NOT_INITIALIZED, "Closed", None, None, 0.0)
    for _ in range(2):
        w.journal.changed(ended)
    assert [day[1:] for day in kept[-1][1]] == [(3, 3)]
    assert len(kept) == 2


def test_a_message_within_the_grace_is_not_kept_for_nobody_will_hear_of_it() -> None:
    receipts = Receipts()
    receipts.acknowledged("A", 1, 0.0)
    receipts.acknowledged("B", 1, GRACE)
    receipts.acknowledged("B", 2, GRACE)
    receipts.acknowledged("C", 1, GRACE)
    assert receipts.days(GRACE) == ((0, 2, 1),)
    assert Receipts(receipts.days(GRACE)).days(DAY) == ((0, 2, 1),)
