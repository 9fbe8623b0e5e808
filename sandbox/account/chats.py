"""The acts on chats, by a page or the account's own phone: archive, pin, mute, clear, delete; and reading them.

Every page of the account hears of a change. What was cleared is not shown any more, but the control API still has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sandbox.messages import MessageRelay
from sandbox.scene import OpenPage, Scene
from sandbox.world import Account, ChatMessage, ChatState, SandboxError, lid_of

MOST_PINNED = 3
"""WhatsApp's own limit; a page that pins another is answered 405."""
OK, NOT_FOUND, NOT_ALLOWED = 200, 404, 405


class ChatStates:
    """The chats of all accounts."""

    def __init__(self, scene: Scene, post: MessageRelay) -> None:
        self._scene, self._post = scene, post

    def ops(self) -> dict[str, Callable[[OpenPage, dict[str, Any]], None]]:
        """Return what pages ask, by their `op`."""
        return {"chat": self._changed, "messages": self._read}

    def acts(self) -> dict[str, Callable[[Account, dict[str, Any]], Any]]:
        """Return what the account's phone does, by the last word of `/api/accounts/{number}/…`."""
        return {"chat": self._by_phone}

    def known(self, account: Account) -> list[dict[str, Any]]:
        """Return the chats a page that logs in has to hear of, in the form for pages."""
        return [self._told(chat, state) for chat, state in account.chats.items() if not state.deleted]

    def _by_phone(self, account: Account, said: dict[str, Any]) -> None:
        chat = self._scene.world.exists(str(said["chat"]))
        if chat is None:
            raise SandboxError(404, "NO_CHAT", f"{said['chat']} does not exist")
        self._change(account, chat, said)

    def _changed(self, page: OpenPage, said: dict[str, Any]) -> None:
        chat = self._scene.world.exists(str(said["address"]))
        status = NOT_FOUND
        if page.account is not None and chat is not None:
            status = self._change(page.account, chat, said)
        page.say({"op": "answer", "rid": said["rid"], "status": status})

    def _change(self, account: Account, chat: str, said: dict[str, Any]) -> int:
        pinned = [other for other, one in account.chats.items() if one.pinned and other != chat]
        if said.get("pinned") and len(pinned) >= MOST_PINNED:
            return NOT_ALLOWED
        state = account.chats.setdefault(chat, ChatState())
        state.deleted = bool(said.get("deleted", False))
        state.archived = bool(said.get("archived", state.archived))
        state.pinned = 0 if said.get("archived") else int(said.get("pinned", state.pinned))
        state.muted_until = int(said.get("muted_until", state.muted_until))
        if cleared := bool(said.get("cleared") or state.deleted):
            state.cleared_at = time.time()
            kept = said.get("keep_starred") and not state.deleted
            state.keeps = frozenset(one.id for one in account.messages.values() if kept and one.starred)
        told = self._told(chat, state) | {"cleared": cleared, "keep_starred": bool(said.get("keep_starred"))}
        for page in self._scene.pages_of(account):
            if page.streaming:
                page.say({"op": "chat", **told})
        self._scene.changes.tell()
        return OK

    def _told(self, chat: str, state: ChatState) -> dict[str, Any]:
        return {
            "chat": chat,
            "lid": lid_of(chat),
            "name": self._scene.world.name_of(chat),
            "archived": state.archived,
            "pinned": state.pinned,
            "muted_until": state.muted_until,
            "deleted": state.deleted,
        }

    # --- reading

    def _read(self, page: OpenPage, said: dict[str, Any]) -> None:
        """Answer `count` messages of a chat before or after one, oldest first, or the one itself (`at`)."""
        found = None if page.account is None else self._around(page.account, said)
        messages = None if found is None else [self._post.told(page.account, one) for one in found]  # type: ignore[arg-type]
        page.say({"op": "answer", "rid": said["rid"], "messages": messages})

    def _around(self, account: Account, said: dict[str, Any]) -> list[ChatMessage] | None:
        chat, count = self._scene.world.exists(str(said["address"])), int(said["count"])
        everything = (*account.messages.values(), *account.notices.values())
        held = sorted((one for one in everything if one.chat == chat and account.shows(one)), key=lambda one: one.t)
        at = next((index for index, one in enumerate(held) if one.id == said["id"]), None)
        if at is None:
            return None
        match said["direction"]:
            case "before":
                return held[max(0, at - count) : at]
            case "after":
                return held[at + 1 : at + 1 + count]
            case _:
                return [held[at]]
