"""The faults of an account: logout, bans, outages, conflicts, and faults of its page or its messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sandbox.answers import number_of
from sandbox.login import Login
from sandbox.messages import MessageRelay
from sandbox.scene import Scene
from sandbox.world import UNHANDLED, Account, ActRule, SandboxError, SendRule

Act = Callable[[Any, dict[str, Any]], Any]
HEARS_WITHIN = 10.0
NOTICES = frozenset(
    {"broadcast_notification", "call_log", "ciphertext", "debug", "e2e_notification", "gp2", "newsletter_notification"}
    | {"notification", "notification_template", "protocol", "pinned_message"}
)
"""Types of message that WhatsApp itself writes, and `ciphertext`, which cannot be read yet."""
KINDS = ("WEB_COMPANION_ONLY", "RESTRICT_ALL_COMPANIONS", "DEFAULT", "BIZ_QUALITY")
"""Kinds of time-lock. WhatsApp has more, all of business accounts."""
PAGE_ACTS = {"hang": "seconds", "hog": "mib", "leave": None, "reload": None}
REFRESHES = ("SOFT_REFRESH", "HARD_REFRESH")


class Faults:
    """The faults, each a function of (account, the request's JSON object).

    They raise SandboxError, KeyError, ValueError.
    """

    def __init__(self, scene: Scene, login: Login, post: MessageRelay) -> None:
        self._scene, self._login, self._post = scene, login, post

    def table(self) -> dict[str, Act]:
        """Return the faults by the last word of `/api/accounts/{number}/…`."""
        return {
            "logout": lambda account, _said: self._login.end(account, {"op": "removed"}),
            "ban": self._ban,
            "unban": lambda account, _said: setattr(account, "banned", False),
            "lock": self._lock,
            "temp-ban": self._temp_ban,
            "unavailable": self._unavailable,
            "outdated": self._outdated,
            "spin": self._spin,
            "replace": lambda account, _said: self._elsewhere(account, "replaced"),
            "conflict": lambda account, _said: self._elsewhere(account, "conflict"),
            "block": lambda account, said: self._login.block(account, str(said["state"])),
            "network": lambda account, said: self._network(account, "online", said),
            "reachable": lambda account, said: self._network(account, "reachable", said),
            "storage-failure": self._storage_failure,
            "page": self._page,
            "sending": self._sending,
            "acts": self._acts,
            "marks": self._marks,
            "notice": self._notice,
            "timelock": self._timelock,
        }

    def _ban(self, account: Account, _said: dict[str, Any]) -> None:
        account.banned = True
        self._login.end(account, {"op": "failure", "code": 406})

    def _lock(self, account: Account, said: dict[str, Any]) -> None:
        account.locked = True
        told = {"op": "failure", "code": 403, "header": said.get("header"), "subtext": said.get("subtext")}
        self._login.end(account, told)

    def _temp_ban(self, account: Account, said: dict[str, Any]) -> None:
        seconds = number_of(said, "seconds")
        if not seconds:
            account.temp_ban = None
            return
        account.temp_ban = {
            "until": int(time.time() + seconds),
            "code": int(said.get("code", 101)),
            "message": str(
                said.get("message", "You sent too many messages to people who don't have you in their address books")
            ),
            "url": "https://faq.whatsapp.com/",
        }
        self._login.disturb(account, {"op": "failure", "code": 402, "temp_ban": account.temp_ban})

    def _unavailable(self, account: Account, said: dict[str, Any]) -> None:
        account.unavailable_until = time.time() + number_of(said, "seconds")
        self._login.disturb(account, {"op": "failure", "code": 503})

    def _outdated(self, account: Account, said: dict[str, Any]) -> None:
        mode = said["mode"]
        if mode not in ("", "until_reload", "always"):
            raise SandboxError(400, "INVALID_REQUEST", "mode must be until_reload, always or empty")
        account.outdated, account.outdated_told = mode, False
        if mode:
            account.outdated_told = any(page.streaming for page in self._scene.pages_of(account))
            self._login.disturb(account, {"op": "failure", "code": 405})

    def _spin(self, account: Account, said: dict[str, Any]) -> None:
        refresh = said["refresh"]
        if refresh not in REFRESHES:
            raise SandboxError(400, "INVALID_REQUEST", f"refresh must be one of {', '.join(REFRESHES)}")
        self._scene.page_of(account)
        for page in self._scene.pages_of(account):
            page.say({"op": "spin", "refresh": refresh})

    def _elsewhere(self, account: Account, op: str) -> None:
        self._scene.page_of(account)
        self._login.disturb(account, {"op": op})

    def _network(self, account: Account, name: str, said: dict[str, Any]) -> None:
        setattr(account, name, bool(said[name]))
        self._login.network(account)

    def _storage_failure(self, account: Account, said: dict[str, Any]) -> None:
        self._scene.page_of(account)
        self._login.end(account, {"op": "storage_failure", "reason": str(said["reason"])})

    async def _page(self, account: Account, said: dict[str, Any]) -> None:
        """Send the page its fault, and return once the page has confirmed it: any later request to the page is too
        late.
        """
        act = said["do"]
        if act not in PAGE_ACTS:
            raise SandboxError(400, "INVALID_REQUEST", f"do must be one of {', '.join(PAGE_ACTS)}")
        amount = PAGE_ACTS[act]
        page = self._scene.page_of(account)
        page.fate = ""
        page.say({"op": "fate", "act": act} | ({amount: number_of(said, amount)} if amount else {}))
        if not await self._scene.changes.until(lambda: page.fate == act, HEARS_WITHIN):
            raise SandboxError(409, "PAGE_SILENT", f"the page has not confirmed it in {HEARS_WITHIN:.0f} s: it hangs")

    def _notice(self, account: Account, said: dict[str, Any]) -> None:
        if said["type"] not in NOTICES:
            raise SandboxError(400, "INVALID_REQUEST", f"type must be one of {', '.join(sorted(NOTICES))}")
        self._post.notice(account, said)

    def _timelock(self, account: Account, said: dict[str, Any]) -> None:
        """Forbid first messages to strangers for `seconds`; 0 lifts it. WhatsApp may refuse before the page knows."""
        seconds, kind = number_of(said, "seconds"), str(said.get("kind", KINDS[0]))
        if kind not in KINDS:
            raise SandboxError(400, "INVALID_REQUEST", f"kind must be one of {', '.join(KINDS)}")
        account.timelock = {"kind": kind, "until": int(time.time() + seconds)} if seconds else None
        if said.get("tell", True):
            self._post.tell_timelock(account)

    def _marks(self, account: Account, said: dict[str, Any]) -> None:
        mode = str(said["mode"])
        if mode not in ("ok", "refuse", "lose"):
            raise SandboxError(400, "INVALID_REQUEST", "mode must be ok, refuse or lose")
        account.marks = mode

    def _sending(self, account: Account, said: dict[str, Any]) -> None:
        mode, left, to = said["mode"], said.get("left"), said.get("to")
        if mode not in ("ok", "refuse", "never", "lose"):
            raise SandboxError(400, "INVALID_REQUEST", "mode must be ok, refuse, never or lose")
        code = int(said.get("code", UNHANDLED))
        account.rules = [rule for rule in account.rules if rule.to != to]
        rule = SendRule(mode, None if left is None else int(left), to, code)
        account.rules.insert(0 if to else len(account.rules), rule)

    def _acts(self, account: Account, said: dict[str, Any]) -> None:
        """Refuse the next `left` acts of a kind with a code of WhatsApp's, or answer them late."""
        code, left = said.get("code"), said.get("left")
        delay = number_of({"delay": 0.0} | said, "delay")
        rule = ActRule(str(said["act"]), code and int(code), delay, None if left is None else int(left))
        account.act_rules = [one for one in account.act_rules if one.act != rule.act] + [rule]
