"""Account events, declared once each, for streams, webhooks, long polls and metrics.

A subclass of `AccountEvent` with a `type` is a declaration. Everything else follows from it:

    type           the event's name, for selection, counting and documentation
    page_name      the row of the page script (scripts/events.js) that reports it; None if the service itself does
    notices        the notices of WhatsApp's that are this event, if it comes as a message without an author
    fields         the fields of its payload; a page's events are read by these names
    parts          the names inside a field that is an object, or a list of objects
    identified_by  the fields that two reports of the same event share, besides `bare_id`, or `id` without one:
                   the page may name the same chat by another of its addresses
    read_again     true if a page reports it again after a start, from its memory: the store then keeps its key
    needs          the names of wa-js or WhatsApp Web without which a page never reports it
    example        a payload, for docs/events.md

The first line of the docstring is the event's title in docs/events.md, the rest its text.

Plain data: knowledge of wa-js is in the page's scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar

Notice = tuple[str, str | None]
"""Type and subtype (None: any) of a message that WhatsApp itself writes into a chat."""

_KEY_PART = 200
"""The characters of the longest part of a key."""

EVENTS: dict[str, type[AccountEvent]] = {}
"""Type -> declaration, in the order of docs/events.md. Declaring an event adds it."""


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """The base of all events. `payload` is JSON-ready."""

    payload: Mapping[str, Any]

    type: ClassVar[str]
    page_name: ClassVar[str | None] = None
    notices: ClassVar[tuple[Notice, ...]] = ()
    fields: ClassVar[tuple[str, ...]]
    parts: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    identified_by: ClassVar[tuple[str, ...]] = ()
    read_again: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[Mapping[str, Any]]

    def __init_subclass__(cls) -> None:
        if "type" in vars(cls):
            EVENTS[cls.type] = cls

    @property
    def key(self) -> str | None:
        """The identity that two reports of the same event share; None if nothing identifies it."""
        name = self.payload.get("bare_id") or self.payload.get("id")
        if name is None:
            return None
        parts = (self.type, name, *map(self.payload.get, self.identified_by))
        return " ".join(_short(str(part)) for part in parts if part is not None)


def _short(text: str) -> str:
    """Return the text, or its digest if it is too long to be part of a key."""
    return text if len(text) <= _KEY_PART else sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def people_in(payload: Mapping[str, Any]) -> frozenset[str]:
    """Return every address of the author of an event, as far as the page knows them."""
    phone = payload.get("author_phone")
    found = (payload.get("author"), payload.get("author_lid"), None if phone is None else f"{phone}@c.us")
    return frozenset(str(one) for one in found if one is not None)


def of_page(name: object) -> type[AccountEvent] | None:
    """Return the event of a row of the page script."""
    return next((event for event in EVENTS.values() if event.page_name is not None and event.page_name == name), None)


def of_notice(kind: str, subtype: str | None) -> type[AccountEvent] | None:
    """Return the event of a notice of WhatsApp's; None if it means nothing to a consumer."""
    for notice in ((kind, subtype), (kind, None)):
        for event in EVENTS.values():
            if notice in event.notices:
                return event
    return None


_CHAT = ("id", "chat", "lid", "phone", "t")
_AUTHOR = ("author", "author_lid", "author_phone")
_MESSAGE = (*_CHAT, "bare_id", "from_me", *_AUTHOR)
_CONTENT = (
    "source",
    "type",
    "sender_name",
    "body",
    "caption",
    "quoted",
    "mentions",
    "forwarded",
    "media",
    "location",
    "contacts",
    "reply",
    "poll",
)
_PARTS = {
    "quoted": ("id", "bare_id", *_AUTHOR, "type", "body"),
    "media": ("mimetype", "size", "filename", "duration", "url", "digest", "error"),
    "location": ("latitude", "longitude", "name", "address", "url", "live"),
    "contacts": ("name", "vcard"),
    "reply": ("id", "text"),
    "poll": ("name", "options", "selectable"),
}

FIELD_NEEDS: Mapping[str, tuple[str, ...]] = {
    "lid": ("WPP.whatsapp.lidPnCache.getCurrentLid",),
    "author_lid": ("WPP.whatsapp.lidPnCache.getCurrentLid",),
    "author_phone": ("WPP.whatsapp.lidPnCache.getPhoneNumber",),
    "phone": ("WPP.whatsapp.lidPnCache.getPhoneNumber", "WPP.whatsapp.UserPrefs.getMaybeMePnUser"),
}
"""Field of what a page reports -> the names without which it is None. `phone` is the account's own number too."""
_MESSAGES_NEED = ("WPP.whatsapp.MsgStore.on", "WPP.whatsapp.MsgModel", "WPP.whatsapp.MsgKey")
"""The names that new and edited messages need; WhatsApp's notices come as messages."""

