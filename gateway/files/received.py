"""The files that came with messages, as the gateway uses them: served, fetched, and named where messages are read.

Everything runs on the event loop of the gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.clients.events import MessageArrived
from actors.clients.operations.chats import ChatMessages, Chats, PageChat, PageMessage
from actors.clients.operations.fields import File
from actors.clients.operations.received import bare_id_of
from actors.clients.types import ClientId
from actors.inbox.inbox import described
from actors.inbox.protocol import FetchFile
from actors.media.threads import MediaThreads
from actors.runtime import Refusal, ask
from actors.store.rows.received import FindReceived, GetReceived
from gateway.service.bridge import GRACE_SECONDS, ORDER_SECONDS, ask_store, shutting_down

if TYPE_CHECKING:
    from actors.system import System
    from gateway.calls import ApiRequest


AT_ONCE = 500
"""The messages that one question to the store is about."""


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

    async def known(self, client_id: ClientId, bare_ids: Sequence[str]) -> Mapping[str, File]:
        """Return the files that came with these messages and are kept, by bare id."""
        found: dict[str, File] = {}
        for begin in range(0, len(bare_ids), AT_ONCE):
            some = FindReceived(client_id, tuple(bare_ids[begin : begin + AT_ONCE]))
            found.update(await ask_store(lambda: self.system.store, some))
        return found

    async def fetch(self, client_id: ClientId, chat: str, message: str) -> tuple[str, File]:
        """Have a message's file fetched; return the message's bare id, and the file."""
        self.refuse_while_draining()
        with shutting_down():
            order: Any = FetchFile(client_id, chat, message)
            file: File = await ask(self.system.inbox, order, timeout=ORDER_SECONDS + GRACE_SECONDS)
        return bare_id_of(message), file


async def with_files(request: ApiRequest[Any, Any], answer: Any) -> Any:
    """Return messages, or chats, with the addresses of their files as far as these are kept, as events have them."""
    wanted = [one.bare_id for one in _messages_in(answer) if one.media is not None]
    if not wanted:
        return answer
    return _named(answer, await request.gateway.received.known(request.client_id, wanted))


def _messages_in(answer: Any) -> tuple[PageMessage, ...]:
    match answer:
        case PageMessage():
            return (answer,)
        case ChatMessages():
            return answer.messages
        case PageChat():
            return () if answer.last_message is None else (answer.last_message,)
        case Chats():
            return tuple(one for chat in answer.chats for one in _messages_in(chat))
    raise TypeError(f"there are no messages in {type(answer).__name__}")


def _named(answer: Any, files: Mapping[str, File]) -> Any:
    match answer:
        case PageMessage(media=None) | None:
            return answer
        case PageMessage():
            file = files.get(answer.bare_id)
            facts = {} if file is None else described(answer.bare_id, file)
            return replace(answer, media={**dict.fromkeys(_FACTS), **(answer.media or {}), **facts})
        case ChatMessages():
            return replace(answer, messages=tuple(_named(one, files) for one in answer.messages))
        case PageChat():
            return replace(answer, last_message=_named(answer.last_message, files))
        case Chats():
            return replace(answer, chats=tuple(_named(one, files) for one in answer.chats))
    raise TypeError(f"there are no messages in {type(answer).__name__}")


_FACTS = MessageArrived.parts["media"]
