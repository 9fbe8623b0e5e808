"""The store and the clients, asked without waiting: what is made of an answer comes back as a message.

Rule of this file: it runs in the dispatcher's thread, the answers come in whichever thread gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pykka import ActorDeadError, ActorRef

from actors.clients.errors import NotReady
from actors.clients.types import ClientId, Seconds, State
from actors.runtime import Actor, Reply
from actors.store.message import Read, Write
from actors.store.store import Store

RETRY: Seconds = 1.0
"""Before the store, or a client with a full mailbox, is asked again."""

Find = Callable[[ClientId], ActorRef[Any] | None]
"""Gives a client's actor, if it runs."""


class Neighbours:
    """`actor` is the dispatcher."""

    def __init__(self, actor: Actor, store: Store, find: Find) -> None:
        self._actor, self._store, self._find = actor, store, find

    def order(self, message: Write[Any] | Read[Any], answered: Callable[[Any], object]) -> None:
        """Have the store do something; an exception where it did not."""
        try:
            self._actor.pipe_to_self(self._store.ask(message), answered)
        except ActorDeadError as error:
            self.tell(answered(error))

    def ask(self, client_id: ClientId, message: object, answered: Callable[[Any], object]) -> None:
        """Ask a client; an exception where it refuses or is not there."""
        ref = self._find(client_id)
        if ref is None:
            self.tell(answered(NotReady(State.NOT_INITIALIZED)))
        else:
            self._actor.pipe_to_self(cast("Reply[Any]", ref.ask(message, block=False)), answered)

    def tell(self, message: object) -> None:
        """A message of the dispatcher to itself. What is not settled when it ends is looked up after the next start."""
        self._actor.tell_self(message)