_FRIEND = {"chat": "5491122334455@c.us", "lid": "750235343914045@lid", "phone": "5491122334455"}


def _payload(**values: Any) -> dict[str, Any]:
    return values


def _of_a_friend(bare_id: str, t: int | None, author: str | None = "5491122334455@c.us", **more: Any) -> dict[str, Any]:
    """Return an example of an incoming message's payload."""
    both = (_FRIEND["lid"], _FRIEND["phone"]) if author else (None, None)
    of_a_message = {"t": t, "bare_id": bare_id, "from_me": False, **dict(zip(_AUTHOR, (author, *both), strict=True))}
    return {"id": f"false_5491122334455@c.us_{bare_id}", **_FRIEND, **of_a_message, **more, "live": True}


# --- reported by the service itself ----------------------------------------------------------------------------------


class ClientStateChanged(AccountEvent):
    """The state of a client has changed.

    `reason` and `reason_text` say why, where a reason is known. The states are those of `GET /status`.
    """

    type = "client.state"
    fields = ("state", "previous_state", "reason", "reason_text")
    example = _payload(state="READY", previous_state="INITIALIZING", reason=None, reason_text=None)


class ClientQrRenewed(AccountEvent):
    """A client shows another QR.

    The first comes with the state `QR_REQUIRED`. `expires_at` is epoch seconds; `GET /qr` has the code.
    """

    type = "client.qr"
    fields = ("expires_at",)
    example = _payload(expires_at=1796137300.0)


class ClientRestricted(AccountEvent):
    """WhatsApp refuses first messages to strangers, or has stopped refusing them.

    `restricted` is false when it ends. `kind` is WhatsApp's word (`WEB_COMPANION_ONLY`: on WhatsApp Web only;
    `RESTRICT_ALL_COMPANIONS`: on all linked devices; others are of business accounts). `until` is epoch seconds, or
    null where WhatsApp does not say. `known_chats`: whether chats that others have written in may still be written to,
    or null where the page does not tell. What
    [the outbox does meanwhile](durability.md#what-whatsapp-refuses-for-a-while).
    """

    type = "client.restricted"
    fields = ("restricted", "kind", "until", "known_chats")
    example = _payload(restricted=True, kind="WEB_COMPANION_ONLY", until=1796137300.0, known_chats=True)


class ClientErased(AccountEvent):
    """All that was kept of a client has been deleted, by `DELETE /session/{clienteId}?everything=true`.

    It is the last of the client's events, and the only one that is left: those before it are not delivered any more.
    """

    type = "client.erased"
    fields = ()
    example = _payload()


class AccountChanged(AccountEvent):
    """A client is linked to another WhatsApp account than before.

    `phone` and `lid` are the account's, `previous_phone` and `previous_lid` those of the account before; each is null
    where its page did not say it. `held` is how many messages wait from now on because they were accepted for
    another account, `resumed` how many go on because theirs is back, `unknown` how many were under way. What can be
    [done about them](durability.md#when-the-account-behind-a-client-changes).
    """

    type = "account.changed"
    fields = ("phone", "lid", "previous_phone", "previous_lid", "held", "resumed", "unknown")
    example = _payload(
        phone="5491100000002",
        lid="750235343914099@lid",
        previous_phone="5491100000001",
        previous_lid="750235343914045@lid",
        held=12,
        resumed=0,
        unknown=1,
    )


class MessageStateChanged(AccountEvent):
    """The state of a message in the outbox has changed.

    `id` is the id that `POST /messages` returned; `state` is the one in `GET /messages/{id}`.
    """

    type = "message.state"
    fields = ("id", "message_id", "chat", "phone", "lid", "state", "previous_state", "reason")
    example = _payload(
        id="01M87KFYHC7YX0KAVQYK001X9P",
        message_id="true_5491122334455@c.us_3EB08C71681806719847D6",
        chat="5491122334455@c.us",
        phone="5491122334455",
        lid=None,
        state="sent",
        previous_state="sending",
        reason=None,
    )


class WhatsAppChanged(AccountEvent):
    """A client's page is another version of WhatsApp Web."""

    type = "whatsapp.changed"
    fields = ("version", "previous_version", "push_phase", "generation", "wa_js")
    example = _payload(
        version="2.3000.1050000001",
        previous_version="2.3000.1045000000",
        push_phase="C3",
        generation="modern",
        wa_js="4.6.0",
    )


