"""Operations on chats, and on the messages in them.

A chat is found by either of its addresses, as far as the page knows them, and is never made by these: what the account
has no chat with is not there (`CHAT_NOT_FOUND`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from actors.clients.operations.base import Effect, Operation
from actors.clients.operations.fields import Chat, Count, Future, Instant, MessageRef, Position


@dataclass(frozen=True, slots=True)
class PageMessage:
    """A message as the page tells it: the fields of the event `message`, besides `live`."""

    id: str
    chat: str
    bare_id: str
    from_me: bool
    lid: str | None = None
    phone: str | None = None
    author: str | None = None
    author_lid: str | None = None
    author_phone: str | None = None
    t: float | None = None
    source: str | None = None
    type: str | None = None
    sender_name: str | None = None
    body: str | None = None
    caption: str | None = None
    quoted: Mapping[str, Any] | None = None
    mentions: tuple[str, ...] = ()
    forwarded: bool = False
    media: Mapping[str, Any] | None = None
    location: Mapping[str, Any] | None = None
    contacts: tuple[Mapping[str, Any], ...] | None = None
    reply: Mapping[str, Any] | None = None
    poll: Mapping[str, Any] | None = None
    ack: int | None = None
    truncated: bool = False
    """True if one of its texts is longer than is told."""


@dataclass(frozen=True, slots=True)
class PageChat:
    """A chat of the account.

    `id` is WhatsApp's name of it (maybe a LID), `t` its last activity (epoch seconds). `unread` counts messages;
    `marked_unread` is a person's mark. `muted_until` is epoch seconds, -1 for ever, null where it is not muted.
    """

    id: str
    group: bool
    lid: str | None = None
    phone: str | None = None
    name: str | None = None
    t: float | None = None
    unread: int = 0
    marked_unread: bool = False
    archived: bool = False
    pinned: bool = False
    muted_until: float | None = None
    read_only: bool = False
    last_message: PageMessage | None = None


@dataclass(frozen=True, slots=True)
class Chats:
    """Some of the account's chats; `total` is how many there are of the wanted kind."""

    chats: tuple[PageChat, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ChatMessages:
    """Messages of a chat, newest first."""

    messages: tuple[PageMessage, ...]


_CHAT = "5491122334455@c.us"
_MESSAGE = PageMessage(
    id="false_5491122334455@c.us_3AF0A9E082754536608C",
    chat=_CHAT,
    bare_id="3AF0A9E082754536608C",
    from_me=False,
    lid="750235343914045@lid",
    phone="5491122334455",
    t=1795551656,
    type="chat",
    body="Good morning",
    ack=1,
)
_EXAMPLE = PageChat(
    id=_CHAT,
    group=False,
    lid="750235343914045@lid",
    phone="5491122334455",
    name="Ana",
    t=1795551656,
    unread=1,
    last_message=_MESSAGE,
)
_STORE = "WPP.whatsapp.ChatStore.getModelsArray"
_KNOWN = ("WPP.whatsapp.ChatStore.get", "WPP.whatsapp.WidFactory.createWid")


@dataclass(frozen=True, slots=True)
class ListChats(Operation[Chats]):
    """List the account's chats, each with its last message.

    Archived chats are among them unless `archived` selects. A chat whose page keeps no message in its memory has a null
    `last_message`.
    """

    limit: Count = 100
    offset: Position = 0
    sort: Literal["t", "name", "id"] = "t"
    descending: bool = True
    archived: bool | None = None

    effect = Effect.READ
    example = Chats((_EXAMPLE,), 1)
    needs = (_STORE,)


@dataclass(frozen=True, slots=True)
class GetChat(Operation[PageChat]):
    """Return one chat."""

    chat: Chat

    effect = Effect.READ
    example = _EXAMPLE
    needs = _KNOWN


@dataclass(frozen=True, slots=True)
class GetChatMessages(Operation[ChatMessages]):
    """Return messages of a chat, newest first.

    `before` is the id of a message: only older ones follow. `since` and `until` are epoch seconds, both included; `ack`
    is the least acknowledgement. What the page has never been sent by the phone is not there.
    """

    chat: Chat
    limit: Count = 50
    offset: Position = 0
    before: MessageRef | None = None
    from_me: bool | None = None
    since: Instant | None = None
    until: Instant | None = None
    ack: int | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError("since should not be after until")

    effect = Effect.READ
    example = ChatMessages((_MESSAGE,))
    needs = (*_KNOWN, "WPP.chat.getMessages")


@dataclass(frozen=True, slots=True)
class GetChatMessage(Operation[PageMessage]):
    """Return one message of a chat."""

    chat: Chat
    message: MessageRef

    effect = Effect.READ
    example = _MESSAGE
    needs = (*_KNOWN, "WPP.chat.getMessageById", "WPP.whatsapp.MsgStore")


@dataclass(frozen=True, slots=True)
class ArchiveChat(Operation[None]):
    """Archive a chat, or take it out of the archive.

    The answer comes once the page shows it. A chat that is archived is pinned no more.
    """

    chat: Chat
    archived: bool

    effect = Effect.CHANGE
    example = None
    needs = (*_KNOWN, "WPP.chat.archive")


@dataclass(frozen=True, slots=True)
class PinChat(Operation[None]):
    """Pin a chat to the top of the list, or take it down."""

    chat: Chat
    pinned: bool

    effect = Effect.CHANGE
    example = None
    needs = (*_KNOWN, "WPP.chat.pin")


@dataclass(frozen=True, slots=True)
class MuteChat(Operation[None]):
    """Mute a chat until an instant (epoch seconds; -1: for ever), or unmute it (null)."""

    chat: Chat
    muted_until: Future | None

    effect = Effect.CHANGE
    example = None
    needs = (*_KNOWN, "WPP.chat.mute", "WPP.chat.unmute")


@dataclass(frozen=True, slots=True)
class ClearChat(Operation[None]):
    """Delete all messages of a chat for this account; the chat stays.

    WhatsApp Web waits some seconds before it begins, for a person who thinks better of it.
    """

    chat: Chat
    keep_starred: bool = True

    effect = Effect.CHANGE
    example = None
    needs = (*_KNOWN, "WPP.whatsapp.functions.sendClear")


@dataclass(frozen=True, slots=True)
class DeleteChat(Operation[None]):
    """Delete a chat with its messages for this account."""

    chat: Chat

    effect = Effect.CHANGE
    example = None
    needs = (*_KNOWN, "WPP.chat.delete")
