"""The state of the sandbox: accounts, their linked devices, phones, messages.

Plain data and pure rules; no sockets, no timers. Only the server's event loop touches it.

A *number* is a WhatsApp number as digits. An *account* is a number that has linked devices (pages). Every number that
is not listed in `World.absent` has a *phone*, created at its first use, so that tests need no preparation.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections import deque
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from sandbox.group_chat import GroupChat

SendMode = Literal["ok", "refuse", "never", "lose"]
QueryMode = Literal["ok", "fail", "slow", "never"]


UNHANDLED, NO_CHAT, TIMELOCKED, TOO_MANY, NOT_IN_GROUP = 500, 404, 463, 429, 403
"""Codes of refusals. 404 is ours: the page asks whether a number exists, and does not get so far. That a group refuses
who is no member of it with 403 is an assumption.
"""
STATUS = "status@broadcast"  # the chat of what an account shows to its contacts for a day
KEPT = 50_000  # messages an account, and a phone, remembers; older ones are forgotten
REFUSALS_KEPT = 1_000
MEDIA_KEPT = 512 * 1024 * 1024  # bytes of files


class SandboxError(Exception):
    """A request that the sandbox cannot fulfil; `status` is the HTTP status, `code` a stable word."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def lid_of(number: str) -> str:
    """Return the LID user of a number: fifteen digits that reveal nothing of the number and never change."""
    return str(10**14 + int.from_bytes(hashlib.sha256(number.encode()).digest()[:8], "big") % (9 * 10**14))


def new_id(prefix: str = "3A") -> str:
    """Return a message id as phones make them: a prefix and upper-case hexadecimal digits, 20 characters in all."""
    return prefix + secrets.token_hex(10).upper()[: 20 - len(prefix)]


@dataclass(slots=True)
class Media:
    """A file on the sandbox's server. `data` is what was uploaded, byte for byte."""

    id: str
    mimetype: str
    filename: str
    data: bytes
    digest: bytes
    by_phone: bool = False  # a phone sent it; a page's own files stay on the server
    fresh: bool = False  # the phone has uploaded it again
    duration: int | None = None  # seconds of sound or film

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "mimetype": self.mimetype,
            "filename": self.filename,
            "size": len(self.data),
            "sha256": self.digest.hex(),
            "filehash": base64.b64encode(self.digest).decode(),  # as WhatsApp writes it
            "duration": self.duration,
        }


@dataclass(slots=True)
class ChatMessage:
    """A message of one account, in either direction. `chat` is the other side: a number, or a group's id `…@g.us`.

    `arrivals` counts how often a page brought this id to the server on its own account; `retries` how often the same
    page repeated it after a broken connection, which WhatsApp's server drops. An inbound message has 0 of both.
    """

    id: str
    account: str
    chat: str
    from_me: bool
    author: str
    text: str
    t: float
    type: str = "chat"
    ack: int = 0
    arrivals: int = 0
    retries: int = 0
    result: str = "OK"
    media: dict[str, Any] | None = None
    edited: bool = False
    edited_at: float | None = None
    revoked: bool = False
    reactions: dict[str, str] = field(default_factory=dict)
    reacted_at: dict[str, int] = field(default_factory=dict)  # by number, in milliseconds as WhatsApp counts them
    receipts: dict[str, int] = field(default_factory=dict)  # the acknowledgement of each receiver's phone
    quoted: str | None = None  # the id of the message it answers
    mentions: list[str] = field(default_factory=list)  # numbers
    forwarded: bool = False
    contacts: list[dict[str, str]] | None = None  # cards: {"name", "vcard"}
    poll: dict[str, Any] | None = None  # {"name", "options", "selectable"}
    reply: dict[str, str] | None = None  # the choice of a button or of a list: {"id", "text"}
    silent: bool = False  # it was delivered, but its sender gets no acknowledgement
    error: int | None = None  # the code with which WhatsApp refused it
    location: dict[str, Any] | None = None  # the place on the map, with WhatsApp Web's `loc`
    style: dict[str, Any] | None = None  # font and background of a text that is a status
    votes: dict[str, list[str]] = field(default_factory=dict)  # number -> the options it has chosen of the poll
    voted_at: dict[str, int] = field(default_factory=dict)  # by number, in milliseconds
    preview: dict[str, Any] | None = None  # of a link: {"title", "url", "description"?, "thumbnail"?}
    read: bool = False  # by the account, of a message that came in
    starred: bool = False  # by the account
    pinned_until: float | None = None  # in its chat
    notice: dict[str, Any] | None = None  # the content of WhatsApp's own notice, if it is such (`type` names its kind)

    def arriving(self, account: str) -> ChatMessage:
        """Return the same message as its receiving account holds it."""
        chat = self.chat if self.chat.endswith("@g.us") else self.author
        return replace(
            self,
            account=account,
            chat=chat,
            from_me=False,
            ack=1,
            arrivals=0,
            retries=0,
            reactions={},
            reacted_at={},
            receipts={},
            starred=False,
        )

    def told(self) -> dict[str, Any]:
        """Return the message in the form for control clients."""
        said = {name: getattr(self, name) for name in MESSAGE_FIELDS}
        said["from"] = self.account if self.from_me else self.author
        said["to"] = self.chat if self.from_me else self.account
        return said