class WhatsAppDrifted(AccountEvent):
    """A client's page lacks other names than before.

    `gone` and `back` are the names that are missing now and those that are there again; `missing` are all that are
    missing, and `lost` is what does not work without them ([canary.md](canary.md)).
    """

    type = "whatsapp.drifted"
    fields = ("version", "gone", "back", "missing", "lost", "can_send_messages", "wa_js")
    example = _payload(
        version="2.3000.1050000001",
        gone=["handleChatSimpleReceipt"],
        back=[],
        missing=["handleChatSimpleReceipt"],
        lost=["message.ack"],
        can_send_messages=True,
        wa_js="4.6.0",
    )


# --- reported by the page --------------------------------------------------------------------------------------------


class MessageArrived(AccountEvent):
    """A message has arrived.

    This includes messages that the account's owner wrote on another device (`from_me`). In groups `author` is the
    sender, with both addresses as far as they are known; `sender_name` is the name he gives himself. `type` is
    WhatsApp's word: `chat` is a text, `ptt` a voice message, `ptv` a video note. `body` is the text, `caption` the
    text under a picture. `source` is `app`: it was not sent through this service.

    `quoted` is the message it answers; its `id` is null where the page no longer has that message. `mentions` are the
    ids of people. `media` describes a file, `location` a place, `contacts` contact cards, `reply` the choice of a
    button or of a list, `poll` a poll (`selectable`: how many options one may choose, 0 for all); each is null if the
    message is none of that. The file is [fetched first](media.md#files-that-come-in): `media.url` is where this
    service serves it, or `media.error` says why it does not. Texts are cut to 65536 characters, quoted ones to 1024,
    names to 512, cards to 16384 and 100000 together.
    """

    type = "message"
    page_name = "message"
    fields = (*_MESSAGE, *_CONTENT, "ack", "live")
    parts = _PARTS
    read_again = True
    needs = _MESSAGES_NEED
    example = _of_a_friend(
        "3AF0A9E082754536608C",
        1795551656,
        None,
        source="app",
        type="chat",
        sender_name="Ana",
        body="Good morning",
        caption=None,
        quoted=None,
        mentions=[],
        forwarded=False,
        media=None,
        location=None,
        contacts=None,
        reply=None,
        poll=None,
        ack=1,
    )


class MessageOutgoing(AccountEvent):
    """A message of this service is on its way.

    It has the fields of `message`, with `source` `api`. Its further fate is in `message.state` and
    `message.ack`.
    """

    type = "message.outgoing"
    page_name = "outgoing"
    fields = MessageArrived.fields
    parts = _PARTS
    read_again = True
    needs = _MESSAGES_NEED
    example = _payload(
        id="true_5491122334455@c.us_3EB08C71681806719847D6",
        **_FRIEND,
        t=1795551656,
        bare_id="3EB08C71681806719847D6",
        from_me=True,
        author=None,
        author_lid=None,
        author_phone=None,
        source="api",
        type="chat",
        sender_name=None,
        body="Your order is on its way",
        caption=None,
        quoted=None,
        mentions=[],
        forwarded=False,
        media=None,
        location=None,
        contacts=None,
        reply=None,
        poll=None,
        ack=0,
        live=True,
    )

    @property
    def key(self) -> str | None:
        """See `AccountEvent`; it is that of `message`, for a page that is opened again cannot tell the two apart."""
        key = super().key
        return None if key is None else key.replace(self.type, MessageArrived.type, 1)


class MessageAcknowledged(AccountEvent):
    """A message is acknowledged.

    `ack`: 1 WhatsApp's server has it, 2 the other phone has it, 3 read, 4 played.
    """

    type = "message.ack"
    page_name = "ack"
    fields = (*_MESSAGE, "ack", "live")
    identified_by = ("ack",)
    read_again = True
    needs = ("WPP.whatsapp.functions.handleChatSimpleReceipt", "WPP.whatsapp.functions.handleGroupSimpleReceipt")
    example = _payload(
        id="true_5491122334455@c.us_3EB08C71681806719847D6",
        **_FRIEND,
        t=None,
        bare_id="3EB08C71681806719847D6",
        from_me=True,
        author=None,
        author_lid=None,
        author_phone=None,
        ack=2,
        live=True,
    )

    @property
    def key(self) -> str | None:
        """See `AccountEvent`; in a group each reader acknowledges by himself."""
        key, author = super().key, self.payload.get("author")
        in_group = str(self.payload.get("chat")).endswith("@g.us")
        return f"{key} {author}" if key is not None and author is not None and in_group else key


