"""What ends unsent: messages past their `expires_at`, and those of a client that was deleted.

Rule of this file: everything runs in the dispatcher's thread. There is one timer, for the end that comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from actors.clients.types import ClientId, Seconds
from actors.outbox.instants import wait_for
from actors.outbox.neighbours import RETRY, Neighbours
from actors.outbox.protocol import Expire, Expired, ExpiryRead, GivenUp, GiveUp, Known
from actors.runtime import Actor
from actors.store.outbox import ExpireDue, GetNextExpiry, GiveUpQueued

GIVE_UP_AT_ONCE = 500
"""Queued messages of a deleted client that are cancelled in one transaction."""


class Endings:
    """Of all clients."""

    def __init__(self, actor: Actor, neighbours: Neighbours) -> None:
        self._actor, self._neighbours = actor, neighbours
        self._first: Seconds | None = None
        """The end that comes first (epoch seconds), as far as it is known here."""

    def expires(self, at: Seconds) -> None:
        """Note the end of one more message."""
        if self._first is None or at < self._first:
            self._first = at
            wait_for(self._actor, "expire", at, Expire())

    def look(self) -> None:
        """Find out what expires first."""
        self._first = None
        self._neighbours.order(GetNextExpiry(), ExpiryRead)

    def _expiry_read(self, fact: ExpiryRead) -> None:
        if isinstance(fact.answer, Exception):
            self._actor.start_timer("expire", RETRY, Expire())
        elif fact.answer is not None:
            self.expires(fact.answer)

    def _expire(self, _: Expire) -> None:
        self._neighbours.order(ExpireDue(self._actor.clock.time()), Expired)

    def _expired(self, fact: Expired) -> None:
        if isinstance(fact.answer, Exception):
            self._actor.start_timer("expire", RETRY, Expire())
            return
        for message in fact.answer:
            self._neighbours.tell(Known(message))
        self.look()

    def _give_up(self, order: GiveUp) -> None:
        self._give_up_some(order.client_id)

    def _given_up(self, fact: GivenUp) -> None:
        if fact.answer == GIVE_UP_AT_ONCE:
            self._give_up_some(fact.client_id)

    def _give_up_some(self, client_id: ClientId) -> None:
        some = GiveUpQueued(client_id, "The client was deleted", self._actor.clock.time(), GIVE_UP_AT_ONCE)
        self._neighbours.order(some, partial(GivenUp, client_id))

    HANDLERS: ClassVar[Mapping[type, Callable[[Endings, Any], None]]] = {
        ExpiryRead: _expiry_read,
        Expire: _expire,
        Expired: _expired,
        GiveUp: _give_up,
        GivenUp: _given_up,
    }
