"""The acts of an account on earlier messages: edit, revoke, delete, react, star, pin, read and vote."""

from __future__ import annotations

import time
from typing import Any

from sandbox.messages import MessageRelay
from sandbox.scene import OpenPage, Scene
from sandbox.world import Account, ChatMessage, Phone, SandboxError

EDIT_WINDOW = 15 * 60.0
"""Seconds after its sending in which WhatsApp takes an edit."""
FOR_ALL = ("edit", "revoke", "react")
"""Changes that the others in the chat hear of, in the words of the pages."""


class Marks:
    """Takes the changes of pages."""

    def __init__(self, scene: Scene, post: MessageRelay) -> None:
        self._scene, self._post = scene, post

    def take(self, page: OpenPage, said: dict[str, Any]) -> dict[str, Any] | None:
        """Return WhatsApp's answer to a change; None: it does not answer."""
        account = page.account
        if account is None or not page.streaming or account.marks == "lose":
            return None
        message = account.messages.get(str(said["id"]))
        kind = str(said["kind"])
        if account.marks == "refuse":
            return {"error": "WhatsApp refused it"}
        if message is None:
            return {"error": "there is no such message"}
        if why := self._refused(account, message, kind):
            return {"error": why}
        self._change(account, message, kind, said)
        if kind in FOR_ALL:
            self._tell(account, message, kind)
        self._scene.changes.tell()
        return {}

    def _refused(self, account: Account, message: ChatMessage, kind: str) -> str | None:
        if kind == "edit" and (not message.from_me or time.time() - message.t > EDIT_WINDOW):
            return "only its sender may edit a message, for 15 minutes"
        group = self._scene.world.groups.get(message.chat)
        if kind == "revoke" and not message.from_me and not (group and group.has_admin(account.number)):
            return "only its sender or an admin may revoke a message"
        return None

    def _change(self, account: Account, message: ChatMessage, kind: str, said: dict[str, Any]) -> None:
        match kind:
            case "edit":
                message.text, message.edited, message.edited_at = str(said["text"]), True, time.time()
            case "revoke":
                message.text, message.revoked = "", True
            case "react":
                self._post.react(message, account.number, str(said["emoji"]))
            case "delete":
                account.messages.pop(message.id, None)
            case "star" | "unstar":
                message.starred = kind == "star"
            case "pin":
                message.pinned_until = time.time() + float(said["seconds"])
            case "unpin":
                message.pinned_until = None
            case _:
                raise ValueError(f"no such change: {kind}")

    def _tell(self, account: Account, message: ChatMessage, kind: str) -> None:
        """Tell the other accounts in the chat; a reaction is told to its own pages too, as on WhatsApp."""
        for number in self._post.receivers(account, message.chat):
            other = self._scene.world.accounts.get(number)
            copy = other and other.messages.get(message.id)
            if other and copy and copy is not message:
                copy.text, copy.edited, copy.edited_at = message.text, message.edited, message.edited_at
                copy.revoked = message.revoked
                if kind == "react":
                    self._post.react(copy, account.number, message.reactions[account.number])
                self._post.tell_change(other, copy, kind, account.number)
        if kind == "react":
            self._post.tell_change(account, message, kind, account.number)

    def read(self, page: OpenPage, chat: str) -> None:
        """Send the receipts of what has been read: the sender of each message learns it."""
        account, number = page.account, self._scene.world.exists(chat)
        if account is None or not page.streaming:
            return
        for message in account.messages.values():
            if message.chat != number or message.from_me or message.read:
                continue
            message.read = True
            sender = self._scene.world.accounts.get(message.author)
            sent = sender and sender.messages.get(message.id)
            if sender and sent and sent.from_me:
                self._post.receipt(sender, sent, account.number, 3)
        self._scene.changes.tell()

    def vote(self, phone: Phone, to: str, id_: str, choices: list[str], ago: float | None = None) -> ChatMessage:
        """Have a phone vote in a poll: `choices` are the texts of all that it chooses now. `ago` as of a reaction."""
        account = self._scene.world.account(to)
        message = account.messages.get(id_)
        if (
            message is None
            or message.poll is None
            or phone.number
            not in (
                message.chat,
                *self._post.receivers(account, message.chat),
            )
        ):
            raise SandboxError(404, "NO_MESSAGE", f"{phone.number} and {to} have no poll {id_}")
        options = message.poll["options"]
        unknown = [choice for choice in choices if choice not in options]
        if unknown:
            raise SandboxError(400, "INVALID_REQUEST", f"the poll has no option {unknown[0]}")
        if message.poll["selectable"] and len(choices) > message.poll["selectable"]:
            raise SandboxError(409, "TOO_MANY_CHOICES", f"the poll takes {message.poll['selectable']} at most")
        self._post.vote(message, phone.number, choices, ago)
        self._post.tell_change(account, message, "vote", phone.number)
        return message
