"""The messages of the inbox: events that have come in, an order of callers, its own timers and answers."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.events import AccountEvent
from actors.clients.operations.fields import File
from actors.clients.types import ClientId, Seconds
from actors.runtime import Reminder, Work
from actors.store.rows.received import RoomLeft

ChatKey = tuple[ClientId, str]
"""A chat of a client."""
FileKey = tuple[ClientId, str]
"""A message of a client, by its bare id."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Fact: an event of a client that has to wait, for its file or behind another in its chat."""

    client_id: ClientId
    event: AccountEvent
    at: Seconds


@dataclass(frozen=True, slots=True)
class FetchFile(Work):
    """Fetch the file of a message now, whether or not it was before. Answers a File, refuses as the client does.

    `message` is the message's id, whole or bare.
    """

    client_id: ClientId
    chat: str
    message: str


# --- timers and answers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept(Reminder):
    """The store's answer: True, the event waits on disk; False, it was told before."""

    chat: ChatKey
    id: str
    answer: bool | Exception


@dataclass(frozen=True, slots=True)
class WaitOver(Reminder):
    """Timer: an event has waited long enough for its file."""

    chat: ChatKey
    id: str


@dataclass(frozen=True, slots=True)
class FetchDue(Reminder):
    """Timer: time for the next try."""

    key: FileKey


@dataclass(frozen=True, slots=True)
class FileFetched(Reminder):
    """The client's answer: a file that lies in the media directory, or why there is none."""

    key: FileKey
    answer: File | Exception


@dataclass(frozen=True, slots=True)
class RoomMade(Reminder):
    """The store's answer: what all files take together, once the oldest have gone."""

    answer: RoomLeft | Exception


@dataclass(frozen=True, slots=True)
class FileRecorded(Reminder):
    """The store's answer: the file is kept, and belongs to its message."""

    key: FileKey
    answer: File | Exception