class MessageEdited(AccountEvent):
    """The sender has edited a message.

    `body` is the new text; `t` is when it was edited.
    """

    type = "message.edited"
    page_name = "edited"
    fields = (*_MESSAGE, "type", "body", "caption", "live")
    identified_by = ("t", "body")
    read_again = True
    needs = _MESSAGES_NEED
    example = _of_a_friend("3AF0A9E082754536608C", 1795551657, None, type="chat", body="Good evening", caption=None)


class MessageRevoked(AccountEvent):
    """A message was deleted for everyone."""

    type = "message.revoked"
    page_name = "revoked"
    fields = (*_MESSAGE, "live")
    read_again = True
    needs = ("WPP.whatsapp.MsgStore.processMultipleMessages",)
    example = _of_a_friend("3AF0A9E082754536608C", None)


class MessageReaction(AccountEvent):
    """A person has reacted to a message.

    `reaction` is the emoji; it is empty when the reaction was removed. Of one that was removed while no page was
    open, `t` is the time when that was noticed: the page keeps no time of it.
    """

    type = "message.reaction"
    page_name = "reaction"
    fields = (*_MESSAGE, "reaction", "live")
    identified_by = ("t", "author", "reaction")
    read_again = True
    needs = ("WPP.whatsapp.functions.createOrUpdateReactions",)
    example = _of_a_friend("3AF0A9E082754536608C", 1795551659, reaction="👍")


class PollVoted(AccountEvent):
    """A person has voted in a poll.

    `choices` are the texts of all options that the person has chosen now: each vote replaces the one before, and an
    empty list takes it back. `id` is the poll's. Of several votes while no page was open, the last one comes.
    """

    type = "poll.vote"
    page_name = "poll_vote"
    fields = (*_MESSAGE, "choices", "live")
    identified_by = ("t", "author", "choices")
    read_again = True
    needs = ("WPP.whatsapp.functions.upsertVotes",)
    example = _payload(
        id="true_5491122334455@c.us_3EB08C71681806719847D6",
        **_FRIEND,
        t=1795551661,
        bare_id="3EB08C71681806719847D6",
        from_me=True,
        author="5491122334455@c.us",
        author_lid=_FRIEND["lid"],
        author_phone=_FRIEND["phone"],
        choices=["Tuesday"],
        live=True,
    )


class PresenceChanged(AccountEvent):
    """A person is online, types or records, or has stopped.

    It comes for those whose presence was subscribed to (`POST /contacts/{id}/presence`), and for the chats that
    WhatsApp Web subscribes to by itself. `state`: `available`, `unavailable`, `typing`, `recording` or `unknown`. In a
    group `author` is the member, and `online` null.
    """

    type = "presence"
    page_name = "presence"
    fields = ("chat", "lid", "phone", "t", *_AUTHOR, "state", "online", "live")
    needs = ("WPP.whatsapp.PresenceStore.on",)
    example = _payload(
        **_FRIEND,
        t=1795551662,
        author="5491122334455@c.us",
        author_lid=_FRIEND["lid"],
        author_phone=_FRIEND["phone"],
        state="typing",
        online=True,
        live=True,
    )


class ChatRead(AccountEvent):
    """A chat was read by the account, on any of its devices, or marked as unread.

    `unread` is true where it was marked as unread. wa-js reports the last of several within 0.05 seconds.
    """

    type = "chat.read"
    page_name = "read"
    fields = ("chat", "lid", "phone", "t", "unread", "live")
    needs = ("WPP.whatsapp.ChatStore.on",)
    example = _payload(**_FRIEND, t=1795551663, unread=False, live=True)


class CallRang(AccountEvent):
    """An incoming call rings."""

    type = "call"
    page_name = "call"
    fields = (*_CHAT, "group", "video", "live")
    needs = ("WPP.whatsapp.CallStore",)
    example = _payload(
        id="CAA9702723C7DB8BC07E",
        **_FRIEND,
        t=1795551659,
        group=False,
        video=False,
        live=True,
    )


class CallRejected(AccountEvent):
    """A call was rejected by this service.

    Its fields are those of `call`; `t` is when. One that the phone rejects comes as `call.logged`.
    """

    type = "call.rejected"
    page_name = "call_rejected"
    fields = CallRang.fields
    needs = ("WPP.whatsapp.CallStore", "WPP.call.reject")
    example = _payload(
        id="CAA9702723C7DB8BC07E",
        **_FRIEND,
        t=1795551660,
        group=False,
        video=False,
        live=True,
    )


