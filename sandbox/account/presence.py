"""Presence in both directions: people who are online, type or record. Nothing is kept for a page that is closed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sandbox.messages import MessageRelay
from sandbox.scene import OpenPage, Scene
from sandbox.world import Phone, SandboxError, lid_of

STATES = ("typing", "recording", "paused")


class PresenceRelay:
    """Passes presences on."""

    def __init__(self, scene: Scene, post: MessageRelay) -> None:
        self._scene, self._post = scene, post

    def ops(self) -> dict[str, Callable[[OpenPage, dict[str, Any]], None]]:
        """Return the messages of pages that are about presence."""
        return {"available": self._available, "chatstate": self._chatstate, "subscribe": self._subscribe}

    # --- of an account

    def _available(self, page: OpenPage, said: dict[str, Any]) -> None:
        if page.account is not None:
            page.account.available = bool(said["available"])
            self._scene.changes.tell()

    def _chatstate(self, page: OpenPage, said: dict[str, Any]) -> None:
        account, chat = page.account, self._scene.world.exists(str(said["chat"]))
        state = str(said["state"])
        if account is None or chat is None or state not in STATES:
            return
        for number in self._post.receivers(account, chat):
            self._scene.world.phone(number).typing[account.number] = state
        self._scene.changes.tell()

    def _subscribe(self, page: OpenPage, said: dict[str, Any]) -> None:
        chat = self._scene.world.exists(str(said["chat"]))
        if chat is None:
            return
        page.subscribed.add(chat)
        if chat not in self._scene.world.groups:
            phone = self._scene.world.phone(chat)
            if phone.available or phone.last_seen is not None or (page.account and page.account.number in phone.doing):
                self._say(page, phone, chat)

    # --- of a phone

    def show(self, phone: Phone, said: dict[str, Any]) -> None:
        """Have a phone show itself online or not: {online}. Its owner was seen last when it goes."""
        online = bool(said["online"])
        phone.last_seen = None if online else time.time() if phone.available else phone.last_seen
        phone.available = online
        if not online:
            phone.doing.clear()
        for page in self._pages():
            if phone.number in page.subscribed:
                self._say(page, phone, phone.number)
        self._scene.changes.tell()

    def act(self, phone: Phone, said: dict[str, Any]) -> None:
        """Have a phone type or record in a chat: {to, state, group?}. `to` is the account that sees it."""
        state, account = str(said["state"]), self._scene.world.account(str(said["to"]))
        group = said.get("group")
        if state not in STATES:
            raise SandboxError(400, "INVALID_REQUEST", f"state must be one of {', '.join(STATES)}")
        known = None if group is None else self._scene.world.groups.get(str(group))
        if group is not None and (known is None or phone.number not in known.roles):
            raise SandboxError(404, "NO_GROUP", f"{phone.number} is in no group {group}")
        place = account.number if group is None else str(group)
        phone.doing.pop(place, None)
        if state != "paused":
            phone.doing[place] = state
            phone.available, phone.last_seen = True, None
        chat = phone.number if group is None else str(group)
        for page in self._pages():
            if page.account is account and chat in page.subscribed:
                self._say(page, phone, chat)
        self._scene.changes.tell()

    def _pages(self) -> list[OpenPage]:
        return [page for page in self._scene.pages.values() if page.streaming and page.account is not None]

    def _say(self, page: OpenPage, phone: Phone, chat: str) -> None:
        assert page.account
        in_group = chat != phone.number
        told: dict[str, Any] = {
            "op": "presence",
            "chat": chat,
            "lid": lid_of(chat),
            "online": phone.available,
            "state": phone.doing.get(chat if in_group else page.account.number),
            "last_seen": None if phone.last_seen is None else int(phone.last_seen),
        }
        if in_group:
            told["by"] = {"chat": phone.number, "lid": lid_of(phone.number)}
        page.say(told)
