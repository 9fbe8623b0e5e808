"""Logins, and their ends by WhatsApp: removal, bans, conflicts, outages.

Each refusal is a code that WhatsApp's servers send; the page decides on the consequence.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sandbox.scene import OpenPage, Scene
from sandbox.world import Account, Device, SandboxError

if TYPE_CHECKING:
    from sandbox.account.chats import ChatStates
    from sandbox.account.people import People
    from sandbox.messages import MessageRelay

STORED_LOGIN_FIELDS = ("number", "lid", "name", "lids")
BLOCKS = frozenset({"", "TOS_BLOCK", "SMB_TOS_BLOCK", "PROXYBLOCK", "SCREEN_LOCKED"})


class Login:
    """Logs pages in and out."""

    def __init__(self, scene: Scene, post: MessageRelay, chats: ChatStates, people: People) -> None:
        self._scene, self._post, self._chats, self._people = scene, post, chats, people

    # --- coming in

    def adopt(self, page: OpenPage, account: Account, device: Device, *, migrated: bool) -> None:
        """Give a page that was just linked its credentials, with which it will return.

        It gives them up at once if the phone's chats have not moved to LIDs (`migrated`).
        """
        page.account, page.device, page.state = account, device, "linked"
        page.say({"op": "paired", "login": _login(account, device), "migrated": migrated})
        self._scene.changes.tell()

    def enter(self, page: OpenPage, token: str) -> None:
        """Welcome or refuse a page that brings a stored login, on a new stream."""
        page.streaming = False
        page.forget("code", "sync")
        account, device = self._owner(token)
        if account is None or device is None:
            page.account = page.device = None
            page.say(self._scene.world.refused.get(token, {"op": "failure", "code": 401}))
            return
        fresh = not device.used
        page.account, page.device, page.state = account, device, "linked"
        device.used = True
        delay = 0.0 if fresh else self._scene.settings.resume_delay
        if delay:
            page.later("sync", delay, lambda: self._answer(page, account, fresh))
        else:
            self._answer(page, account, fresh)
        self._scene.changes.tell()

    def _answer(self, page: OpenPage, account: Account, fresh: bool) -> None:
        if refusal := self._refusal(account):
            account.refused += refusal["op"] == "failure"
            page.say(refusal)
            self._scene.changes.tell()
            return
        self._push_out(page)
        login = {name: getattr(account, name) for name in STORED_LOGIN_FIELDS}
        known = {
            "history": self._post.history(page),
            "chats": self._chats.known(account),
            "people": self._people.known(account),
            "business": account.business,
            "labels": account.labels,
        }
        page.say({"op": "welcome", "login": login, **known})
        if fresh and self._scene.settings.pair_delay:
            page.later("sync", self._scene.settings.pair_delay, lambda: self._synced(page))
        else:
            self._synced(page)

    def _synced(self, page: OpenPage) -> None:
        page.streaming = True
        page.say({"op": "synced"})
        if page.account and page.account.block:
            page.say({"op": "block", "state": page.account.block})
        self._post.deliver_pending(page)
        self._scene.changes.tell()

    def _push_out(self, page: OpenPage) -> None:
        """Allow one stream per device: an older page with the same login sees an "opened elsewhere"."""
        for other in self._scene.pages.values():
            if other is not page and other.device is page.device:
                other.account = other.device = None
                other.streaming = False
                other.say({"op": "conflict" if other.compat == "classic" else "replaced"})

    def _refusal(self, account: Account) -> dict[str, Any] | None:
        now = time.time()
        if not account.online or not account.reachable:
            return {"op": "net", "online": account.online, "reachable": account.reachable}
        if account.temp_ban and account.temp_ban["until"] > now:
            return {"op": "failure", "code": 402, "temp_ban": account.temp_ban}
        if account.unavailable_until > now:
            return {"op": "failure", "code": 503}
        if account.outdated == "always":
            return {"op": "failure", "code": 405}
        if account.outdated == "until_reload":
            # A page that was notified stops for good, so a page that asks again was loaded since.
            if not account.outdated_told:
                account.outdated_told = True
                return {"op": "failure", "code": 405}
            account.outdated = ""
        return None

    def _owner(self, token: str) -> tuple[Account, Device] | tuple[None, None]:
        for account in self._scene.world.accounts.values():
            for device in account.devices.values():
                if device.token == token:
                    return account, device
        return None, None

    # --- going out

    def leave(self, page: OpenPage) -> None:
        """Log out, by the page's own wish."""
        if page.account and page.device:
            page.account.devices.pop(page.device.id, None)
        page.account = page.device = None
        page.streaming = False
        self._scene.changes.tell()

    def end(self, account: Account, message: dict[str, Any]) -> None:
        """Remove every device of the account. Open pages get `message`; the others get a failure when they return."""
        if message["op"] == "failure":
            self._scene.world.refuse([device.token for device in account.devices.values()], message)
        account.devices.clear()
        for page in self._scene.pages_of(account):
            page.account = page.device = None
            self._cut(page, message)
        self._scene.changes.tell()

    def disturb(self, account: Account, message: dict[str, Any]) -> None:
        """End the stream of every open page of the account; its devices stay linked."""
        for page in self._scene.pages_of(account):
            self._cut(page, message)
        self._scene.changes.tell()

    def block(self, account: Account, state: str) -> None:
        if state not in BLOCKS:
            raise SandboxError(400, "INVALID_REQUEST", f"state must be one of {', '.join(sorted(BLOCKS))} or empty")
        account.block = state
        for page in self._scene.pages_of(account):
            page.say({"op": "block", "state": state})

    def network(self, account: Account) -> None:
        """Send the pages the present `account.online` and `account.reachable`."""
        message = {"op": "net", "online": account.online, "reachable": account.reachable}
        for page in self._scene.pages_of(account):
            if account.online and account.reachable:
                page.say(message)
            else:
                self._cut(page, message)
        self._scene.changes.tell()

    def _cut(self, page: OpenPage, message: dict[str, Any]) -> None:
        page.forget("sync")
        page.streaming = False
        page.say(message)


def _login(account: Account, device: Device) -> dict[str, Any]:
    return {"token": device.token, "device": device.id} | {name: getattr(account, name) for name in STORED_LOGIN_FIELDS}
