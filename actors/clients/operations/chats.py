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
    """Its full id at WhatsApp, such as `false_5491122334455@c.us_3AF0A9E082754536608C`."""
    chat: str
    """The chat as WhatsApp names it."""
    bare_id: str
    """The id without chat and direction: the same, by whichever address the chat is named."""
    from_me: bool
    """True if the account itself has written it, on any of its devices."""
    lid: str | None = None
    phone: str | None = None
    author: str | None = None
    """Who wrote it, in a group; null elsewhere."""
    author_lid: str | None = None
    """The author's hidden number (LID); null where it is not known."""
    author_phone: str | None = None
    """The author's phone number; null where it is not known."""
    t: float | None = None
    """Its time by WhatsApp's clock, in epoch seconds."""
    source: str | None = None
    """`api`: it was sent through this service; `app`: it was not."""
    type: str | None = None
    """WhatsApp's word for its kind: `chat` is a text, `image`, `video`, `document`, `ptt` a voice message …"""
    sender_name: str | None = None
    """The name that the sender gives himself."""
    body: str | None = None
    """The text."""
    caption: str | None = None
    """The text under a picture, a video or a document."""
    quoted: Mapping[str, Any] | None = None
    """The message that it answers: `id` (null where the page no longer has it), `bare_id`, author, `type`, `body`."""
    mentions: tuple[str, ...] = ()
    """The ids of the people that it mentions."""
    forwarded: bool = False
    """True if it was forwarded."""
    media: Mapping[str, Any] | None = None
    """Its file: `mimetype`, `size`, `filename`, `duration`, and `url`, where this service serves it, or `error`."""
    location: Mapping[str, Any] | None = None
    """A place: `latitude`, `longitude`, `name`, `address`, `url`, `live`."""
    contacts: tuple[Mapping[str, Any], ...] | None = None
    """Contact cards, each with `name` and `vcard`."""
    reply: Mapping[str, Any] | None = None
    """The choice of a button or of a list: `id` and `text`."""
    poll: Mapping[str, Any] | None = None
    """A poll: `name`, `options`, and `selectable`, how many options one may choose (0: all)."""
    ack: int | None = None
    """How far it has come: 0 on its way, 1 WhatsApp's server has it, 2 the other phone, 3 read, 4 played."""
    truncated: bool = False
    """True if one of its texts is longer than is told."""


@dataclass(frozen=True, slots=True)
class PageChat:
    """A chat of the account."""

    id: str
    """The chat as WhatsApp names it; it may be a hidden number (`…@lid`)."""
    group: bool
    """True if it is a group."""
    lid: str | None = None
    phone: str | None = None
    name: str | None = None
    """The name that a person sees in the list of chats."""
    t: float | None = None
    """Its last activity, in epoch seconds."""
    unread: int = 0
    """How many messages are unread."""
    marked_unread: bool = False
    """True if a person has marked it as unread."""
    archived: bool = False
    """True if it is in the archive."""
    pinned: bool = False
    """True if it is pinned to the top of the list."""
    muted_until: float | None = None
    """Until when it is muted, in epoch seconds; -1 for ever, null where it is not."""
    read_only: bool = False
    """True if the account cannot write in it."""
    last_message: PageMessage | None = None
    """Its last message; null where the page keeps none in its memory."""


@dataclass(frozen=True, slots=True)
class Chats:
    """Some of the account's chats."""

    chats: tuple[PageChat, ...]
    """The chats of this page."""
    total: int
    """How many chats there are of the wanted kind."""


@dataclass(frozen=True, slots=True)
class ChatMessages:
    """Messages of a chat, newest first."""

    messages: tuple[PageMessage, ...]
    """The messages, newest first."""


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
    """Sort by last activity (`t`), by `name`, or by `id`."""
    descending: bool = True
    """Begin with the latest, or the last in the alphabet."""
    archived: bool | None = None
    """Archived chats only, or the others only."""

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

    What the page has never been sent by the phone is not there.
    """

    chat: Chat
    limit: Count = 50
    offset: Position = 0
    before: MessageRef | None = None
    """Only messages that are older than this one."""
    from_me: bool | None = None
    """Own messages only, or those of others only."""
    since: Instant | None = None
    """Only messages from this instant on, in epoch seconds."""
    until: Instant | None = None
    """Only messages up to this instant, in epoch seconds."""
    ack: int | None = None
    """Only messages that have come this far at least: 1 server, 2 phone, 3 read, 4 played."""

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
    """True: into the archive; false: out of it."""

    effect = Effect.CHANGE
    example = None
    needs = (*_KNOWN, "WPP.chat.archive")


@dataclass(frozen=True, slots=True)
class PinChat(Operation[None]):
    """Pin a chat to the top of the list, or take it down."""

    chat: Chat
    pinned: bool
    """True: to the top of the list; false: down again."""

    effect = Effect.CHANGE
    example = None
    needs = (*_KNOWN, "WPP.chat.pin")


@dataclass(frozen=True, slots=True)
class MuteChat(Operation[None]):
    """Mute a chat until an instant (epoch seconds; -1: for ever), or unmute it (null)."""

    chat: Chat
    muted_until: Future | None
    """Until this instant, in epoch seconds; -1 for ever; null unmutes it."""

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
    """Starred messages stay."""

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
