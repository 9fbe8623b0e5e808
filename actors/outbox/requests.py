"""Requests of the dispatcher to the store and to clients. They do not block: an answer arrives as a message.

Rule of this file: it runs in the dispatcher's thread; answers are given in any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pykka import ActorDeadError, ActorRef

from actors.clients.errors import NotReady
from actors.clients.types import ClientId, Seconds, State
from actors.runtime import Actor, Reply
from actors.store.requests import Read, Write
from actors.store.store import Store

RETRY: Seconds = 1.0
"""The pause before the store, or a client with a full mailbox, is asked again."""

Find = Callable[[ClientId], ActorRef[Any] | None]
"""Returns a client's actor, if it runs."""


class Requests:
    """Asks the store and the clients for `actor`, the dispatcher. `answered` makes the message of an answer."""

    def __init__(self, actor: Actor, store: Store, find: Find) -> None:
        self._actor, self._store, self._find = actor, store, find

    def order(self, message: Write[Any] | Read[Any], answered: Callable[[Any], object]) -> None:
        """Send the store a message; the answer is an exception if it failed."""
        try:
            self._actor.pipe_to_self(self._store.ask(message), answered)
        except ActorDeadError as error:
            self.tell(answered(error))

    def ask(self, client_id: ClientId, message: object, answered: Callable[[Any], object]) -> None:
        """Ask a client; the answer is an exception if the client refuses or does not run."""
        ref = self._find(client_id)
        if ref is None:
            self.tell(answered(NotReady(State.NOT_INITIALIZED)))
        else:
            self._actor.pipe_to_self(cast("Reply[Any]", ref.ask(message, block=False)), answered)

    def tell(self, message: object) -> None:
        """Send the dispatcher a message. If it ends before, the next start looks up everything in `sending`."""
        self._actor.tell_self(message)
