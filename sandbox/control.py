"""The control API, by which tests and people change the world. JSON in, JSON out; errors are {"error": {"code",
"message"}}.

Routes that wait (`?wait=seconds`) answer as soon as their condition holds.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.account.chats import ChatStates
from sandbox.account.people import People
from sandbox.account.presence import PresenceRelay
from sandbox.account.profile import ProfileActs
from sandbox.answers import answering, body_of, number_of, wait_of
from sandbox.changes import Marks
from sandbox.composing import compose
from sandbox.faults import Act, Faults
from sandbox.group_chat import MEMBER, OWNER, GroupChat
from sandbox.groups import Groups
from sandbox.login import Login
from sandbox.messages import MessageRelay, ago_of
from sandbox.pairing import Pairing
from sandbox.scene import Scene
from sandbox.settings import SandboxSettings
from sandbox.world import Account, ChatMessage, Phone, SandboxError

# A condition to wait for -> the states of an account in which it holds.
MET_BY = {"linked": ("linked", "connected"), "away": ("linked",), "connected": ("connected",), "gone": ("gone",)}
HABITS = ("online", "reads", "passkey", "migrated", "addable")
PAUSE = 0.15
HEARTBEAT = 15.0


class Control:
    """The handlers of the control API."""

    def __init__(
        self,
        scene: Scene,
        login: Login,
        pairing: Pairing,
        post: MessageRelay,
        groups: Groups,
        profile: ProfileActs,
        chats: ChatStates,
        people: People,
    ) -> None:
        self._scene, self._login, self._pairing, self._post = scene, login, pairing, post
        self._groups, self._profile = groups, profile
        self._chats, self._people = chats, people
        self._faults = Faults(scene, login, post)
        self._marks, self._presence = Marks(scene, post), PresenceRelay(scene, post)

    def routes(self) -> list[BaseRoute]:
        phone_acts: dict[str, Act] = {
            "send": self._phone_send,
            "call": self._phone_call,
            "groups": lambda phone, said: self._groups.acts[f"group.{said['act']}"](phone.number, said),
            "vote": self._phone_vote,
            "typing": self._phone_typing,
            "presence": self._phone_presence,
            **{kind: self._phone_change(kind) for kind in ("edit", "revoke", "react")},
            **self._people.phone_acts(),
        }
        page_acts: dict[str, Act] = {
            "rotate": lambda page, _said: self._pairing.rotate(page),
            "passkey": lambda page, _said: self._pairing.ask_passkey(page),
            "refresh-code": lambda page, said: self._pairing.refresh(page, force=bool(said.get("force"))),
        }
        return [
            Route("/api/state", answering(self._state)),
            Route("/api/changes", self._changes),
            Route("/api/reset", answering(self._reset), methods=["POST"]),
            Route("/api/settings", answering(self._settings), methods=["GET", "POST"]),
            Route("/api/scan", answering(self._scan), methods=["POST"]),
            Route("/api/pair", answering(self._pair), methods=["POST"]),
            Route("/api/hello", answering(self._hello), methods=["POST"]),
            Route("/api/pages", answering(self._pages)),
            *(
                Route(f"/api/pages/{{page}}/{name}", answering(self._page_act(act)), methods=["POST"])
                for name, act in page_acts.items()
            ),
            Route("/api/accounts/{number}", answering(self._account)),
            Route("/api/accounts/{number}/messages", answering(self._messages)),
            *(
                Route(f"/api/accounts/{{number}}/{name}", answering(self._account_act(act)), methods=["POST"])
                for name, act in {
                    **self._faults.table(),
                    **self._chats.acts(),
                    **self._people.acts(),
                    "labels": self._profile.set_labels,
                }.items()
            ),
            Route("/api/absent/{number}", answering(self._absent), methods=["PUT", "DELETE"]),
            Route("/api/aliases/{number}", answering(self._alias), methods=["PUT", "DELETE"]),
            Route("/api/groups", answering(self._all_groups)),
            Route("/api/groups/{group}", answering(self._group), methods=["GET", "PUT"]),
            Route("/api/phones/{number}", answering(self._phone), methods=["GET", "POST"]),
            *(
                Route(f"/api/phones/{{number}}/{name}", answering(self._phone_act(act)), methods=["POST"])
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
            "uploads": self._scene.world.uploads,
        }

    async def _changes(self, _request: Request) -> Response:
        """Send server-sent events: one after each change, at most one in `PAUSE` seconds."""

        async def told() -> AsyncIterator[str]:
            while True:
                seen = self._scene.changes.count
                yield "data: changed\n\n"
                await asyncio.sleep(PAUSE)
                await self._scene.changes.after(seen, HEARTBEAT)

        return StreamingResponse(told(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def _reset(self, _request: Request) -> Any:
        """Forget everything, settings too; linked pages are logged out, and every open page shows a code again."""
        for account in tuple(self._scene.world.accounts.values()):
            self._login.end(account, {"op": "removed"})
        self._scene.world.reset()
        self._scene.settings.merge(SandboxSettings().told())
        self._scene.changes.tell()
        return {}

    async def _settings(self, request: Request) -> Any:
        if request.method == "POST":
            try:
                self._scene.settings.merge(await body_of(request))
            except ValueError as error:
                raise SandboxError(400, "INVALID_REQUEST", str(error)) from error
        return self._scene.settings.told()

    # --- linking

    async def _scan(self, request: Request) -> Any:
        said = await body_of(request)
        code, page = str(said.get("code", "")), str(said.get("page", ""))
        account = await self._pairing.scan(
            str(said["number"]), code=code, page_id=page, name=said.get("name"), lids=said.get("lids")
        )
        return self._told_account(account)

    async def _pair(self, request: Request) -> Any:
        said = await body_of(request)
        return self._told_account(await self._pairing.enter(str(said["number"]), str(said["code"])))

    async def _hello(self, request: Request) -> Any:
        said = await body_of(request)
        return self._pairing.hello(str(said["number"]), str(said["code"])).told()

    def _page_act(self, act: Act) -> Callable[[Request], Awaitable[Any]]:
        async def handle(request: Request) -> Any:
            page = self._scene.page(request.path_params["page"])
            done = act(page, await body_of(request))
            if inspect.isawaitable(done):
                await done
            return page.told()

        return handle

    async def _pages(self, request: Request) -> Any:
        def showing() -> bool:
            return any(page.code for page in self._scene.pages.values())

        if wait := wait_of(request):
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

        if wait := wait_of(request):
            await self._scene.changes.until(reached, wait)
        account = self._of(request)
        return self._told_account(account) | {"messages": [message.told() for message in account.messages.values()]}

    async def _messages(self, request: Request) -> Any:
        """Return all of an account's messages, oldest first; `chat` selects a chat's, `last` the newest."""
        chat = request.query_params.get("chat")
        found = [one for one in self._of(request).messages.values() if chat in (None, one.chat)]
        return [message.told() for message in _last(request, found)]

    def _account_act(self, act: Act) -> Callable[[Request], Awaitable[Any]]:
        async def handle(request: Request) -> Any:
            account = self._of(request)
            done = act(account, await body_of(request))
            if inspect.isawaitable(done):
                await done
            self._scene.changes.tell()
            return self._told_account(account)

        return handle

    def _told_account(self, account: Account) -> dict[str, Any]:
        return {
            "number": account.number,
            "lid": account.lid,
            "name": account.name,
            "about": self._scene.world.phone(account.number).about,
            "picture": self._scene.world.pictures.get(account.number),
            "business": account.business,
            "labels": list(account.labels.values()),
            "calls": account.calls,
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
            "timelock": account.timelock,
            "block": account.block,
            "refused": account.refused,
            "available": account.available,
            "marks": account.marks,
            "chats": {chat: asdict(state) | {"keeps": sorted(state.keeps)} for chat, state in account.chats.items()},
            "names": account.names,
            "blocked": sorted(account.blocked),
        }

    # --- phones and groups

    async def _absent(self, request: Request) -> Any:
        number, absent = request.path_params["number"], self._scene.world.absent
        if request.method == "PUT":
            absent.add(number)
        else:
            absent.discard(number)
        return {"number": number, "absent": number in absent}

    async def _all_groups(self, _request: Request) -> Any:
        return [group.told() for group in self._scene.world.groups.values()]

    async def _alias(self, request: Request) -> Any:
        """Have the server name another number when it is asked for this one, as it does for some of Brazil's."""
        number, aliases = request.path_params["number"], self._scene.world.aliases
        if request.method == "PUT":
            aliases[number] = str((await body_of(request))["number"])
        else:
            aliases.pop(number, None)
        return {"number": number, "means": aliases.get(number)}

    async def _group(self, request: Request) -> Any:
        """Tell a group; or make one, as if it had always been there: nobody is told of it."""
        group = request.path_params["group"]
        if request.method == "GET":
            return self._groups.of(group).told()
        said = await body_of(request)
        if not group.endswith("@g.us"):
            raise SandboxError(400, "INVALID_REQUEST", "a group's id ends in @g.us")
        participants = [str(number) for number in said.get("participants", [])]
        owner = str(said.get("owner", participants[0] if participants else ""))
        roles = dict.fromkeys(participants, MEMBER) | ({owner: OWNER} if owner else {})
        made = GroupChat(group, str(said.get("subject", group)), owner, roles | dict(said.get("roles", {})))
        for name in ("announce", "restrict", "approval", "everybody_adds"):
            setattr(made, name, bool(said.get(name, getattr(made, name))))
        made.invite = str(said.get("invite", made.invite))
        made.asking = dict.fromkeys(map(str, said.get("asking", [])), made.creation)
        for number in (*made.roles, *made.asking):
            self._scene.world.phone(number)
        self._scene.world.groups[group] = made
        return made.told()

    def _phone_of(self, request: Request) -> Phone:
        number = request.path_params["number"]
        if self._scene.world.exists(number) != number:
            raise SandboxError(404, "NO_PHONE", f"{number} is not on WhatsApp")
        return self._scene.world.phone(number)

    async def _phone(self, request: Request) -> Any:
        phone = self._phone_of(request)
        if request.method == "POST":
            said = await body_of(request)
            phone.delay = number_of({"delay": phone.delay} | said, "delay")
            for name in HABITS:
                setattr(phone, name, bool(said.get(name, getattr(phone, name))))
            self._post.phone_changed(phone)
        elif wait := wait_of(request):
            count = int(request.query_params.get("count", phone.total + 1))
            await self._scene.changes.until(lambda: phone.total >= count, wait)
        return _told_phone(phone) | {"received": [message.told() for message in _last(request, list(phone.received))]}

    def _phone_act(self, act: Act) -> Callable[[Request], Awaitable[Any]]:
        async def handle(request: Request) -> Any:
            return act(self._phone_of(request), await body_of(request))

        return handle

    def _phone_send(self, phone: Phone, said: dict[str, Any]) -> Any:
        return self._post.send(phone, compose(self._scene.world, phone, said)).told()

    def _phone_call(self, phone: Phone, said: dict[str, Any]) -> Any:
        return {"id": self._post.call(phone, str(said["to"]), bool(said.get("video")), said.get("id"))}

    def _phone_vote(self, phone: Phone, said: dict[str, Any]) -> Any:
        choices = [str(choice) for choice in said["choices"]]
        return self._marks.vote(phone, str(said["to"]), str(said["id"]), choices, ago_of(said)).told()

    def _phone_typing(self, phone: Phone, said: dict[str, Any]) -> Any:
        self._presence.act(phone, said)
        return _told_phone(phone)

    def _phone_presence(self, phone: Phone, said: dict[str, Any]) -> Any:
        self._presence.show(phone, said)
        return _told_phone(phone)

    def _phone_change(self, kind: str) -> Act:
        return lambda phone, said: self._post.change(phone, str(said["to"]), str(said["id"]), kind, said).told()


def _told_phone(phone: Phone) -> dict[str, Any]:
    return {
        "number": phone.number,
        "name": phone.name,
        **{name: getattr(phone, name) for name in HABITS},
        "delay": phone.delay,
        "total": phone.total,
        "available": phone.available,
        "last_seen": phone.last_seen,
        "doing": phone.doing,
        "typing": phone.typing,
    }


def _last(request: Request, messages: list[ChatMessage]) -> list[ChatMessage]:
    count = int(request.query_params.get("last", len(messages)))
    return messages[len(messages) - min(count, len(messages)) :]
