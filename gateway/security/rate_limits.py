"""The rates of starts, messages, calls and wrong keys: each exact, in a moving window kept in memory.

Header names and their meaning: draft-ietf-httpapi-ratelimit-headers-06. Belongs to the gateway's event loop.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from limits import RateLimitItem, parse
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from actors.clients.protocol import AlreadyRunning, Started
from actors.clients.types import ABSENT, ClientId, Seconds
from gateway.http import HeaderRefused, client_of
from gateway.security.auth import Caller, Need, RateClass

if TYPE_CHECKING:
    from starlette.types import Scope

    from actors.settings import Settings
    from gateway.service.bridge import Bridge


KEPT = 100_000
"""The most windows that are kept; beyond that the least recently used are forgotten."""


class Windows(Storage, MovingWindowSupport):
    """The times of counted calls, in memory, on a clock that can be set.

    The library's own memory storages start a thread, or a thread per key, to forget old times; this forgets them when
    it counts.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], Seconds] = time.monotonic, kept: int = KEPT) -> None:
        super().__init__()
        self._clock, self._kept = clock, kept
        self._instants: OrderedDict[str, deque[Seconds]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._instants)

    def now(self) -> Seconds:
        """Return the time on the windows' clock."""
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
        """Return the oldest time that still counts (now without any), and the number of those that count."""
        instants = self._current(key, expiry)
        return (instants[0] if instants else self._clock()), len(instants)

    def _current(self, key: str, expiry: int) -> deque[Seconds]:
        instants, before = self._instants.get(key, deque()), self._clock() - expiry
        while instants and instants[0] <= before:
            instants.popleft()
        return instants

    def _forget(self, expiry: int) -> None:
        """Drop the least recently used window if it is over, and windows beyond the limit: at most two per call."""
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


class RateLimited(Exception):
    """A rate is exceeded; `standing` says when the next call is allowed."""

    def __init__(self, what: str, standing: RateStatus) -> None:
        super().__init__(f"Too many {what}: at most {standing.limit} in {standing.window} s")
        self.standing = standing


@dataclass(frozen=True, slots=True)
class RateStatus:
    """The state of one rate for one caller. `window` and `reset` are whole seconds."""

    limit: int
    window: int
    remaining: int
    reset: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers of this state."""
        return {
            "RateLimit-Policy": f"{self.limit};w={self.window}",
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class Rate:
    """One rate from a setting ("5/minute"; "0" for none), counted separately for each name.

    Of more than `kept` names, the least recently used are forgotten.
    """

    def __init__(
        self, what: str, rate: str, clock: Callable[[], Seconds] = time.monotonic, *, kept: int = KEPT
    ) -> None:
        self._what = what
        self._item: RateLimitItem | None = None if rate == "0" else parse(rate)
        self._windows = Windows(clock, kept)
        self._limiter = MovingWindowRateLimiter(self._windows)

    def __bool__(self) -> bool:
        """Return True if there is a limit."""
        return self._item is not None

    def hit(self, who: str) -> None:
        """Count one call of this name, or raise RateLimited."""
        if self._item is not None and not self._limiter.hit(self._item, who):
            raise self.refusal(who)

    def left(self, who: str) -> float:
        """Return the number of calls that are still allowed now."""
        if self._item is None:
            return math.inf
        return int(self._limiter.get_window_stats(self._item, who).remaining)

    def refusal(self, who: str) -> RateLimited:
        """Return the exception for a name without calls left."""
        assert self._item is not None
        stats = self._limiter.get_window_stats(self._item, who)
        reset = max(1, math.ceil(stats.reset_time - self._windows.now()))
        return RateLimited(self._what, RateStatus(self._item.amount, self._item.get_expiry(), stats.remaining, reset))


class StartRates:
    """The rates of POST /init: starts of one client, starts from one address. A call that starts nothing is free."""

    def __init__(self, per_client: Rate, per_address: Rate) -> None:
        self._per_client, self._per_address = per_client, per_address
        self._starting: set[ClientId] = set()

    async def init(self, bridge: Bridge, client_id: ClientId, address: str) -> Started | AlreadyRunning:
        """Call `bridge.init` within the rates. Raises RateLimited, and what `bridge.init` raises."""
        if await self._is_there(bridge, client_id):
            return await bridge.init(client_id)
        self._count(client_id, address)
        self._starting.add(client_id)
        try:
            return await bridge.init(client_id)
        finally:
            self._starting.discard(client_id)

    async def _is_there(self, bridge: Bridge, client_id: ClientId) -> bool:
        """Return True if the client runs, or another call is starting it: then this call starts nothing."""
        absent = (await bridge.status(client_id)).state in ABSENT
        return client_id in self._starting or not absent

    def _count(self, client_id: ClientId, address: str) -> None:
        """Count the start in both rates, or raise RateLimited and count it in neither."""
        counted = [
            (rate, who) for rate, who in ((self._per_client, str(client_id)), (self._per_address, address)) if rate
        ]
        for rate, who in counted:
            if rate.left(who) <= 0:
                raise rate.refusal(who)
        for rate, who in counted:
            rate.hit(who)


_ADDRESSES = 10_000
"""The most addresses whose wrong keys are counted: it bounds the memory that strangers can take."""
_NETWORK = 64
"""The bits of an IPv6 address that count: its owner has all of its /64."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Every rate of one service."""

    starts: StartRates
    sends: Rate
    requests: Rate
    wrong_keys: Rate

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the rates of the settings."""
        per_client = Rate("starts of this client", settings.init_rate)
        starts = StartRates(per_client, Rate("starts from this address", settings.init_address_rate))
        return cls(
            starts,
            Rate("messages of this client", settings.send_rate),
            Rate("calls", settings.request_rate),
            Rate("wrong keys from this address", settings.wrong_key_rate, kept=_ADDRESSES),
        )

    def count(self, need: Need, caller: Caller | None, scope: Scope) -> None:
        """Count a call that was let in. Raises RateLimited. Public calls are not counted."""
        if caller is None or need.scope is None:
            return
        if self.requests:
            self.requests.hit(caller.key_id or address_of(scope))
        if self.sends and need.rate is RateClass.SEND:
            self.sends.hit(_client_named(scope))

    def count_wrong_key(self, scope: Scope) -> None:
        """Count a wrong key. Raises RateLimited if there were too many: then that is the answer.

        Only wrong keys are counted here: a valid key is let in even if its address has sent many wrong ones.
        """
        self.wrong_keys.hit(address_of(scope))


def address_of(scope: Scope) -> str:
    """Return the address of a request's sender, as it is counted."""
    host: str = (scope.get("client") or ("",))[0]
    if ":" not in host:
        return host
    try:
        return str(ipaddress.ip_network((host.partition("%")[0], _NETWORK), strict=False))
    except ValueError:  # a listed proxy forwarded something that is no address
        return host


def _client_named(scope: Scope) -> str:
    try:
        return str(client_of(scope["headers"]))
    except HeaderRefused:  # the call itself refuses it
        return ""
