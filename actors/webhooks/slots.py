"""Whose turn it is: how many attempts may be under way at once, and at whom.

Rules of this file: pure, one thread. A dead target must not delay the others, so besides the total and what one host
may take there are two bounds that matter when somebody hangs: one webhook has at most half of what its host may take;
and one whose last attempt ran into a timeout is `doubtful`: it has one attempt at a time, and all the doubtful together
at most half of the total. Turns go round the webhooks, and within one in the order in which its lines asked.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Slots"]


L = TypeVar("L", bound=Hashable)
"""What names a line."""


@dataclass(slots=True)
class _Queue(Generic[L]):
    host: str
    waiting: deque[L] = field(default_factory=deque)


class Slots(Generic[L]):
    """Bounds attempts. A line asks, gets its turn from `turns`, and gives it back."""

    def __init__(self, total: int = 128, per_host: int = 16) -> None:
        if not 1 <= per_host <= total:
            raise ValueError(f"1 <= per_host <= total is needed, not {per_host} and {total}")
        self._total, self._per_host = total, per_host
        self._queues: OrderedDict[str, _Queue[L]] = OrderedDict()
        self._held: dict[L, tuple[str, str]] = {}
        self._of_webhook: Counter[str] = Counter()
        self._of_host: Counter[str] = Counter()
        self._doubtful: set[str] = set()

    @property
    def running(self) -> int:
        """How many attempts are under way."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        """How many lines wait for their turn."""
        return sum(len(queue.waiting) for queue in self._queues.values())

    def ask(self, line: L, webhook: str, host: str) -> None:
        """Queue up. A line asks once until it has given its turn back."""
        queue = self._queues.setdefault(webhook, _Queue(host))
        queue.host = host
        queue.waiting.append(line)

    def turns(self) -> Iterator[L]:
        """Give turns to whoever may go now."""
        progress = True
        while progress and self.running < self._total:
            progress = False
            for webhook in list(self._queues):
                if webhook in self._queues and self._may_go(webhook):
                    progress = True
                    yield self._go(webhook)

    def give_back(self, line: L, *, slow: bool | None = None) -> None:
        """End a turn. `slow`: the attempt ran into a timeout; None where there was none to judge by."""
        webhook, host = self._held.pop(line)
        for counter, key in ((self._of_webhook, webhook), (self._of_host, host)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        if slow is not None:
            (self._doubtful.add if slow else self._doubtful.discard)(webhook)

    def _may_go(self, webhook: str) -> bool:
        host, mine = self._queues[webhook].host, self._of_webhook[webhook]
        if self.running >= self._total or self._of_host[host] >= self._per_host:
            return False
        if webhook not in self._doubtful:
            return mine < max(1, self._per_host // 2)
        others = sum(self._of_webhook[doubtful] for doubtful in self._doubtful)
        return mine == 0 and others < max(1, self._total // 2)

    def _go(self, webhook: str) -> L:
        queue = self._queues[webhook]
        line = queue.waiting.popleft()
        self._held[line] = (webhook, queue.host)
        self._of_webhook[webhook] += 1
        self._of_host[queue.host] += 1
        self._queues.move_to_end(webhook)
        if not queue.waiting:
            del self._queues[webhook]
        return line
