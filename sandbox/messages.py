"""Messages in both directions: accepted once per id, passed to phones and pages, acknowledged at set times.

A message waits in `Device.pending` until its page has confirmed it, and in `Phone.waiting` until the phone is on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from heapq import merge
from itertools import islice
from typing import Any

from sandbox.answers import number_of
from sandbox.scene import OpenPage, Scene
from sandbox.world import (
    NO_CHAT,
    NOT_IN_GROUP,
    STATUS,
    TOO_MANY,
    Account,
    ChatMessage,
    Device,
    Media,
    Phone,
    SandboxError,
    World,
    lid_of,
    new_id,
)

BATCH = 200  # messages sent to a page at once
REACTS_AHEAD = 5.0


def ago_of(said: dict[str, Any]) -> float | None:
    """Return how long ago something was done, where that is said."""
    return number_of(said, "ago") if "ago" in said else None


def _dated(ago: float | None) -> int:
    """Return the time of a reaction or a vote, in milliseconds."""
    return int((time.time() + (REACTS_AHEAD if ago is None else -ago)) * 1000)


class MessageRelay:
    """Carries messages."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    # --- out: from a page

    def take(self, page: OpenPage, said: dict[str, Any]) -> None:
        """Take a message from a page. The account's `SendRule` decides its fate; an id is delivered once at most."""
        account, id_, to = page.account, str(said["id"]), str(said["to"])
        if account is None or not page.streaming:
            return
        number = self._scene.world.exists(to)
        rule = account.sending(number or to)
        mode = rule.mode
        if mode == "lose":
            return
        known = account.messages.get(id_)
        if known is None:
            known = self._made(account, id_, number or to, said)
            account.keep(known)
            if number is None:
                known.error = NO_CHAT
            elif mode == "refuse":
                known.error = rule.code
            elif not self._scene.world.may_write(account.number, number):
                known.error = NOT_IN_GROUP
            else:
                known.error = account.refuses(number, time.time())
            if known.error is not None:
                known.result = "ERROR_RATE_LIMIT" if known.error == TOO_MANY else "ERROR_UNKNOWN"
            elif number is not None:
                self._hand_over(account, known, silent=mode == "never")
        known.retries += bool(said.get("retry")) and known.arrivals > 0
        known.arrivals += not said.get("retry") or known.arrivals == 0
        if mode != "never":
            known.silent = False
            self._after(self._scene.settings.ack_sent, lambda: self._acknowledge(account, known))
        self._scene.changes.tell()

    def _made(self, account: Account, id_: str, to: str, said: dict[str, Any]) -> ChatMessage:
        media = self._scene.world.media.get(str(said.get("media")))
        return ChatMessage(
            id=id_,
            account=account.number,
            chat=to,
            from_me=True,
            author=account.number,
            text=str(said.get("text", "")),
            t=time.time(),
            type=str(said.get("type", "chat")),
            media=_told_media(media, said) if media else None,
            style=said.get("style"),
            **_told_content(self._scene.world, said),
        )

    def _acknowledge(self, account: Account, message: ChatMessage) -> None:
        if message.ack == 0 and message.error is None:
            message.ack = 1
            self._follow(account, message)
        told = {"op": "ack", "id": message.id, "ack": message.ack, "result": message.result, "t": int(message.t)}
        told["error"] = message.error
        told |= {"chat": message.chat, "lid": lid_of(message.chat)}
        self._tell(account, told)
        self._scene.changes.tell()

    def _hand_over(self, account: Account, message: ChatMessage, silent: bool) -> None:
        """Pass a message to the phone of each receiver, and to its own pages if it has any."""
        message.silent = silent
        for number in self.receivers(account, message.chat):
            phone = self._scene.world.phone(number)
            if phone.online:
                phone.keep(message)
            else:
                phone.waiting[message.id] = message
            if (other := self._scene.world.accounts.get(number)) and other.devices:
                self._arrive(other, message.arriving(number))

    def receivers(self, account: Account, chat: str) -> list[str]:
        """Return the others in a chat."""
        if chat == STATUS:  # its contacts are taken to be those it has a chat with
            return list(dict.fromkeys(one.chat for one in account.messages.values() if one.chat.isdigit()))
        group = self._scene.world.groups.get(chat)
        return [chat] if group is None else [one for one in group.roles if one != account.number]

    def _follow(self, account: Account, message: ChatMessage) -> None:
        """Send the second tick and the blue ones of each receiver, as far as his phone allows."""
        if message.silent or message.ack < 1:
            return
        settings = self._scene.settings
        for number in self.receivers(account, message.chat):
            phone, had = self._scene.world.phone(number), message.receipts.get(number, 1)
            if had == 1 and phone.online:
                self._receipt_after(settings.ack_delivered + phone.delay, account, message, number, 2)
            elif had == 2 and phone.online and phone.reads:
                self._receipt_after(settings.ack_read + phone.delay, account, message, number, 3)

    def _receipt_after(self, seconds: float, account: Account, message: ChatMessage, number: str, ack: int) -> None:
        self._after(seconds, lambda: self.receipt(account, message, number, ack))

    def receipt(self, account: Account, message: ChatMessage, number: str, ack: int) -> None:
        """Pass one receiver's acknowledgement on; the message has the least of all receivers'."""
        if message.receipts.get(number, 1) != ack - 1:
            return
        message.receipts[number] = ack
        receivers = self.receivers(account, message.chat)
        message.ack = max(message.ack, min((message.receipts.get(one, 1) for one in receivers), default=ack))
        told = {"op": "receipt", "ids": [message.id], "ack": ack, "chat": message.chat, "lid": lid_of(message.chat)}
        if message.chat in self._scene.world.groups:
            told |= {"participant": number, "participant_lid": lid_of(number), "all": message.ack}
        self._tell(account, told)
        self._follow(account, message)
        self._scene.changes.tell()

    def phone_changed(self, phone: Phone) -> None:
        """Continue waiting messages, because a phone was switched on or off, or its owner began or ceased to read."""
        if phone.online:
            for message in phone.waiting.values():
                phone.keep(message)
            phone.waiting.clear()
            for account in self._scene.world.accounts.values():
                for message in account.messages.values():
                    if (
                        message.from_me
                        and message.ack in (1, 2)
                        and phone.number in self.receivers(account, message.chat)
                    ):
                        self._follow(account, message)
        self._scene.changes.tell()

    # --- in: from a phone

    def send(self, phone: Phone, message: ChatMessage) -> ChatMessage:
        """Send a phone's message to an account, to a group, or from the phone of an account to anybody.

        Answers it as the receiving account has it, or the sender's own account. Raises SandboxError if nobody of them
        is an account, or if the id is taken.
        """
        if not self._scene.world.may_write(phone.number, message.chat):
            raise SandboxError(403, "NOT_IN_GROUP", f"{phone.number} may not write into {message.chat}")
        own = self._scene.world.accounts.get(phone.number)
        others = [
            one for number in self._receivers_of(phone, message) if (one := self._scene.world.accounts.get(number))
        ]
        if own is None and not others:
            self._scene.world.account(message.chat)  # raises, with the sentence for it
        for account in (*others, *filter(None, [own])):
            if message.id in account.messages:
                raise SandboxError(409, "ID_TAKEN", f"{account.number} already has a message {message.id}")
        if own is None:
            arrived = [message.arriving(account.number) for account in others]
            for account, inbound in zip(others, arrived, strict=True):
                self._arrive(account, inbound)
            return arrived[0]
        message.ack = 1
        self._arrive(own, message)
        self._hand_over(own, message, silent=False)
        self._follow(own, message)
        return message

    def _receivers_of(self, phone: Phone, message: ChatMessage) -> list[str]:
        group = self._scene.world.groups.get(message.chat)
        return [message.chat] if group is None else [one for one in group.roles if one != phone.number]

    def _arrive(self, account: Account, message: ChatMessage) -> None:
        if message.author in account.blocked and not message.chat.endswith("@g.us"):
            return  # its sender sees one tick
        account.keep(message)
        self._deliver(account, message)

    def _deliver(self, account: Account, message: ChatMessage) -> None:
        """Deliver to every page of the account, now or when it returns."""
        for device in account.devices.values():
            device.pending[message.id] = {"op": "message", "message": self.told(account, message)}
        for page in self._scene.pages_of(account):
            if page.streaming and page.device:
                page.say({"op": "messages", "messages": [page.device.pending[message.id]["message"]]})
        self._scene.changes.tell()

    def notice(self, account: Account, said: dict[str, Any]) -> ChatMessage:
        """Write a notice of WhatsApp's own into a chat: {type, chat, subtype?, author?, people?, body?, …}."""
        chat = str(said["chat"])
        known = {"type", "chat", "author", "id", "from_me"}
        notice = {name: value for name, value in said.items() if name not in known}
        author = str(said.get("author", chat))
        message = ChatMessage(
            id=str(said.get("id") or new_id()),
            account=account.number,
            chat=chat,
            from_me=bool(said.get("from_me", False)),
            author=author,
            text="",
            t=time.time(),
            type=str(said["type"]),
            ack=1,
            notice=notice,
        )
        account.notices[message.id] = message
        self._deliver(account, message)
        return message

    def change(self, phone: Phone, to: str, id_: str, kind: str, said: dict[str, Any]) -> ChatMessage:
        """Edit, revoke or react to an earlier message of the chat between `phone` and account `to`."""
        account = self._scene.world.account(to)
        message = account.messages.get(id_)
        if message is None or message.chat != phone.number:
            raise SandboxError(404, "NO_MESSAGE", f"{phone.number} and {to} have no message {id_}")
        if kind != "react" and message.from_me:
            raise SandboxError(409, "NOT_YOURS", "only the sender can edit or revoke a message")
        if kind == "edit":
            message.text, message.edited, message.edited_at = str(said["text"]), True, time.time()
        elif kind == "revoke":
            message.text, message.revoked = "", True
        else:
            self.react(message, phone.number, str(said["emoji"]), ago_of(said))
        self.tell_change(account, message, kind, phone.number)
        return message

    def tell_change(self, account: Account, message: ChatMessage, kind: str, by: str, **more: Any) -> None:
        """Tell every page of the account of a change, now or when it returns."""
        change: dict[str, Any] = {
            "op": "change",
            "change_id": new_id(),
            "kind": kind,
            "message": self.told(account, message),
            "reaction": self._reaction(message, by) if kind == "react" else None,
            "vote": self._vote(message, by) if kind == "vote" else None,
            "by": by,
            "by_lid": lid_of(by),
            **more,
        }
        self._queue(account, change["change_id"], change)

    def react(self, message: ChatMessage, number: str, emoji: str, ago: float | None = None) -> None:
        """Set a reaction. wa-js drops one that is older than the moment it hears of it: it is dated ahead.

        `ago`: it was made so many seconds ago, on a phone that had no network since.
        """
        message.reactions[number] = emoji
        message.reacted_at[number] = _dated(ago)

    def _reaction(self, message: ChatMessage, number: str) -> dict[str, Any]:
        """Return a reaction in the form for pages."""
        emoji, t = message.reactions[number], message.reacted_at[number]
        return {"emoji": emoji, "t": t, "by": number, "by_lid": lid_of(number)}

    def vote(self, message: ChatMessage, number: str, choices: list[str], ago: float | None = None) -> None:
        """Set what somebody chooses of a poll, dated as a reaction is: wa-js drops older ones too."""
        message.votes[number] = choices
        message.voted_at[number] = _dated(ago)

    def _vote(self, message: ChatMessage, number: str) -> dict[str, Any]:
        """Return a vote in the form for pages: the numbers of the options."""
        options = message.poll["options"] if message.poll else []
        choices = [options.index(choice) for choice in message.votes[number]]
        return {"choices": choices, "t": message.voted_at[number], "by": number, "by_lid": lid_of(number)}

    def call(self, phone: Phone, to: str, video: bool, id_: str | None = None) -> str:
        """Ring at once or not at all: a closed page finds only WhatsApp's notice that it was missed."""
        account, id_ = self._scene.world.account(to), id_ or new_id("CA")
        if not any(page.streaming for page in self._scene.pages_of(account)):
            missed = {"callOutcome": "Missed", "isVideoCall": video, "callDuration": 0}
            self.notice(account, {"type": "call_log", "chat": phone.number, **missed})
        account.calls[id_] = "ringing"
        told = {
            "op": "call",
            "id": id_,
            "chat": phone.number,
            "lid": lid_of(phone.number),
            "name": phone.name,
            "video": video,
        }
        self._tell(account, told)
        return id_

    def _queue(self, account: Account, id_: str, told: dict[str, Any]) -> None:
        for device in account.devices.values():
            device.pending[id_] = told
        self._tell(account, told)
        self._scene.changes.tell()

    # --- to a page that returns

    def history(self, page: OpenPage) -> list[dict[str, Any]]:
        """Return the newest messages and notices the page has confirmed or sent, oldest first."""
        account, device = page.account, page.device
        if account is None or device is None:
            return []
        newest_first = merge(
            reversed(account.messages.values()), reversed(account.notices.values()), key=lambda one: one.t, reverse=True
        )
        known = (one for one in newest_first if one.id not in device.pending and account.shows(one))
        newest = list(islice(known, self._scene.settings.history))
        return [self.told(account, message) for message in reversed(newest)]

    def deliver_pending(self, page: OpenPage) -> None:
        if page.device is None:
            return
        waiting = iter([held for held in page.device.pending.values() if held["op"] == "message"])
        while batch := [held["message"] for held in islice(waiting, BATCH)]:
            page.say({"op": "messages", "messages": batch})
        for held in page.device.pending.values():
            if held["op"] != "message":
                page.say(held)

    def person(self, address: str) -> dict[str, Any] | None:
        """Return {chat, lid, name} of the person at `address`, in the form for pages, or None."""
        number = self._scene.world.exists(address)
        if number is None:
            return None
        return {"chat": number, "lid": lid_of(number), "name": self._scene.world.name_of(number)}

    def confirmed(self, device: Device, ids: list[str]) -> None:
        for id_ in ids:
            device.pending.pop(id_, None)

    def told(self, account: Account, message: ChatMessage) -> dict[str, Any]:
        """Return a message in the form for pages."""
        person = message.chat
        return {
            "id": message.id,
            "chat": person,
            "lid": lid_of(person),
            "name": self._scene.world.name_of(person),
            "from_me": message.from_me,
            "author": message.author,
            "author_lid": lid_of(message.author),
            "author_name": self._scene.world.name_of(message.author),
            "text": message.text,
            "t": message.t,
            "edited_at": message.edited_at,
            "type": message.type,
            "ack": message.ack,
            "media": message.media,
            "location": message.location,
            "contacts": message.contacts,
            "poll": message.poll,
            "reply": message.reply,
            "forwarded": message.forwarded,
            "mentions": [{"chat": number, "lid": lid_of(number)} for number in message.mentions],
            "quoted": self._quoted(account, message.quoted),
            "reactions": [self._reaction(message, number) for number in message.reactions],
            "votes": [self._vote(message, number) for number in message.votes],
            "revoked": message.revoked,
            "error": message.error,
            "starred": message.starred,
            "preview": message.preview,
            "notice": None if message.notice is None else self._notice(message.notice),
        }

    def _quoted(self, account: Account, id_: str | None) -> dict[str, Any] | None:
        """Return what a message quotes, in the form for pages; the quoted message may be unknown to the account."""
        if id_ is None:
            return None
        quoted = account.messages.get(id_)
        author = account.number if quoted is None else quoted.author
        text, kind = ("", "chat") if quoted is None else (quoted.text, quoted.type)
        return {"id": id_, "chat": author, "lid": lid_of(author), "text": text, "type": kind}

    def timelock(self, account: Account) -> dict[str, Any]:
        """Return the account's time-lock in the form for pages."""
        if not account.is_timelocked(time.time()):
            return {"active": False, "kind": None, "ends": None}
        assert account.timelock
        return {"active": True, "kind": account.timelock["kind"], "ends": str(int(account.timelock["until"]))}

    def tell_timelock(self, account: Account) -> None:
        self._tell(account, {"op": "timelock", **self.timelock(account)})

    def _notice(self, notice: dict[str, Any]) -> dict[str, Any]:
        """Return a notice in the form for pages: people with both of their addresses."""
        people = [{"chat": str(number), "lid": lid_of(str(number))} for number in notice.get("people", [])]
        return notice | {"people": people}

    def _tell(self, account: Account, message: dict[str, Any]) -> None:
        for page in self._scene.pages_of(account):
            if page.streaming:
                page.say(message)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        if seconds:
            asyncio.get_running_loop().call_later(seconds, act)
        else:
            act()


MEDIA_FACTS = ("view_once", "gif", "duration", "waveform")
"""What a message with a file says of it, besides the file's own description and its caption."""


def _told_media(media: Media, said: dict[str, Any]) -> dict[str, Any]:
    """Return a file as the message tells of it."""
    facts = dict(said.get("facts") or {})
    caption = str(said.get("text", "")) or None
    return {**media.described(), "caption": caption, **{name: facts.get(name) for name in MEDIA_FACTS}}


def _told_content(world: World, said: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a page's message besides text and file. Addresses become numbers."""
    return {
        "location": said.get("location"),
        "quoted": said.get("quoted"),
        "mentions": [number for one in said.get("mentions", []) if (number := world.exists(str(one)))],
        "preview": said.get("preview"),
        "poll": said.get("poll"),
        "contacts": said.get("contacts"),
        "forwarded": bool(said.get("forwarded", False)),
    }
