"""A supervisor with its clients on the fake browser, in a time that moves when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from pykka import ActorDeadError, ActorRef

from actors.browser.fake import FakeBrowser, FakePage, Habits
from actors.clients.bans import BanEvidence
from actors.clients.events import AccountEvent
from actors.clients.operations.messages import SendText
from actors.clients.page_contract import PageContract
from actors.clients.policy import Policy, Rules, Times
from actors.clients.ports import Transition
from actors.clients.protocol import (
    Delete,
    GetClients,
    GetStatus,
    Init,
    LoggedOut,
    PageFact,
    QrScanned,
    QrShown,
    Ready,
    Status,
)
from actors.clients.registry.directory import Directory
from actors.clients.supervisor import Resume, Supervisor
from actors.clients.types import ClientId, Reason, State
from actors.runtime import Backoff, Reply
from actors.runtime.testing import ManualClock

ONE, TWO, THREE = ClientId(1), ClientId(2), ClientId(3)
CHAT = "5491122334455@c.us"
RULES = Rules(times=Times(), reconnection=Policy(Backoff(first=1.0, cap=60.0, jitter=0.0)))

PROBED = Habits(opens=False, closes=False)
"""By hand, but what is asked is answered: for tests that take longer than a hung page is given."""
REMOVED = LoggedOut(Reason.LOGGED_OUT_BY_PHONE, "Removed from the phone")


@dataclass
class Memory:
    """A Journal and Sessions that a test can read."""

    wanted: list[ClientId] = field(default_factory=list)
    were_ready: set[ClientId] = field(default_factory=set)
    pairings: dict[ClientId, BanEvidence] = field(default_factory=dict)
    forgotten: list[ClientId] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    events: list[AccountEvent] = field(default_factory=list)
    contracts: list[PageContract] = field(default_factory=list)

    def changed(self, transition: Transition) -> None:
        self.transitions.append(transition)

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        self.events.append(event)

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        self.contracts.append(contract)

    def want(self, client_id: ClientId) -> None:
        if client_id not in self.wanted:
            self.wanted.append(client_id)

    def release(self, client_id: ClientId) -> None:
        if client_id in self.wanted:
            self.wanted.remove(client_id)

    def was_ready(self, client_id: ClientId, *, ready: bool = True) -> None:
        (self.were_ready.add if ready else self.were_ready.discard)(client_id)

    def paired(self, client_id: ClientId, pairing: BanEvidence) -> None:
        self.pairings[client_id] = pairing

    def forget(self, client_id: ClientId) -> None:
        self.release(client_id)
        self.pairings.pop(client_id, None)
        self.forgotten.append(client_id)

    def states(self, client_id: ClientId = ONE) -> list[State]:
        """The states a client has been in, in order."""
        return [transition.after for transition in self.transitions if transition.client_id == client_id]


class World:
    """Everything under test, and the hands to play with it. Every method leaves all actors idle."""

    def __init__(
        self, browser: FakeBrowser, rules: Rules, memory: Memory, pairings: dict[ClientId, BanEvidence] | None = None
    ) -> None:
        self.clock, self.browser, self.memory = ManualClock(), browser, memory
        self.directory = Directory()
        self.supervisor: ActorRef[Any] = Supervisor.start(
            browser,
            self.directory,
            journal=memory,
            sessions=memory,
            rules=rules,
            pairings=pairings,
            chance=lambda: 0.0,
            clock=self.clock,
        )

    def ask(self, message: object, client_id: ClientId | None = None) -> Reply[Any]:
        """Ask the supervisor, or a client; let everything happen that follows; the reply may still be open."""
        ref = self.supervisor if client_id is None else self.client(client_id)
        reply = cast(Reply[Any], ref.ask(message, block=False))
        self.clock.settle()
        return reply

    def client(self, client_id: ClientId = ONE) -> ActorRef[Any]:
        ref = self.directory.find(client_id)
        assert ref is not None, f"no client {client_id} runs"
        return ref

    def init(self, client_id: ClientId = ONE) -> Any:
        return self.ask(Init(client_id)).get(timeout=0)

    def delete(self, client_id: ClientId = ONE) -> Reply[Any]:
        return self.ask(Delete(client_id))

    def resume(self, *client_ids: ClientId) -> None:
        self.supervisor.tell(Resume(client_ids))
        self.clock.settle()

    def ready(self, client_id: ClientId = ONE) -> None:
        """Have a client started and paired."""
        self.init(client_id)
        self.browser.scan(client_id)
        self.clock.settle()
        assert self.state(client_id) is State.READY

    def send(self, text: str = "hello", client_id: ClientId = ONE) -> Reply[Any]:
        return self.ask(SendText(CHAT, text), client_id)

    def status(self, client_id: ClientId = ONE) -> Status:
        self.clock.settle()
        ref = self.directory.find(client_id)
        absent = Status(client_id)
        if ref is None:
            return absent
        with suppress(ActorDeadError):
            answer: Any = ref.ask(GetStatus(), timeout=5)
            return cast(Status, answer)
        return absent

    def state(self, client_id: ClientId = ONE) -> State:
        return self.status(client_id).state

    def reason(self, client_id: ClientId = ONE) -> Reason | None:
        return self.status(client_id).reason

    def clients(self) -> list[tuple[ClientId, State]]:
        return [(status.client_id, status.state) for status in self.ask(GetClients()).get(timeout=0)]

    def page(self, client_id: ClientId = ONE) -> FakePage:
        return self.browser.page(client_id)

    def tell(self, *facts: PageFact, client_id: ClientId = ONE) -> None:
        """Have the present page of a client say something."""
        for fact in facts:
            self.page(client_id).tell(fact)
        self.clock.settle()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def crash(self, client_id: ClientId = ONE) -> None:
        """Chromium dies."""
        self.browser.crash(client_id)
        self.clock.settle()

    def break_actor(self, client_id: ClientId = ONE) -> None:
        """The client's actor meets a bug."""
        self.page(client_id).tell("nothing that a page says")  # type: ignore[arg-type]  # which is a bug
        self.clock.settle()


@contextmanager
def world(
    habits: Habits | None = None,
    rules: Rules = RULES,
    *,
    browser: FakeBrowser | None = None,
    memory: Memory | None = None,
    pairings: dict[ClientId, BanEvidence] | None = None,
) -> Iterator[World]:
    """A World that is gone afterwards."""
    made = World(browser or FakeBrowser(habits), rules, memory or Memory(), pairings)
    try:
        yield made
    finally:
        made.supervisor.stop()
        made.browser.stop(1.0)


def by_hand_ready(w: World) -> None:
    """A READY client whose page does nothing by itself."""
    w.init()
    w.tell(QrShown("2@a", 20.0), QrScanned(), Ready("549"))
    w.memory.pairings.clear()