MESSAGE_FIELDS = tuple(field.name for field in fields(ChatMessage))


@dataclass(slots=True)
class SendRule:
    """The fate of the next `left` messages (None: all) of an account, to `to` only if given. `code`: of a refusal."""

    mode: SendMode = "ok"
    left: int | None = None
    to: str | None = None
    code: int = UNHANDLED


@dataclass(slots=True)
class ActRule:
    """The rule for the account's next `left` (None: all) acts of a kind: refused, or late. See `sandbox.acts`."""

    act: str
    code: int | None = None
    delay: float = 0.0
    left: int | None = None


@dataclass(slots=True)
class ChatState:
    """The marks of a person on a chat. `pinned` is unix milliseconds, 0 for not; `muted_until` unix seconds, -1 for
    ever, 0 for not. Messages up to `cleared_at` are not shown, but for those it `keeps`.
    """

    archived: bool = False
    pinned: int = 0
    muted_until: int = 0
    cleared_at: float = 0.0
    keeps: frozenset[str] = frozenset()
    deleted: bool = False


@dataclass(slots=True)
class QueryRule:
    """The fate of the next `left` questions of an account who somebody is (None: all)."""

    mode: QueryMode = "ok"
    seconds: float = 0.0
    left: int | None = None


@dataclass(slots=True)
class Device:
    """One linked page: its credentials, and the messages it has not confirmed yet (by id, in the form for pages)."""

    id: str
    token: str
    compat: str = "modern"
    used: bool = False  # it has logged in before
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    linked_at: float = field(default_factory=time.time)


@dataclass(slots=True)
class Account:
    """A number with linked devices, and its faults."""

    number: str
    name: str
    lids: bool = False
    devices: dict[str, Device] = field(default_factory=dict)
    messages: dict[str, ChatMessage] = field(default_factory=dict)
    notices: dict[str, ChatMessage] = field(default_factory=dict)  # notices that WhatsApp itself writes into chats
    rules: list[SendRule] = field(default_factory=list)
    act_rules: list[ActRule] = field(default_factory=list)
    business: bool = False
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)  # {id, name, color, chats}, by id
    calls: dict[str, str] = field(default_factory=dict)  # id -> `ringing` or `rejected`
    chats: dict[str, ChatState] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)  # the address book: number -> {name, short}
    blocked: set[str] = field(default_factory=set)  # numbers
    queries: QueryRule = field(default_factory=QueryRule)
    online: bool = True  # the page's network
    reachable: bool = True  # WhatsApp's servers, from the page
    banned: bool = False
    locked: bool = False
    temp_ban: dict[str, Any] | None = None  # {"until": unix seconds, "code": int, "message": str, "url": str}
    unavailable_until: float = 0.0
    outdated: Literal["", "until_reload", "always"] = ""
    outdated_told: bool = False
    timelock: dict[str, Any] | None = None  # {"kind": str, "until": unix seconds}: no first messages to strangers
    available: bool | None = None  # whether it shows itself online; None: it has never said
    marks: str = "ok"  # what becomes of its changes of earlier messages: `ok`, `refuse`, or `lose`, without an answer
    refused: int = 0  # temporarily refused logins: bans, outages, pages that are too old
    block: str = ""  # a Socket.state that stays: TOS_BLOCK, SMB_TOS_BLOCK, PROXYBLOCK, SCREEN_LOCKED

    @property
    def lid(self) -> str:
        return lid_of(self.number)

    def keep(self, message: ChatMessage) -> None:
        self.messages[message.id] = message
        if len(self.messages) > KEPT:
            del self.messages[next(iter(self.messages))]

    def shows(self, message: ChatMessage) -> bool:
        """Return False for what was cleared."""
        state = self.chats.get(message.chat)
        return state is None or message.t > state.cleared_at or message.id in state.keeps

    def is_timelocked(self, now: float) -> bool:
        return self.timelock is not None and self.timelock["until"] > now

    def refuses(self, to: str, now: float) -> int | None:
        """Return the code with which WhatsApp itself refuses a message to `to`, or None."""
        trusted = to.endswith("@g.us") or any(one.chat == to and not one.from_me for one in self.messages.values())
        return TIMELOCKED if self.is_timelocked(now) and not trusted else None

    def act_rule(self, act: str) -> ActRule | None:
        """Return the rule for an act, using up one of a counted rule."""
        for rule in self.act_rules:
            if rule.act == act and rule.left != 0:
                if rule.left is not None:
                    rule.left -= 1
                return rule
        return None

    def sending(self, to: str) -> SendRule:
        """Return the rule for a message to `to` now, using up one of a counted rule."""
        for rule in self.rules:
            if rule.to in (None, to) and rule.left != 0:
                if rule.left is not None:
                    rule.left -= 1
                return rule
        return SendRule()


