"""Moving windows: the instants of what was counted, kept for the library `limits` in memory, on a clock of ours."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from limits.storage import MovingWindowSupport, Storage

from actors.clients.types import Seconds

KEPT = 100_000
"""Windows kept at most; past that the ones longest unused are forgotten."""


class Windows(Storage, MovingWindowSupport):
    """The instants of what was counted, in memory, on a clock of ours.

    The library's own memory storages start a thread, or a thread per key, to forget what is over; this forgets as it
    goes.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], Seconds] = time.monotonic, kept: int = KEPT) -> None:
        super().__init__()
        self._clock, self._kept = clock, kept
        self._instants: OrderedDict[str, deque[Seconds]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._instants)

    def now(self) -> Seconds:
        """The clock that the windows are on."""
        return self._clock()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` more, unless that is beyond `limit` in the last `expiry` seconds."""
        instants = self._current(key, expiry)
        if len(instants) + amount > limit:
            return False
        instants.extend([self._clock()] * amount)
        self._instants[key] = instants
        self._instants.move_to_end(key)
        self._forget(expiry)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The oldest instant that still counts (now, where none does), and how many do."""
        instants = self._current(key, expiry)
        return (instants[0] if instants else self._clock()), len(instants)

    def _current(self, key: str, expiry: int) -> deque[Seconds]:
        instants, before = self._instants.get(key, deque()), self._clock() - expiry
        while instants and instants[0] <= before:
            instants.popleft()
        return instants

    def _forget(self, expiry: int) -> None:
        """Drop the window longest unused where it is over, and whatever is too many: one in, at most a few out."""
        for _ in range(2):
            key, instants = next(iter(self._instants.items()))
            if len(self._instants) > self._kept or instants[-1] <= self._clock() - expiry:
                del self._instants[key]

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        forgotten = len(self._instants)
        self._instants.clear()
        return forgotten

    def clear(self, key: str) -> None:
        self._instants.pop(key, None)

    def get(self, key: str) -> int:
        return len(self._instants.get(key, ()))

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("moving windows only")

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("moving windows only")
