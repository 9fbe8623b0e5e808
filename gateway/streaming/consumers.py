"""The long poll: a consumer fetches events and acknowledges them; events without acknowledgement are fetched again.

A consumer's position is on disk, so no restart, of the service or of the caller, loses an event. It never moves past an
event that the caller did not get.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.clients.errors import ShuttingDown
from actors.clients.types import Seconds
from actors.store.errors import StoreUnavailable
from actors.store.rows.consumers import Acknowledge, Consumer, ConsumerDiffers, GetConsumer, OpenConsumer
from gateway.security.auth import Unauthorized
from gateway.service.bridge import ask_store
from gateway.streaming.feed import Told, Wanted
from gateway.streaming.stream import Beat, End, Events, Streams, Why, heeding

if TYPE_CHECKING:
    from starlette.types import Receive

    from actors.store.event_pages import Gap
    from actors.store.store import Store

_TOUCH: Seconds = 3600.0
"""The age at which the record of a consumer's last use is renewed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Events for a consumer, and the `receipt` that acknowledges them. Both are empty if nothing happened."""

    events: tuple[Told, ...] = ()
    receipt: int | None = None
    gap: Gap | None = None


class Consumers:
    """All consumers. Belongs to one event loop. `store` returns the store, once it exists."""

    def __init__(self, store: Callable[[], Store], streams: Streams) -> None:
        self._store, self._streams = store, streams

    async def open(self, owner: str, name: str, wanted: Wanted, after: int | None) -> Consumer:
        """Return the consumer; create it if it does not exist. Raises ConsumerDiffers, TooManyConsumers."""
        now, filter = time.time(), _filter(wanted)
        known: Consumer | None = await self._ask(GetConsumer(owner, name))
        if known is None or known.used_at < now - _TOUCH:
            opened: Consumer = await self._ask(OpenConsumer(owner, name, filter, now, after))
            return opened
        if known.filter != filter:
            raise ConsumerDiffers(name)
        return known

    async def fetch(
        self,
        consumer: Consumer,
        wanted: Wanted,
        receive: Receive,
        valid: Callable[[], bool],
        *,
        wait: Seconds,
        limit: int,
    ) -> Fetched:
        """Return the first unacknowledged events as soon as they exist, or nothing after `wait` seconds.

        Raises StoreUnavailable, ShuttingDown, and Unauthorized once the caller is no longer `valid`.
        """
        async with (
            self._streams.open(wanted, consumer.position, heartbeat=wait, page=limit) as stream,
            heeding(receive, stream),
        ):
            async for part in stream.parts(valid):
                match part:
                    case Events() if part.events or part.gap is not None:
                        return _fetched(part, limit)
                    case Beat():
                        await self._pass_over(consumer, part.position)
                        return Fetched()
                    case End(why=Why.STORE):
                        raise StoreUnavailable(part.why.sentence, float(part.why.retry or 1))
                    case End(why=Why.ENDING):
                        raise ShuttingDown
                    case End(why=Why.KEY):
                        raise Unauthorized
                    case End():
                        return Fetched()
        return Fetched()

    async def acknowledge(self, owner: str, name: str, receipt: int) -> Consumer:
        """Acknowledge all events up to the receipt. Raises NoSuchConsumer, NoSuchReceipt."""
        acknowledged: Consumer = await self._ask(Acknowledge(owner, name, receipt, time.time()))
        return acknowledged

    async def _pass_over(self, consumer: Consumer, position: int) -> None:
        """Record that no event up to this position matches, so that they are not read again and again."""
        if position > consumer.position:
            await self.acknowledge(consumer.owner, consumer.name, position)

    async def _ask(self, message: Any) -> Any:
        return await ask_store(self._store, message)


def _fetched(part: Events, limit: int) -> Fetched:
    if len(part.events) <= limit:
        return Fetched(part.events, part.position, part.gap)
    return Fetched(part.events[:limit], part.events[limit - 1].position, part.gap)


def _filter(wanted: Wanted) -> str:
    """Return a text that is equal for equal selections of events."""
    clients = None if wanted.clients is None else sorted(wanted.clients)
    return json.dumps({"clients": clients, "types": sorted(wanted.patterns)})