@dataclass(slots=True)
class Phone:
    """A person's phone: its messages and its behaviour."""

    number: str
    name: str
    online: bool = True  # off: messages to it stay at one tick
    reads: bool = True  # off: messages to it stay at two ticks
    delay: float = 0.0  # added before each of its receipts, seconds
    passkey: bool = False  # it links a page only by a passkey that is used in that page
    about: str = "Hey there! I am using WhatsApp."
    addable: bool = True  # off: nobody adds it to a group; who tries gets a code to invite it with
    migrated: bool = True  # off: its chats have not moved to LIDs, and a page gives the link up at once
    received: deque[ChatMessage] = field(default_factory=lambda: deque(maxlen=KEPT))
    waiting: dict[str, ChatMessage] = field(default_factory=dict)  # sent while it was off
    total: int = 0  # messages ever received
    available: bool = False  # it shows itself online
    last_seen: float | None = None
    doing: dict[str, str] = field(default_factory=dict)  # chat or account -> `typing` or `recording`, of this phone
    typing: dict[str, str] = field(default_factory=dict)  # account -> the state that it last showed to this phone

    def keep(self, message: ChatMessage) -> None:
        self.received.append(message)
        self.total += 1


@dataclass
class World:
    """The whole world. `reset()` forgets everything except the listeners."""

    accounts: dict[str, Account] = field(default_factory=dict)
    phones: dict[str, Phone] = field(default_factory=dict)
    groups: dict[str, GroupChat] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)  # number or group -> the id of its picture's file
    absent: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)  # number as people write it -> WhatsApp's own
    media: dict[str, Media] = field(default_factory=dict)
    numbers_by_lid: dict[str, str] = field(default_factory=dict)
    uploads: int = 0  # files that have arrived, accepted or not
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)  # token of an ended login -> its failure message

    def reset(self) -> None:
        for held in (
            self.accounts,
            self.phones,
            self.groups,
            self.pictures,
            self.absent,
            self.media,
            self.numbers_by_lid,
        ):
            held.clear()
        self.numbers_by_lid.clear()
        self.aliases.clear()
        self.refused.clear()
        self.uploads = 0

    def refuse(self, tokens: list[str], message: dict[str, Any]) -> None:
        self.refused |= dict.fromkeys(tokens, message)
        while len(self.refused) > REFUSALS_KEPT:
            del self.refused[next(iter(self.refused))]

    def phone(self, number: str) -> Phone:
        if number not in self.phones:
            self.phones[number] = Phone(number, f"Phone {number[-4:]}")
            self.numbers_by_lid[lid_of(number)] = number
        return self.phones[number]

    def name_of(self, address: str) -> str:
        if address == STATUS:
            return "Status"
        return self.groups[address].subject if address in self.groups else self.phone(address).name

    def account(self, number: str) -> Account:
        """Return the account; raises SandboxError 404 if nothing was ever linked."""
        if number not in self.accounts:
            raise SandboxError(404, "NO_ACCOUNT", f"no device was ever linked to {number}; scan its QR first")
        return self.accounts[number]

    def link(self, number: str, name: str | None, lids: bool, compat: str) -> tuple[Account, Device]:
        """Link a new device of `number`. An account keeps its kind of addressing and its messages over links."""
        phone = self.phone(number)
        if name:
            phone.name = name
        account = self.accounts.setdefault(number, Account(number, phone.name))
        account.name, account.lids, account.locked = phone.name, lids, False
        device = Device(f"{number}:{secrets.token_hex(4)}", secrets.token_hex(16), compat)
        account.devices[device.id] = device
        return account, device

    def exists(self, address: str) -> str | None:
        """Return the number or group behind `5491…`, `…@c.us`, `…@lid` or `…@g.us`; None if it does not exist."""
        user, _, server = address.partition("@")
        if address == STATUS:
            return STATUS
        if server == "g.us":
            return address if address in self.groups else None
        if server == "lid":
            number = self.numbers_by_lid.get(user)
            return number if number and number not in self.absent else None
        if not user.isascii() or not user.isdigit() or set(user) == {"0"}:
            return None
        if user in self.absent or user in self.aliases:
            return None
        return self.phone(user).number

    def may_write(self, number: str, to: str) -> bool:
        """Return False if `to` is a group that does not let this number write into it."""
        return to not in self.groups or self.groups[to].lets_send(number)

    def set_picture(self, whose: str, data: bytes | None) -> str | None:
        """Keep the picture of a number or group, and return its file's id; None takes it away."""
        if data is None:
            self.pictures.pop(whose, None)
            return None
        self.pictures[whose] = self.add_media("image/jpeg", "picture.jpg", data).id
        return self.pictures[whose]

    def asked(self, address: str) -> str | None:
        """Return whom the server names when it is asked for an address: an account's own number, not the question's."""
        user = address.partition("@")[0]
        return self.exists(self.aliases.get(user, address))

    def add_media(self, mimetype: str, filename: str, data: bytes, **more: Any) -> Media:
        media = Media(secrets.token_hex(12), mimetype, filename, data, hashlib.sha256(data).digest(), **more)
        self.media[media.id] = media
        held = sum(len(one.data) for one in self.media.values())
        while held > MEDIA_KEPT and len(self.media) > 1:
            held -= len(self.media.pop(next(iter(self.media))).data)
        return media
