"""Operations on reading, typing and being online, of the account and of others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from actors.clients.operations.base import Effect, Operation
from actors.clients.operations.fields import Chat


class Typing(StrEnum):
    """The activity that the others in a chat are shown."""

    TYPING = "typing"
    RECORDING = "recording"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class MarkRead(Operation[None]):
    """Mark a chat as read.

    Its senders learn it, as far as the account's privacy lets them.
    """

    chat: Chat

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.chat.find", "WPP.chat.markIsRead")


@dataclass(frozen=True, slots=True)
class MarkUnread(Operation[None]):
    """Mark a chat as unread, for this account alone."""

    chat: Chat

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.chat.find", "WPP.chat.markIsUnread")


@dataclass(frozen=True, slots=True)
class ShowTyping(Operation[None]):
    """Show in a chat that the account types or records, or has stopped.

    WhatsApp shows it for about 25 seconds at most, and to nobody while the account is offline.
    """

    chat: Chat
    state: Typing
    """The activity that the others in the chat are shown."""

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.chat.find", "WPP.chat.markIsComposing", "WPP.chat.markIsRecording", "WPP.chat.markIsPaused")


@dataclass(frozen=True, slots=True)
class ShowPresence(Operation[None]):
    """Show the account as online or offline.

    While it is online its phone may ring less.
    """

    online: bool
    """True: online; false: offline."""

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.conn.markAvailable",)


@dataclass(frozen=True, slots=True)
class Presence:
    """The presence of a person or a group, as WhatsApp reports it."""

    id: str
    """The person or group as WhatsApp names it."""
    state: str
    """`available`, `unavailable`, `typing`, `recording` or `unknown`."""
    online: bool | None = None
    """True if the person is online; null for a group."""
    last_seen: int | None = None
    """When the person was last online, in epoch seconds, where he shows it."""
    participants: tuple[ParticipantPresence, ...] = ()
    """Of a group: those that type or record."""


@dataclass(frozen=True, slots=True)
class ParticipantPresence:
    """The activity of one person in a group."""

    id: str
    """The member as WhatsApp names him in the group."""
    state: str
    """`typing` or `recording`."""


@dataclass(frozen=True, slots=True)
class SubscribePresence(Operation[Presence]):
    """Subscribe to the presence of a person or group: online, typing, recording.

    Answers with the presence that is known now. The subscription ends with the page. WhatsApp reports presence only
    while the account itself is online.
    """

    id: Chat

    effect = Effect.READ
    example = Presence("5491122334455@c.us", "available", online=True)
    needs = ("WPP.chat.find", "WPP.contact.subscribePresence", "WPP.whatsapp.PresenceStore")


@dataclass(frozen=True, slots=True)
class GetPresence(Operation[Presence]):
    """Return the presence of a person or a group, as far as the page knows it."""

    id: Chat

    effect = Effect.READ
    example = Presence("5491122334455@c.us", "available", online=True)
    needs = ("WPP.whatsapp.PresenceStore", "WPP.whatsapp.WidFactory")
