"""What is done to the service, to its Chromiums, their network and its database server, and when.

Rule of this file: faults are drawn in one thread, from the plan's chance only. Those that strike side by side have a
thread each, and never the same target: one at most is of the host, the others are of different clients.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from tests.campaign import away
from tests.campaign.plan import Plan, Tide
from tests.campaign.stage import Stage
from tests.store.postgresql import PostgreSQL


class Fault(StrEnum):
    """What can strike."""

    SERVICE_KILLED = "service killed (SIGKILL)"
    SERVICE_STOPPED = "service stopped (SIGTERM)"
    SERVICE_FROZEN = "service frozen (SIGSTOP)"
    BROWSER_KILLED = "Chromium killed (SIGKILL)"
    BROWSER_STOPPED = "Chromium ended (SIGTERM)"
    BROWSER_FROZEN = "Chromium frozen (SIGSTOP)"
    NETWORK_CUT = "network cut"
    CUT_AND_KILLED = "network cut, Chromium killed"
    SERVER_STOPPED = "PostgreSQL stopped (SIGINT)"
    SERVER_KILLED = "PostgreSQL killed (SIGKILL)"
    SERVER_CRASHED = "PostgreSQL crashed (one process)"
    SERVER_FROZEN = "PostgreSQL frozen (SIGSTOP)"
    BOTH_KILLED = "PostgreSQL and service killed"


WEIGHTS = {
    Fault.SERVICE_KILLED: 20,
    Fault.SERVICE_STOPPED: 12,
    Fault.SERVICE_FROZEN: 5,
    Fault.BROWSER_KILLED: 26,
    Fault.BROWSER_STOPPED: 6,
    Fault.BROWSER_FROZEN: 6,
    Fault.NETWORK_CUT: 15,
    Fault.CUT_AND_KILLED: 10,
}
OF_A_SERVER = {
    Fault.SERVER_STOPPED: 8,
    Fault.SERVER_KILLED: 14,
    Fault.SERVER_CRASHED: 8,
    Fault.SERVER_FROZEN: 8,
    Fault.BOTH_KILLED: 6,
}
"""The weights of those that take a database server."""
OF_SERVICE = frozenset({Fault.SERVICE_KILLED, Fault.SERVICE_STOPPED, Fault.SERVICE_FROZEN})
GAP, CUT, FROZEN = 0.5, 1.5, 8.0
"""Most seconds between the moment of a fault and the fault, of a cut, and of a frost. Some frosts end in a kill: the
service takes a page for hung that does not answer two probes."""
AWAY, NUMB = 1.5, 4.0
"""Most seconds that a database server is away once callers know of it, and that it is frozen."""


@dataclass(frozen=True, slots=True)
class Struck:
    """One fault. `at` is epoch seconds; `back` how long until all were READY, None where nobody waited for it.

    `accepted` and `delivered` messages there were when it struck.
    """

    fault: Fault
    client_id: int | None
    at: float
    back: float | None
    accepted: int
    delivered: int


class Weather:
    """Strikes until the plan is fulfilled. `told` hears of each fault once it is over."""

    def __init__(self, plan: Plan, stage: Stage, tide: Tide, told: Callable[[Struck], None]) -> None:
        self._plan, self._stage, self._tide, self._told = plan, stage, tide, told
        self._chance = plan.chance("faults")
        self.struck: list[Struck] = []

    def run(self) -> None:
        """All faults. Raises AssertionError where something does not come back within the plan's patience."""
        with ThreadPoolExecutor(self._plan.at_once, "fault") as side_by_side:
            while left := self._plan.kills - len(self.struck):
                self._tide.due()
                time.sleep(self._chance.random() * GAP * self._stage.tempo)  # else all would strike upon an acceptance
                self._strike(side_by_side, self._targets(min(left, self._chance.randint(1, self._plan.at_once))))

    def _strike(self, side_by_side: ThreadPoolExecutor, targets: list[tuple[Fault, int | None]]) -> None:
        so_far = self._tide.due(), self._stage.delivered()
        at, began = time.time(), time.monotonic()
        acts = [list(self._acts(fault, client_id or 0)) for fault, client_id in targets]
        for done in [side_by_side.submit(_in_turn, each) for each in acts]:
            done.result()
        for _ in targets[1:]:
            self._tide.rise()
        waits = not self._tide.squall()
        if waits:
            self._stage.all_ready(self._plan.patience)
        back = time.monotonic() - began if waits else None
        self._tide.rise()
        for fault, client_id in targets:
            self.struck.append(Struck(fault, client_id, at, back, *so_far))
            self._told(self.struck[-1])

    def _targets(self, count: int) -> list[tuple[Fault, int | None]]:
        """Draw faults of different targets, as many as there are targets for."""
        found: dict[int | None, Fault] = {}
        for _ in range(count):
            fault = self._draw()
            of_a_client = fault in WEIGHTS and fault not in OF_SERVICE
            found.setdefault(self._chance.randint(1, self._plan.clients) if of_a_client else None, fault)
        return [(fault, client_id) for client_id, fault in found.items()]

    def _draw(self) -> Fault:
        all_there_are = WEIGHTS | (OF_A_SERVER if self._stage.server else {})
        weights = [
            weight * (self._stage.restarts if fault in OF_SERVICE else 1) for fault, weight in all_there_are.items()
        ]
        (fault,) = self._chance.choices(list(all_there_are), weights)
        return fault

    def _acts(self, fault: Fault, client_id: int) -> Iterator[Callable[[], object]]:
        stage = self._stage
        match fault:
            case Fault.SERVICE_KILLED:
                yield stage.kill_service
                yield stage.start_service
            case Fault.SERVICE_STOPPED:
                yield stage.stop_service
                yield stage.start_service
            case Fault.SERVICE_FROZEN:
                yield partial(stage.freeze_service, self._chance.random() * CUT * stage.tempo)
            case Fault.BROWSER_KILLED:
                yield lambda: stage.kill_browser(client_id)
            case Fault.BROWSER_STOPPED:
                yield lambda: stage.stop_browser(client_id)
            case Fault.BROWSER_FROZEN:
                yield partial(stage.freeze_browser, client_id, self._chance.random() * FROZEN * stage.tempo)
            case Fault.NETWORK_CUT:
                yield lambda: stage.cut(client_id)
                yield partial(time.sleep, self._chance.random() * CUT * stage.tempo)
                yield lambda: stage.mend(client_id)
            case Fault.CUT_AND_KILLED:
                yield lambda: stage.cut(client_id)
                yield partial(time.sleep, self._chance.random() * CUT * stage.tempo / 2)
                yield lambda: stage.kill_browser(client_id)
                yield partial(time.sleep, self._chance.random() * CUT * stage.tempo / 2)
                yield lambda: stage.mend(client_id)

            case _ if stage.server is not None:
                yield from self._acts_on_server(fault, stage.server)

    def _acts_on_server(self, fault: Fault, server: PostgreSQL) -> Iterator[Callable[[], object]]:
        stage = self._stage
        match fault:
            case Fault.SERVER_STOPPED | Fault.SERVER_KILLED:
                yield server.stop if fault is Fault.SERVER_STOPPED else server.kill
                yield lambda: away.is_refused(stage.url)
                yield partial(time.sleep, self._chance.random() * AWAY)
                yield server.start
            case Fault.SERVER_CRASHED:
                yield server.kill_one
            case Fault.SERVER_FROZEN:
                yield partial(server.freeze, self._chance.random() * NUMB)
            case Fault.BOTH_KILLED:
                yield server.kill
                yield stage.kill_service
                yield stage.launch_service
                yield partial(time.sleep, self._chance.random() * AWAY)
                yield server.start
                yield stage.await_service
        yield lambda: away.is_answered(stage.url, self._plan.patience)


def _in_turn(acts: list[Callable[[], object]]) -> None:
    for act in acts:
        act()


def cause(struck: list[Struck], client_id: int, left_at: float | None) -> str:
    """The fault nearest to when a message left."""
    near = [one for one in struck if one.client_id in (None, client_id)]
    if left_at is None or not near:
        return "no fault is known"
    nearest = min(near, key=lambda one: abs(one.at - left_at))
    return f"{nearest.fault}, {nearest.at - left_at:+.1f} s from its sending"
