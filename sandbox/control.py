"""The control API: what tests and people do to the world. JSON in, JSON out; errors are {"error": {"code", "message"}}.

Routes that wait (`?wait=seconds`) answer as soon as what they wait for is so.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.login import Login
from sandbox.pairing import Pairing
from sandbox.post import Post
from sandbox.scene import Scene
from sandbox.settings import SandboxSettings
from sandbox.world import Account, Message, Phone, SandboxError, SendRule

Act = Callable[[Any, dict[str, Any]], Any]
MAX_WAIT = 300.0
# What can be waited for -> the states of an account in which it is so.
MET_BY = {"linked": ("linked", "connected"), "away": ("linked",), "connected": ("connected",), "gone": ("gone",)}
PAUSE = 0.15
HEARTBEAT = 15.0
PAGE_ACTS = {"hang": "seconds", "hog": "mib", "leave": None}


class Control:
    """Handlers of the control API."""

    def __init__(self, scene: Scene, login: Login, pairing: Pairing, post: Post) -> None:
        self._scene, self._login, self._pairing, self._post = scene, login, pairing, post

    def routes(self) -> list[BaseRoute]:
        account_acts: dict[str, Act] = {
            "logout": lambda account, _said: self._login.end(account, {"op": "removed"}),
            "ban": self._ban,
            "unban": lambda account, _said: setattr(account, "banned", False),
            "lock": self._lock,
            "temp-ban": self._temp_ban,
            "unavailable": self._unavailable,
            "outdated": self._outdated,
            "replace": lambda account, _said: self._elsewhere(account, "replaced"),
            "conflict": lambda account, _said: self._elsewhere(account, "conflict"),
            "block": lambda account, said: self._login.block(account, str(said["state"])),
            "network": lambda account, said: self._network(account, "online", said),
            "reachable": lambda account, said: self._network(account, "reachable", said),
            "storage-failure": self._storage_failure,
            "page": self._page,
            "sending": self._sending,
        }
        phone_acts: dict[str, Act] = {
            "send": self._phone_send,
            "call": self._phone_call,
            **{kind: self._phone_change(kind) for kind in ("edit", "revoke", "react")},
        }
        return [
            Route("/api/state", _answering(self._state)),
            Route("/api/changes", self._changes),
            Route("/api/reset", _answering(self._reset), methods=["POST"]),
            Route("/api/settings", _answering(self._settings), methods=["GET", "POST"]),
            Route("/api/scan", _answering(self._scan), methods=["POST"]),
            Route("/api/pair", _answering(self._pair), methods=["POST"]),
            Route("/api/pages", _answering(self._pages)),
            Route("/api/accounts/{number}", _answering(self._account)),
            Route("/api/accounts/{number}/messages", _answering(self._messages)),
            *(
                Route(f"/api/accounts/{{number}}/{name}", _answering(self._account_act(act)), methods=["POST"])
                for name, act in account_acts.items()
            ),
            Route("/api/absent/{number}", _answering(self._absent), methods=["PUT", "DELETE"]),
            Route("/api/groups/{group}", _answering(self._group), methods=["PUT"]),
            Route("/api/phones/{number}", _answering(self._phone), methods=["GET", "POST"]),
            *(
                Route(f"/api/phones/{{number}}/{name}", _answering(self._phone_act(act)), methods=["POST"])
                for name, act in phone_acts.items()
            ),
        ]

    # --- everything

    async def _state(self, _request: Request) -> Any:
        return {
            "pages": self._told_pages(),
            "accounts": [self._told_account(account) for account in self._scene.world.accounts.values()],
            "phones": [_told_phone(phone) for phone in self._scene.world.phones.values()],
            "settings": self._scene.settings.told(),
        }

    async def _changes(self, _request: Request) -> Response:
        """Server-sent events: one whenever something changed, at most one in `PAUSE` seconds."""

        async def told() -> AsyncIterator[str]:
            while True:
                seen = self._scene.changes.count
                yield "data: changed\n\n"
                await asyncio.sleep(PAUSE)
                await self._scene.changes.after(seen, HEARTBEAT)

        return StreamingResponse(told(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def _reset(self, _request: Request) -> Any:
        """Forgets everything, settings too; linked pages are logged out, and every open page shows a code again."""
        for account in tuple(self._scene.world.accounts.values()):
            self._login.end(account, {"op": "removed"})
        self._scene.world.reset()
        self._scene.settings.merge(SandboxSettings().told())
        self._scene.changes.tell()
        return {}

    async def _settings(self, request: Request) -> Any:
        if request.method == "POST":
            try:
                self._scene.settings.merge(await _body(request))
            except ValueError as error:
                raise SandboxError(400, "INVALID_REQUEST", str(error)) from error
        return self._scene.settings.told()

    # --- linking

    async def _scan(self, request: Request) -> Any:
        said = await _body(request)
        code, page = str(said.get("code", "")), str(said.get("page", ""))
        account = self._pairing.scan(
            str(said["number"]), code=code, page_id=page, name=said.get("name"), lids=said.get("lids")
        )
        return self._told_account(account)

    async def _pair(self, request: Request) -> Any:
        said = await _body(request)
        return self._told_account(self._pairing.enter(str(said["number"]), str(said["code"])))

    async def _pages(self, request: Request) -> Any:
        def showing() -> bool:
            return any(page.code for page in self._scene.pages.values())

        if wait := _wait(request):
            await self._scene.changes.until(showing, wait)
        return self._told_pages()

    def _told_pages(self) -> list[dict[str, Any]]:
        return [page.told() for page in self._scene.pages.values()]

    # --- accounts

    def _of(self, request: Request) -> Account:
        return self._scene.world.account(request.path_params["number"])

    async def _account(self, request: Request) -> Any:
        number, wanted = request.path_params["number"], request.query_params.get("state", "linked")

        def reached() -> bool:
            account = self._scene.world.accounts.get(number)
            return (self._scene.state_of(account) if account else "gone") in MET_BY.get(wanted, (wanted,))

        if wait := _wait(request):
            await self._scene.changes.until(reached, wait)
        account = self._of(request)
        return self._told_account(account) | {"messages": [message.told() for message in account.messages.values()]}

    async def _messages(self, request: Request) -> Any:
        """All of an account's messages, oldest first; `chat` picks one chat's, `last` the newest."""
        chat = request.query_params.get("chat")
        found = [one for one in self._of(request).messages.values() if chat in (None, one.chat)]
        return [message.told() for message in _last(request, found)]

    def _account_act(self, act: Act) -> Callable[[Request], Awaitable[Any]]:
        async def handle(request: Request) -> Any:
            account = self._of(request)
            act(account, await _body(request))
            self._scene.changes.tell()
            return self._told_account(account)

        return handle

    def _told_account(self, account: Account) -> dict[str, Any]:
        return {
            "number": account.number,
            "lid": account.lid,
            "name": account.name,
            "lids": account.lids,
            "state": self._scene.state_of(account),
            "devices": list(account.devices),
            "pages": [page.id for page in self._scene.pages_of(account)],
            "pending": sum(len(device.pending) for device in account.devices.values()),
            "online": account.online,
            "reachable": account.reachable,
            "banned": account.banned,
            "locked": account.locked,
            "temp_ban": account.temp_ban,
            "outdated": account.outdated,
            "block": account.block,
        }

    def _ban(self, account: Account, _said: dict[str, Any]) -> None:
        account.banned = True
        self._login.end(account, {"op": "failure", "code": 406})

    def _lock(self, account: Account, said: dict[str, Any]) -> None:
        account.locked = True
        told = {"op": "failure", "code": 403, "header": said.get("header"), "subtext": said.get("subtext")}
        self._login.end(account, told)

    def _temp_ban(self, account: Account, said: dict[str, Any]) -> None:
        seconds = _number(said, "seconds")
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
        account.unavailable_until = time.time() + _number(said, "seconds")
        self._login.disturb(account, {"op": "failure", "code": 503})

    def _outdated(self, account: Account, said: dict[str, Any]) -> None:
        mode = said["mode"]
        if mode not in ("", "until_reload", "always"):
            raise SandboxError(400, "INVALID_REQUEST", "mode must be until_reload, always or empty")
        account.outdated, account.outdated_told = mode, False
        if mode:
            account.outdated_told = any(page.streaming for page in self._scene.pages_of(account))
            self._login.disturb(account, {"op": "failure", "code": 405})

    def _elsewhere(self, account: Account, op: str) -> None:
        self._scene.page_of(account)
        self._login.disturb(account, {"op": op})

    def _network(self, account: Account, name: str, said: dict[str, Any]) -> None:
        setattr(account, name, bool(said[name]))
        self._login.network(account)

    def _storage_failure(self, account: Account, said: dict[str, Any]) -> None:
        self._scene.page_of(account)
        self._login.end(account, {"op": "storage_failure", "reason": str(said["reason"])})

    def _page(self, account: Account, said: dict[str, Any]) -> None:
        act = said["do"]
        if act not in PAGE_ACTS:
            raise SandboxError(400, "INVALID_REQUEST", f"do must be one of {', '.join(PAGE_ACTS)}")
        amount = PAGE_ACTS[act]
        told = {"op": act} | ({amount: _number(said, amount)} if amount else {})
        self._scene.page_of(account).say(told)

    def _sending(self, account: Account, said: dict[str, Any]) -> None:
        mode, left, to = said["mode"], said.get("left"), said.get("to")
        if mode not in ("ok", "refuse", "never", "lose"):
            raise SandboxError(400, "INVALID_REQUEST", "mode must be ok, refuse, never or lose")
        account.rules = [rule for rule in account.rules if rule.to != to]
        rule = SendRule(mode, None if left is None else int(left), to)
        account.rules.insert(0 if to else len(account.rules), rule)

    # --- phones and groups

    async def _absent(self, request: Request) -> Any:
        number, absent = request.path_params["number"], self._scene.world.absent
        if request.method == "PUT":
            absent.add(number)
        else:
            absent.discard(number)
        return {"number": number, "absent": number in absent}

    async def _group(self, request: Request) -> Any:
        said, group = await _body(request), request.path_params["group"]
        if not group.endswith("@g.us"):
            raise SandboxError(400, "INVALID_REQUEST", "a group's id ends in @g.us")
        participants = [str(number) for number in said.get("participants", [])]
        self._scene.world.groups[group] = {"subject": str(said.get("subject", group)), "participants": participants}
        return self._scene.world.groups[group]

    def _phone_of(self, request: Request) -> Phone:
        number = request.path_params["number"]
        if self._scene.world.exists(number) != number:
            raise SandboxError(404, "NO_PHONE", f"{number} is not on WhatsApp")
        return self._scene.world.phone(number)

    async def _phone(self, request: Request) -> Any:
        phone = self._phone_of(request)
        if request.method == "POST":
            said = await _body(request)
            phone.delay = _number({"delay": phone.delay} | said, "delay")
            phone.online, phone.reads = bool(said.get("online", phone.online)), bool(said.get("reads", phone.reads))
            self._post.phone_changed(phone)
        elif wait := _wait(request):
            count = int(request.query_params.get("count", phone.total + 1))
            await self._scene.changes.until(lambda: phone.total >= count, wait)
        return _told_phone(phone) | {"received": [message.told() for message in _last(request, list(phone.received))]}

    def _phone_act(self, act: Act) -> Callable[[Request], Awaitable[Any]]:
        async def handle(request: Request) -> Any:
            return act(self._phone_of(request), await _body(request))

        return handle

    def _phone_send(self, phone: Phone, said: dict[str, Any]) -> Any:
        media = None
        if file := said.get("file"):
            data = base64.b64decode(file["base64"], validate=True)
            media = self._scene.world.add_media(str(file["mimetype"]), str(file["name"]), data)
        text, id_ = str(said.get("text", "")), said.get("id")
        return self._post.send(phone, str(said["to"]), text, id_ and str(id_), media).told()

    def _phone_call(self, phone: Phone, said: dict[str, Any]) -> Any:
        return {"id": self._post.call(phone, str(said["to"]), bool(said.get("video")))}

    def _phone_change(self, kind: str) -> Act:
        return lambda phone, said: self._post.change(phone, str(said["to"]), str(said["id"]), kind, said).told()


def _told_phone(phone: Phone) -> dict[str, Any]:
    return {
        "number": phone.number,
        "name": phone.name,
        "online": phone.online,
        "reads": phone.reads,
        "delay": phone.delay,
        "total": phone.total,
    }


def _last(request: Request, messages: list[Message]) -> list[Message]:
    count = int(request.query_params.get("last", len(messages)))
    return messages[len(messages) - min(count, len(messages)) :]


def _wait(request: Request) -> float:
    return min(_number(dict(request.query_params), "wait"), MAX_WAIT) if "wait" in request.query_params else 0.0


def _number(said: dict[str, Any], name: str) -> float:
    """Raises KeyError or ValueError unless it is a finite number, 0 or more."""
    value = float(said[name])
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a number, 0 or more")
    return value


async def _body(request: Request) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object. Raises ValueError for anything else."""
    said = json.loads(await request.body() or b"{}")
    if not isinstance(said, dict):
        raise ValueError("the body must be a JSON object")
    return said


def _answering(handle: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Makes what a handler returns or raises a response."""

    async def answer(request: Request) -> Response:
        try:
            return _json(await handle(request))
        except SandboxError as error:
            return _error(error.status, error.code, error.message)
        except KeyError as error:
            return _error(400, "INVALID_REQUEST", f"the body lacks {error}")
        except (TypeError, ValueError, binascii.Error) as error:
            return _error(400, "INVALID_REQUEST", str(error))

    return answer


def _error(status: int, code: str, message: str) -> Response:
    return _json({"error": {"code": code, "message": message}}, status)


def _json(said: Any, status: int = 200) -> Response:
    """In ASCII, so that any text a page sent can be told, even one that is no valid Unicode."""
    return Response(json.dumps(said), status, media_type="application/json")
