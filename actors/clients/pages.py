"""The page a client listens to, and those it has let go of.

A page that was let go is not heard any more, but remembered until it says that no process of it is left: a client is
never gone before its processes are. What an old page still says is told apart by its `Generation`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from actors.clients.protocol import BrowserGone, FromPage, PageFact
from actors.clients.types import ClientId, Generation

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.clients.ports import Browser, Page, Tell


class Pages:
    """The pages of one client. Runs in the client's thread."""

    def __init__(self, browser: Browser, client_id: ClientId, owner: ActorRef[Any]) -> None:
        self._browser, self._client_id, self._owner = browser, client_id, owner
        self._generation = Generation(0)
        self._leaving: dict[Generation, Page] = {}
        self.present: Page | None = None

    def open(self) -> None:
        """Open a new page, and listen to it from now on."""
        self._generation = Generation(self._generation + 1)
        self.present = self._browser.open(self._client_id, _listener(self._owner, self._generation))

    def hears(self, envelope: FromPage) -> bool:
        """Whether this is to be listened to: only the present page is. Of an older one only its end matters."""
        present = self.present is not None and envelope.generation == self._generation
        if isinstance(envelope.fact, BrowserGone):
            self._leaving.pop(envelope.generation, None)
            if present:
                self.present = None
        return present

    def leave(self, *, graceless: bool = False) -> None:
        """Let go of the present page: have it close, or killed where it would not hear a polite request."""
        page, self.present = self.present, None
        if page is not None:
            self._leaving[self._generation] = page
            page.kill() if graceless else page.close()

    def kill(self) -> None:
        """End every process of every page now."""
        for page in (*self._leaving.values(), *([self.present] if self.present else [])):
            page.kill()

    @property
    def left(self) -> int:
        """How many pages may still have processes."""
        return len(self._leaving) + (self.present is not None)


def _listener(owner: ActorRef[Any], generation: Generation) -> Tell:
    def listen(fact: PageFact) -> None:
        with suppress(ActorDeadError):  # the page of an actor that crashed still says that it is gone
            owner.tell(FromPage(generation, fact))

    return listen
