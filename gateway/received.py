"""The files that came with messages, as the gateway uses them. Everything runs on the gateway's event loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.clients.operations.fields import File
from actors.clients.operations.received import bare_id_of
from actors.clients.types import ClientId
from actors.inbox.protocol import FetchFile
from actors.media.threads import MediaThreads
from actors.runtime import Refusal, ask
from actors.store.rows.received import GetReceived
from gateway.service import GRACE_SECONDS, ORDER_SECONDS, ask_store, shutting_down

if TYPE_CHECKING:
    from actors.system import System


class NoSuchFile(Refusal):
    """No message of the client has this file, or its time is over."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no file {name[:80]}: it was never here, or its time is over. "
            "Ask for it again with POST /chats/{chat}/messages/{message}/media"
        )


@dataclass(frozen=True, slots=True)
class ReceivedMedia:
    """Raises Starting, ShuttingDown, MailboxFull, pykka.Timeout, and the refusals of the store and of clients."""

    system: System
    refuse_while_draining: Callable[[], None]

    @property
    def threads(self) -> MediaThreads:
        """The threads that read files."""
        return self.system.media.threads

    async def find(self, client_id: ClientId, name: str) -> tuple[File, Path]:
        """Return a file by its name in events, and where it is. Raises NoSuchFile."""
        bare_id = name.split(".")[0]
        file: File | None = await ask_store(lambda: self.system.store, GetReceived(client_id, bare_id))
        if file is None:
            raise NoSuchFile(name)
        path = self.system.media.path(file.digest)
        if not await self.threads.run(path.exists):
            raise NoSuchFile(name)
        return file, path

    async def fetch(self, client_id: ClientId, chat: str, message: str) -> tuple[str, File]:
        """Have a message's file fetched; return the message's bare id, and the file."""
        self.refuse_while_draining()
        with shutting_down():
            order: Any = FetchFile(client_id, chat, message)
            file: File = await ask(self.system.inbox, order, timeout=ORDER_SECONDS + GRACE_SECONDS)
        return bare_id_of(message), file
