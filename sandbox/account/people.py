"""The people of an account: its address book, its blocklist, and the answer who somebody is.

A question who somebody is may be answered with another number than was asked for (`World.aliases`), late, or never.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any, cast, get_args

from sandbox.answers import number_of
from sandbox.messages import MessageRelay
from sandbox.scene import OpenPage, Scene
from sandbox.world import Account, Phone, QueryMode, QueryRule, SandboxError, lid_of

UNAVAILABLE = 503


class People:
    """The people of all accounts."""

    def __init__(self, scene: Scene, post: MessageRelay) -> None:
        self._scene, self._post = scene, post

    def ops(self) -> dict[str, Callable[[OpenPage, dict[str, Any]], None]]:
        """Return what pages ask, by their `op`."""
        return {
            "person": self._person,
            "exists": self._exists,
            "contact": self._changed,
        }

    def acts(self) -> dict[str, Callable[[Account, dict[str, Any]], Any]]:
        """Return what the account's phone does, by the last word of `/api/accounts/{number}/…`."""
        return {"contact": self._by_phone, "queries": self._queries}

    def phone_acts(self) -> dict[str, Callable[[Phone, dict[str, Any]], Any]]:
        """Return what other phones do, by the last word of `/api/phones/{number}/…`."""
        return {"profile": self._profile}

    def known(self, account: Account) -> list[dict[str, Any]]:
        """Return the people a page that logs in has to hear of, in the form for pages."""
        return [self._told(account, number) for number in sorted({*account.names, *account.blocked})]

    # --- who somebody is

    def _person(self, page: OpenPage, said: dict[str, Any]) -> None:
        self._answer(page, said, {"found": self._post.person(str(said["address"]))})

    def _exists(self, page: OpenPage, said: dict[str, Any]) -> None:
        number = self._scene.world.asked(str(said["address"]))
        answer: dict[str, Any] = {"found": None if number is None else self._post.person(number)}
        rule = page.account.queries if page.account is not None else QueryRule()
        mode, seconds = rule.mode, rule.seconds
        if rule.left is not None and mode != "ok":
            rule.left -= 1
            if rule.left <= 0:
                rule.mode = "ok"
        if mode == "slow":
            asyncio.get_running_loop().call_later(seconds, lambda: self._answer(page, said, answer))
        elif mode == "fail":
            self._answer(page, said, {"error": UNAVAILABLE})
        elif mode == "ok":
            self._answer(page, said, answer)

    def _queries(self, account: Account, said: dict[str, Any]) -> None:
        """Let questions fail, be late by `seconds`, or stay unanswered: the next `left`, or all."""
        mode, left = said["mode"], said.get("left")
        if mode not in get_args(QueryMode):
            raise SandboxError(400, "INVALID_REQUEST", f"mode must be one of {', '.join(get_args(QueryMode))}")
        seconds = number_of({"seconds": 0.0} | said, "seconds")
        account.queries = QueryRule(cast(QueryMode, mode), seconds, None if left is None else int(left))

    # --- address book and blocklist

    def _by_phone(self, account: Account, said: dict[str, Any]) -> None:
        number = self._scene.world.exists(str(said["contact"]))
        if number is None:
            raise SandboxError(404, "NO_PHONE", f"{said['contact']} is not on WhatsApp")
        self._change(account, number, said)

    def _changed(self, page: OpenPage, said: dict[str, Any]) -> None:
        account, number = page.account, self._scene.world.exists(str(said["address"]))
        if account is None or number is None:
            self._answer(page, said, {"status": 404})
            return
        self._change(account, number, said)
        self._answer(page, said, {"status": 200, "person": self._told(account, number)})

    def _change(self, account: Account, number: str, said: dict[str, Any]) -> None:
        if "saved" in said:
            account.names.pop(number, None)
            if saved := said["saved"]:
                name = str(saved["name"])
                account.names[number] = {"name": name, "short": str(saved.get("short") or name)}
        if "blocked" in said:
            (account.blocked.add if said["blocked"] else account.blocked.discard)(number)
        for page in self._scene.pages_of(account):
            if page.streaming:
                page.say({"op": "contact", **self._told(account, number)})
        self._scene.changes.tell()

    def _told(self, account: Account, number: str) -> dict[str, Any]:
        return {
            "chat": number,
            "lid": lid_of(number),
            "name": self._scene.world.name_of(number),
            "saved": account.names.get(number),
            "blocked": number in account.blocked,
        }

    # --- what others show of themselves

    def _profile(self, phone: Phone, said: dict[str, Any]) -> Any:
        """Set what the owner of a phone shows: `about`, and `picture` {base64}; null takes it away."""
        world = self._scene.world
        if "about" in said:
            phone.about = str(said["about"] or "")
        if "picture" in said:
            file = said["picture"]
            world.set_picture(phone.number, None if file is None else base64.b64decode(file["base64"], validate=True))
        self._scene.changes.tell()
        return {"number": phone.number, "about": phone.about, "picture": world.pictures.get(phone.number)}

    def _answer(self, page: OpenPage, said: dict[str, Any], answer: dict[str, Any]) -> None:
        page.say({"op": "answer", "rid": said["rid"], **answer})
