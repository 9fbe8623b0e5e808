"""Faults strike throughout: neither do they wait for nothing, nor do messages run ahead of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.campaign.plan import CHATS, Plan, Tide

PLAN = Plan(messages=400, kills=40, seed=7, patience=20.0)
SHARES = [n / PLAN.share(client, chat) for client in (1, 2) for chat in range(CHATS) for n in range(40)]


def test_moments_are_spread_over_all_messages_and_the_same_for_the_same_seed() -> None:
    plan = Plan(2000, 100, 1)
    moments = plan.moments()
    assert moments == sorted(moments) == plan.moments() != Plan(2000, 100, 2).moments()
    assert len(moments) == plan.kills
    for number, moment in enumerate(moments):
        squall = moment in moments[:number]
        assert squall or number / 100 <= moment / 2000 < (number + 1) / 100
    assert 15 <= plan.kills - len(set(moments)) <= 45


def test_every_message_may_go_in_the_end_and_none_runs_ahead_of_the_faults() -> None:
    tide, gone, moments = Tide(PLAN), 0, PLAN.moments()
    waiting = sorted(SHARES)
    for moment in moments:
        following = next((one for one in moments if one > moment), PLAN.messages)
        while waiting and tide.may(waiting[0]):
            waiting.pop(0)
            tide.done()
            gone += 1
        assert gone >= following, "the next fault would wait for ever"
        assert gone <= following + 3 * PLAN.chats, "messages run ahead"
        assert tide.due() == gone
        tide.rise()
    assert [share for share in waiting if not tide.may(share)] == []


def test_a_fault_waits_for_its_moment() -> None:
    tide = Tide(PLAN)
    with ThreadPoolExecutor(1) as pool:
        for number, moment in enumerate(PLAN.moments()):
            due = pool.submit(tide.due)
            while tide.accepted < moment:
                assert not due.done() or due.result() >= moment
                tide.done()
            assert due.result(PLAN.patience) == moment
            assert tide.squall() == (PLAN.moments()[number + 1 : number + 2] == [moment])
            tide.rise()


def test_a_failure_ends_every_wait() -> None:
    tide = Tide(PLAN)
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(tide.wait, 0.99)
        tide.rise()
        due = pool.submit(tide.due)
        tide.fail(OSError("no"))
        assert late.result(PLAN.patience) is False
        assert not tide.wait(0.0)
        with pytest.raises(AssertionError, match="has failed"):
            due.result(PLAN.patience)
    with pytest.raises(AssertionError, match="has failed"):
        tide.held()


def test_a_standstill_is_found() -> None:
    tide = Tide(Plan(messages=400, kills=1, seed=7, patience=0.01))
    with pytest.raises(AssertionError, match="no message was accepted"):
        tide.due()
