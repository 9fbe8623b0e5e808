"""The listener of these tests: facts of different things come in no certain order, and none is lost for that."""

from __future__ import annotations

import pytest

from actors.clients.events import AccountEvent, MessageAcknowledged
from actors.clients.operations.messages import Sent
from actors.clients.protocol import Answered, BrowserGone, QrIdle
from tests.browser.pages import Listener

SENT = Answered("order", Sent("true_1@c.us_3EB0", "1@c.us"))
READ = MessageAcknowledged({"ack": 3})


def test_a_fact_that_came_early_is_there_when_it_is_waited_for() -> None:
    told = Listener()
    for fact in (READ, SENT):
        told(fact)
    assert told.until(Answered) is SENT
    assert told.until(AccountEvent) is READ
    assert told.facts == [READ, SENT]


def test_each_fact_is_waited_for_once() -> None:
    told = Listener()
    for fact in (READ, SENT, READ):
        told(fact)
    assert told.until(AccountEvent) is told.until(AccountEvent, lambda fact: fact.payload["ack"] == 3)
    with pytest.raises(AssertionError, match="no AccountEvent within 0 s"):
        told.until(AccountEvent, seconds=0.0)
    assert told.told(Answered) == [SENT]


def test_nothing_is_waited_for_from_a_page_that_is_gone() -> None:
    told = Listener()
    told(SENT)
    told(BrowserGone(None, "Closed"))
    with pytest.raises(AssertionError, match="no QrIdle: "):
        told.until(QrIdle)
    assert told.until(Answered) is SENT
    assert told.until(BrowserGone).reason is None
