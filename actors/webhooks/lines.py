"""Which lines there are, whose turn it is, and which of them rest.

Rules of this file: pure, one thread; it says what is to be done next and does none of it. What the store knows is never
in doubt here: a line whose webhook has changed reads again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpx2 as httpx

from actors.clients.types import ClientId, Seconds
from actors.store.events import Event
from actors.store.webhooks import Webhook
from actors.webhooks.definition import policy_of
from actors.webhooks.line import Job, LineState, Read, Step
from actors.webhooks.messages import Key, Sending
from actors.webhooks.patterns import matches
from actors.webhooks.schedule import RetryPolicy
from actors.webhooks.slots import Slots

__all__ = ["Lines", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook, the host that its attempts go to, and how it is tried again."""

    webhook: Webhook
    host: str
    policy: RetryPolicy

    @classmethod
    def of(cls, webhook: Webhook, default: RetryPolicy) -> Target:
        """With the operator's policy where its owner wants no other."""
        url = httpx.URL(webhook.url)
        return cls(webhook, f"{url.host}:{url.port or url.scheme}", policy_of(webhook, default))

    def wants(self, client_id: ClientId) -> bool:
        """Whether events of this client are delivered now."""
        return self.webhook.active and self.webhook.wants_client(client_id)


class Lines:
    """All of them. `time` tells seconds by a clock that nobody sets; `slots` bound how many have a turn at once."""

    def __init__(self, time: Callable[[], Seconds], slots: Slots[Key]) -> None:
        self._time, self._slots = time, slots
        self._targets: dict[str, Target] = {}
        self._lines: dict[Key, LineState] = {}
        self._resting: list[tuple[Seconds, Key]] = []

    @property
    def sending(self) -> Sending:
        """How many have a turn, wait for one, and rest."""
        return Sending(self._slots.running, self._slots.waiting, len(self._resting))

    @property
    def next_rest(self) -> Seconds | None:
        """The instant at which the first of those that rest has rested."""
        return self._resting[0][0] if self._resting else None

    def get(self, key: Key) -> LineState | None:
        """A line, if it is known."""
        return self._lines.get(key)

    def target(self, key: Key) -> Target:
        """Where a known line leads."""
        return self._targets[key[0]]

    # What there is to deliver.

    def retarget(self, targets: Mapping[str, Target], due: Iterable[Key], clients: Iterable[ClientId]) -> None:
        """These webhooks there are now. The lines that are `due` read, and those of these clients."""
        before, self._targets = self._targets, dict(targets)
        self._lines = {key: line for key, line in self._lines.items() if key[0] in self._targets}
        for key, line in self._lines.items():
            if before.get(key[0]) != self._targets[key[0]]:
                line.forget()
        for key in {*due, *self._keys_of(clients)}:
            line = self._line(key)
            line.forget()
            self._wake(key, line)

    def offer(self, event: Event) -> None:
        """Take the newest event of a client, for every webhook that wants it."""
        for id, target in self._targets.items():
            if target.wants(event.client_id):
                self._offer((id, event.client_id), target.webhook, event)

    def wake_rested(self) -> None:
        """Let those that have rested long enough ask for their turn."""
        while self._resting and self._resting[0][0] <= self._time():
            _, key = heapq.heappop(self._resting)
            if (line := self._lines.get(key)) is not None:
                line.rests_until = None
                self._wake(key, line)

    # Turns.

    def turns(self) -> Iterator[tuple[Key, Job | Read]]:
        """Give turns to whoever may go now and has something to do, and what that is."""
        for key in self._slots.turns():
            todo = self.todo(key)
            if todo is None:
                self.end_turn(key)
            else:
                yield key, todo

    def todo(self, key: Key) -> Job | Read | None:
        """What a line that has its turn has to do."""
        line = self._lines.get(key)
        todo = line.next(self._time()) if line is not None and self._is_wanted(key) else None
        return todo if isinstance(todo, Job | Read) else None

    def end_turn(self, key: Key, *, slow: bool | None = None) -> None:
        """The turn is over; the line may ask for another. `slow`: see Slots.give_back."""
        self._slots.give_back(key, slow=slow)
        if (line := self._lines.get(key)) is not None:
            line.step, line.job = Step.IDLE, None
            self._wake(key, line)

    def put_off(self, key: Key, until: Seconds) -> None:
        """The turn is over without a result: the line reads again, and not before this instant."""
        self._slots.give_back(key)
        if (line := self._lines.get(key)) is not None:
            line.forget()
            line.step = Step.IDLE
            self._rest(key, line, until)

    def _offer(self, key: Key, webhook: Webhook, event: Event) -> None:
        wanted = matches(webhook.events, event.type)
        line = self._line(key) if wanted else self._lines.get(key)
        if line is not None:
            line.offer(event, wanted=wanted)
        if line is not None and wanted:
            self._wake(key, line)

    def _keys_of(self, clients: Iterable[ClientId]) -> Iterator[Key]:
        keys = ((id, client_id) for client_id in clients for id in self._targets)
        return (key for key in keys if self._is_wanted(key))

    def _line(self, key: Key) -> LineState:
        return self._lines.setdefault(key, LineState(*key))

    def _is_wanted(self, key: Key) -> bool:
        target = self._targets.get(key[0])
        return target is not None and target.wants(key[1])

    def _wake(self, key: Key, line: LineState) -> None:
        if line.step is not Step.IDLE or not self._is_wanted(key):
            return
        match line.next(self._time()):
            case float() as until:
                self._rest(key, line, until)
            case Job() | Read():
                line.step = Step.WAITING
                self._slots.ask(key, key[0], self._targets[key[0]].host)
            case None:
                pass

    def _rest(self, key: Key, line: LineState, until: Seconds) -> None:
        if line.rests_until is None or until < line.rests_until:
            line.rests_until = until
            heapq.heappush(self._resting, (until, key))
