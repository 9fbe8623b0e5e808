"""Thousands of things in random order, seeded: no bug, no state without a way out, nobody left waiting."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors.browser.fake import BY_HAND, FakeBrowser, FakePage, Fate, Habits, always
from actors.clients.events import MessageArrived
from actors.clients.operations import OPERATIONS
from actors.clients.operations.account import LogOut, PairingCode, RequestPairingCode, TakeScreenshot
from actors.clients.operations.messages import LookedUp, SendText, Sent
from actors.clients.protocol import (
    Answered,
    AwaitState,
    Banned,
    Blocked,
    BrowserGone,
    Conflict,
    Delete,
    Init,
    LinkLost,
    LinkResumed,
    LoggedOut,
    OutcomeUnknown,
    PageFact,
    PageFailed,
    PairingCodeRenewed,
    PairingHindered,
    Probed,
    QrIdle,
    QrScanned,
    QrShown,
    QrVoid,
    Ready,
    Refused,
    ShutDown,
)
from actors.clients.types import STARTING, ClientId, Reason, State
from actors.runtime import Reply
from tests.clients.rig import CHAT, World, world

CLIENTS = [ClientId(number) for number in (1, 2, 3)]
STEPS = 500
HABITS = (BY_HAND, Habits(opens=False, closes=False, sends=always(Fate.PENDING)))
"""Half of the time pages answer probes, so that clients live long; half of the time nothing answers."""
PATIENT = 3600.0 * 24


class Monkey:
    """Does one random thing after the other. Pages hear it as well when they are old, hung or gone."""

    def __init__(self, w: World, seed: int) -> None:
        self.w, self.random = w, random.Random(seed)
        self.pages: list[FakePage] = []
        self.replies: list[Reply[Any]] = []
        self.done: list[str] = []

    def step(self) -> None:
        deeds: list[tuple[Callable[[], object], int]] = [
            (self.talk, 12),
            (self.answer, 6),
            (self.ask, 5),
            (self.wait, 4),
            (self.end_page, 3),
            (self.init, 3),
            (self.delete, 1),
        ]
        chosen: Callable[[], object] = self.random.choices([d for d, _ in deeds], [n for _, n in deeds])[0]
        chosen()
        if self.random.random() < 0.6:
            self.w.clock.settle()

    def init(self) -> None:
        client = self.random.choice(CLIENTS)
        self.note("init", client)
        self.replies.append(self.tell(self.w.supervisor, Init(client)))

    def delete(self) -> None:
        client = self.random.choice(CLIENTS)
        self.note("delete", client)
        self.replies.append(self.tell(self.w.supervisor, Delete(client)))

    def ask(self) -> None:
        client = self.random.choice(CLIENTS)
        question = self.random.choice(
            [
                SendText(CHAT, "hello"),
                LogOut(),
                RequestPairingCode("549"),
                TakeScreenshot(),
                AwaitState(self.random.choice([STARTING, frozenset({State.READY}), frozenset(State)]), 30.0),
            ]
        )
        ref = self.w.directory.find(client)
        if ref is not None:
            self.note("ask", client, question)
            self.replies.append(self.tell(ref, question))

    @staticmethod
    def tell(ref: Any, message: object) -> Reply[Any]:
        reply: Reply[Any] = ref.ask(message, block=False)
        return reply

    def wait(self) -> None:
        seconds = self.random.choice([0.5, 1.0, 1.0, 2.0, 5.0, 20.0, 60.0, 700.0])
        self.note("wait", seconds)
        self.w.advance(seconds)

    def page(self) -> FakePage | None:
        """Mostly a present page, sometimes an old one."""
        for client in set(self.w.browser.opened):
            if (page := self.w.browser.page(client)) not in self.pages:
                self.pages.append(page)
        return self.random.choice(self.pages[-4:] if self.random.random() < 0.8 else self.pages) if self.pages else None

    def talk(self) -> None:
        if page := self.page():
            until = self.random.choice([None, self.w.clock.time() + 100.0, self.w.clock.time() - 100.0])
            facts: list[PageFact] = [
                *[QrShown("2@a", 20.0)] * 4,
                *[QrScanned()] * 2,
                *[Ready("549")] * 8,
                QrIdle(),
                LinkLost(Reason.NETWORK_LOST, "gone"),
                LinkLost(Reason.TEMPORARILY_BANNED, "a while", until),
                LinkResumed(),
                PageFailed(Reason.PAGE_LEFT, "left"),
                LoggedOut(self.random.choice([Reason.LOGGED_OUT_BY_PHONE, Reason.ACCOUNT_LOCKED]), "out"),
                Banned(Reason.BANNED, "banned"),
                Conflict("elsewhere"),
                Blocked(Reason.SCREEN_LOCKED, "lock"),
                MessageArrived({"id": "x"}),
                Answered("1", LookedUp(1, True)),
                Answered("2", PairingCode("ABCD")),
                Refused("3", "no"),
                PairingCodeRenewed("EFGH", 60.0),
                PairingHindered(self.random.choice([Reason.PASSKEY_REQUIRED, Reason.PAIRING_CODE_OVER]), "hindered"),
                QrVoid(),
                OutcomeUnknown("4", "?"),
            ]
            fact = self.random.choice(facts)
            self.note("page", page.client_id, fact)
            page.tell(fact)

    def answer(self) -> None:
        """Settle what the page was asked for, perhaps long ago, perhaps twice."""
        page = self.page()
        if page is None or not page.orders:
            return
        order = self.random.choice(page.orders[-6:])
        self.note("answer", page.client_id, order.name)
        kinds: list[PageFact]
        match order.name:
            case "RequestPairingCode" | "TakeScreenshot":
                example = OPERATIONS[order.name[0].lower() + order.name[1:]].example
                kinds = [
                    Answered(order["order"], example),
                    Refused(order["order"], "no"),
                    OutcomeUnknown(order["order"], "?"),
                ]
                page.tell(self.random.choice(kinds))
            case "SendText":
                kinds = [
                    Answered(order["order"], Sent("true_x", CHAT)),
                    Refused(order["order"], "no"),
                    OutcomeUnknown(order["order"], "?"),
                ]
                page.tell(self.random.choice(kinds))
            case "probe":
                page.tell(Probed(order["token"], self.random.choice([None, 100, 10**9])))
            case "LogOut":
                page.tell(LoggedOut(Reason.LOGGED_OUT_BY_API, "out"))
            case "close" | "kill":
                page.end()

    def end_page(self) -> None:
        if page := self.page():
            self.note("gone", page.client_id)
            reason = self.random.choice([Reason.BROWSER_CRASHED, Reason.CHROMIUM_FAILED, Reason.PAGE_UNREACHABLE, None])
            page.tell(BrowserGone(reason, "gone"))

    def note(self, *what: object) -> None:
        self.done.append(" ".join(map(str, what)))


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_nobody_is_left_waiting_and_nothing_is_broken(seed: int) -> None:
    with capture_logs() as lines, world(browser=FakeBrowser(HABITS[seed % 2])) as w:
        monkey = Monkey(w, seed)
        for _ in range(STEPS):
            monkey.step()
        w.clock.settle()
        assert w.supervisor.is_alive(), monkey.done[-20:]
        bugs = [line for line in lines if line["log_level"] in ("error", "critical")]
        assert [line for line in bugs if line["event"] != "page.end_not_reported"] == [], monkey.done[-20:]
        assert_at_most_one_page_each(w)
        assert_nobody_waits_for_ever(w, monkey)


def assert_at_most_one_page_each(w: World) -> None:
    running = [page.client_id for page in w.browser.running()]
    assert len(running) == len(set(running))


def assert_nobody_waits_for_ever(w: World, monkey: Monkey) -> None:
    """Left alone, every client ends or is READY, every caller has an answer, and a shutdown comes through."""
    w.advance(PATIENT)
    assert {state for _, state in w.clients()} <= {State.READY}, monkey.done[-20:]
    assert all(reply.is_answered() for reply in monkey.replies)
    down = w.ask(ShutDown(15.0))
    w.advance(60.0)
    assert down.get(timeout=0) is None
