"""The WebSocket of one WhatsApp Web page. Nothing a page sends can do more than close its own link."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket

from sandbox.account.chats import ChatStates
from sandbox.account.people import People
from sandbox.account.presence import PresenceRelay
from sandbox.acts import Acts
from sandbox.changes import Marks
from sandbox.login import Login
from sandbox.messages import MessageRelay
from sandbox.pairing import Pairing
from sandbox.scene import OpenPage, Scene

UNREAD_LIMIT = 50_000  # messages that wait for a page whose renderer does not read: above that it is disconnected
POLICY_VIOLATION = 1008


class Link:
    """The messages of pages, as a table: each `op` is one function of (page, message)."""

    def __init__(
        self,
        scene: Scene,
        login: Login,
        pairing: Pairing,
        post: MessageRelay,
        acts: Acts,
        chats: ChatStates,
        people: People,
    ) -> None:
        self._scene, self._login, self._pairing, self._post = scene, login, pairing, post
        self._marks, self._presence = Marks(scene, post), PresenceRelay(scene, post)
        self._ops: dict[str, Callable[[OpenPage, dict[str, Any]], None]] = {
            "hello": self._hello,
            "refresh": lambda page, _said: pairing.show(page),
            "keys": lambda page, said: pairing.keyed(page, said["keys"]),
            "pairing_code": self._pairing_code,
            "companion_finish": lambda page, _said: pairing.finish(page),
            "timelock": self._timelock,
            "ping": lambda page, said: self._answer(page, said, {}),
            "keepalive": self._keepalive,
            "send": post.take,
            "reupload": self._reupload,
            "act": acts.ask,
            "mark": self._mark,
            "read": self._read,
            **self._presence.ops(),
            "got": self._got,
            "down": self._down,
            "fate": self._fate,
            "logout": lambda page, _said: login.leave(page),
            **chats.ops(),
            **people.ops(),
        }

    async def serve(self, socket: WebSocket) -> None:
        """Serve the page's connection until it closes."""
        await socket.accept()
        outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(UNREAD_LIMIT)
        page = OpenPage(secrets.token_hex(4), _sayer(outgoing))
        writer = asyncio.create_task(_write(socket, outgoing))
        try:
            await self._listen(page, socket)
        finally:
            self._gone(page)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _listen(self, page: OpenPage, socket: WebSocket) -> None:
        while True:
            frame = await socket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            try:
                said = json.loads(frame["text"])
                self._ops[said["op"]](page, said)
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
                # A page is outside: its messages may be anything. An invalid one means it is not a WhatsApp Web of
                # ours.
                await socket.close(POLICY_VIOLATION, f"not understood: {error!r}"[:100])
                return

    def _gone(self, page: OpenPage) -> None:
        page.forget()
        self._scene.pages.pop(page.id, None)
        self._scene.changes.tell()

    def _hello(self, page: OpenPage, said: dict[str, Any]) -> None:
        self._pairing.keyed(page, said["keys"])
        page.platform, page.qr_url = str(said.get("platform", "")), bool(said.get("qr_url"))
        page.load, page.compat, page.lids = (
            str(said.get("load", "")),
            str(said.get("compat", "modern")),
            said.get("lids"),
        )
        self._scene.pages[page.id] = page
        if said.get("token"):
            self._login.enter(page, str(said["token"]))
        elif page.account is None and not page.ref:
            self._pairing.show(page)

    def _pairing_code(self, page: OpenPage, said: dict[str, Any]) -> None:
        self._answer(page, said, self._pairing.offer(page, str(said["number"]), str(said["display"])))

    def _mark(self, page: OpenPage, said: dict[str, Any]) -> None:
        answer = self._marks.take(page, said)
        if answer is not None:
            self._answer(page, said, answer)

    def _read(self, page: OpenPage, said: dict[str, Any]) -> None:
        self._marks.read(page, str(said["chat"]))
        self._answer(page, said, {})

    def _timelock(self, page: OpenPage, said: dict[str, Any]) -> None:
        if page.account:
            self._answer(page, said, self._post.timelock(page.account))

    def _keepalive(self, page: OpenPage, said: dict[str, Any]) -> None:
        if self._scene.settings.keepalive and page.account is not None:
            self._answer(page, said, {})

    def _reupload(self, page: OpenPage, said: dict[str, Any]) -> None:
        """Have the phone that sent a file upload it again; the answer's `id` is null if it does not."""
        world, media = self._scene.world, self._scene.world.media.get(str(said["media"]))
        id_ = None
        if media is not None and media.by_phone and self._scene.settings.media_reupload:
            more = {"by_phone": True, "fresh": True, "duration": media.duration}
            id_ = world.add_media(media.mimetype, media.filename, media.data, **more).id
        self._answer(page, said, {"id": id_})

    def _got(self, page: OpenPage, said: dict[str, Any]) -> None:
        if page.device:
            self._post.confirmed(page.device, said["ids"])

    def _down(self, page: OpenPage, _said: dict[str, Any]) -> None:
        page.streaming = False
        self._scene.changes.tell()

    def _fate(self, page: OpenPage, said: dict[str, Any]) -> None:
        page.fate = str(said["act"])
        self._scene.changes.tell()

    def _answer(self, page: OpenPage, said: dict[str, Any], answer: dict[str, Any]) -> None:
        page.say({"op": "answer", "rid": said["rid"], **answer})


def _sayer(outgoing: asyncio.Queue[dict[str, Any]]) -> Callable[[dict[str, Any]], None]:
    def say(message: dict[str, Any]) -> None:
        if not outgoing.full():
            outgoing.put_nowait(message)

    return say


async def _write(socket: WebSocket, outgoing: asyncio.Queue[dict[str, Any]]) -> None:
    while not outgoing.full():
        await socket.send_text(json.dumps(await outgoing.get()))
    await socket.close(POLICY_VIOLATION, "the page does not read")