class LabelChanged(AccountEvent):
    """A label was created, changed or deleted.

    Only accounts of WhatsApp Business have labels. `color` is its place among WhatsApp's colours, `hex` the colour.
    """

    type = "label.changed"
    page_name = "label"
    fields = ("id", "name", "color", "hex", "deleted", "live")
    identified_by = ("name", "color", "deleted")
    needs = ("WPP.whatsapp.LabelStore.on",)
    example = _payload(id="3", name="New order", color=4, hex="#99b6c1", deleted=False, live=True)


class ChatLabelled(AccountEvent):
    """A chat got a label, or lost one.

    `added` is false if the label was taken off.
    """

    type = "label.chat"
    page_name = "chat_label"
    fields = ("label", "name", "chat", "lid", "phone", "added", "live")
    needs = ("WPP.whatsapp.functions.addToLabelCollection",)
    example = _payload(label="3", name="New order", **_FRIEND, added=True, live=True)


class ChatArchived(AccountEvent):
    """A chat was archived, or taken out of the archive.

    Whether on the phone, on another device, or by this service.
    """

    type = "chat.archive"
    page_name = "archived"
    fields = ("chat", "lid", "phone", "t", "archived", "live")
    needs = ("WPP.whatsapp.ChatStore.on",)
    example = _payload(**_FRIEND, t=1795551660, archived=True, live=True)


# --- notices: messages that WhatsApp itself writes into a chat --------------------------------------------------------


_PEOPLE: Mapping[str, tuple[str, ...]] = {"participants": ("id", "lid", "phone")}


class GroupChanged(AccountEvent):
    """A person has changed a group.

    WhatsApp writes it into the group as a notice. `change` is WhatsApp's word: `create`, `add`, `remove`, `leave`,
    `promote`, `demote`, `subject`, `description`, `picture`, `announce`, `restrict` and more; a new one may come any
    day. `people` are whom it concerns, as WhatsApp names them in the group, `participants` the same with both of their
    addresses, as far as the page knows them; `me` is true if the account is one of them: it has joined with `create`,
    `add` or `invite`, and is out with `remove` or `leave`. `author` is who did it, `value` the new subject or
    description.
    """

    type = "group.changed"
    notices = (("gp2", None), ("group_notification", None))
    fields = (*_MESSAGE, "change", "people", "participants", "me", "value", "live")
    parts = _PEOPLE
    read_again = True
    needs = _MESSAGES_NEED
    example = _payload(
        id="false_120363000000000002@g.us_3A41D2B7C9E6F1805A3D_5491122334455@c.us",
        chat="120363000000000002@g.us",
        lid=None,
        phone=None,
        t=1796049062,
        bare_id="3A41D2B7C9E6F1805A3D",
        from_me=False,
        author="5491122334455@c.us",
        author_lid=_FRIEND["lid"],
        author_phone=_FRIEND["phone"],
        change="add",
        people=["5491166778899@c.us"],
        participants=[{"id": "5491166778899@c.us", "lid": "99999999999@lid", "phone": "5491166778899"}],
        me=False,
        value=None,
        live=True,
    )


class CallLogged(AccountEvent):
    """A call has ended, or was missed.

    `call` comes when it rings; this comes when WhatsApp files it. `outcome` is WhatsApp's word: `Completed`, `Missed`,
    `Rejected`, `Canceled`, `AcceptedElsewhere`, `Failed`, `Unknown`, or `Ongoing` while it lasts; `duration` is in
    seconds.
    """

    type = "call.logged"
    notices = (("call_log", None),)
    fields = (*_MESSAGE, "outcome", "video", "duration", "live")
    identified_by = ("outcome",)  # a call that goes on is logged before it has ended
    read_again = True
    needs = _MESSAGES_NEED
    example = _of_a_friend("3A75A830AD0784FB9930", 1796049064, outcome="Missed", video=False, duration=0)


class SecurityCodeChanged(AccountEvent):
    """A contact has a new security code.

    The contact has a new phone, or has installed WhatsApp anew.
    """

    type = "contact.security_code_changed"
    notices = (("e2e_notification", "identity"),)
    fields = (*_MESSAGE, "live")
    read_again = True
    needs = _MESSAGES_NEED
    example = _of_a_friend("3A8E5517D0C2B4F6A911", 1796049068)


class NumberChanged(AccountEvent):
    """A contact has another number.

    `people` are the addresses that WhatsApp's notice names, in its order.
    """

    type = "contact.number_changed"
    notices = (("notification_template", "change_number"),)
    fields = (*_MESSAGE, "people", "live")
    read_again = True
    needs = _MESSAGES_NEED
    example = _of_a_friend("3A0B6C44D18E92F7A5C3", 1796049071, people=["5491166778899@c.us"])
