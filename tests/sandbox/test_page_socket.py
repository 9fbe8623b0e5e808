"""The link between a page and the server, and the control API, without a browser: Python plays the page."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psutil
import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from sandbox import world
from tests.rig.window import PATIENCE
from tests.sandbox.conftest import ROOT, Sandbox

T = TypeVar("T")
ME, OTHER, PERSON = "5491100000001", "5491100000002", "5491155550001"
KEYS = {"noise": "n", "identity": "i", "adv": "a"}


class Wire:
    """What a page would say and hear."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.token = ""

    async def say(self, **said: Any) -> None:
        await self.socket.send(json.dumps(said))

    async def hear(self, op: str, **like: Any) -> dict[str, Any]:
        """The next message of that kind; others are passed over. TimeoutError after `PATIENCE`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                said: dict[str, Any] = json.loads(await self.socket.recv())
                if said["op"] == op and all(said[name] == value for name, value in like.items()):
                    return said

    async def silence(self) -> list[str]:
        """What has been said until the server answers a question: nothing comes out of turn."""
        await self.say(op="ping", rid=0)
        heard = []
        while (said := json.loads(await self.socket.recv()))["op"] != "answer":
            heard.append(said["op"])
        return heard

    async def enter(self, token: str) -> None:
        self.token = token
        await self.say(op="hello", keys=KEYS, token=token)


@asynccontextmanager
async def wire(sandbox: Sandbox) -> AsyncIterator[Wire]:
    async with websockets.connect(sandbox.url.replace("http", "ws") + "link") as socket:
        yield Wire(socket)


@asynccontextmanager
async def linked(sandbox: Sandbox, number: str = ME, **how: Any) -> AsyncIterator[Wire]:
    async with wire(sandbox) as page:
        await page.say(op="hello", keys=KEYS)
        ref = (await page.hear("code"))["ref"]
        await calling(sandbox.post, "/api/scan", code=f"{ref},n,i,a", number=number, **how)
        await page.enter((await page.hear("paired"))["login"]["token"])
        await page.hear("synced")
        yield page


async def calling(call: Callable[..., T], *args: Any, **said: Any) -> T:
    return await asyncio.to_thread(lambda: call(*args, **said))


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await story()

    asyncio.run(bounded())


def text(id_: str, **more: Any) -> dict[str, Any]:
    return {"op": "send", "id": id_, "to": f"{PERSON}@c.us", "type": "chat", "text": id_, **more}


def messages(sandbox: Sandbox, number: str = ME) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in sandbox.get(f"/api/accounts/{number}/messages")}


def test_waiting_for_a_code_ends_when_a_page_shows_one(sandbox: Sandbox) -> None:
    async def story() -> None:
        asked = asyncio.create_task(calling(sandbox.get, "/api/pages?wait=15"))
        async with wire(sandbox) as page:
            await page.say(op="hello", keys=KEYS, compat="classic")
            await page.hear("code")
            (shown,) = await asked
            assert (shown["state"], shown["compat"], shown["number"]) == ("unpaired", "classic", None)
            assert shown["code"].endswith(",n,i,a")

    run(story)


def test_a_page_that_vanishes_is_gone_at_once_and_its_device_stays(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as page:
            token = page.token
            assert (await calling(sandbox.get, f"/api/accounts/{ME}"))["state"] == "connected"
            page.socket.transport.abort()
            account = await calling(sandbox.get, f"/api/accounts/{ME}?wait=20&state=away")
            assert account["pages"] == []
            assert await calling(sandbox.get, "/api/pages") == []
        async with wire(sandbox) as again:
            await again.enter(token)
            assert (await again.hear("welcome"))["login"]["number"] == ME

    run(story)


@pytest.mark.parametrize(
    "garbage",
    [
        "no json",
        "[]",
        "null",
        "[" * 100_000,
        '{"op": "nothing"}',
        '{"op": ["hello"]}',
        '{"op": "hello"}',
        '{"op": "hello", "keys": {"noise": 1}}',
        '{"op": "exists"}',
        '{"op": "send"}',
        '{"op": "got", "ids": 5}',
        b"\x00\x01",
    ],
)
def test_garbage_closes_that_link_and_no_other(sandbox: Sandbox, garbage: str | bytes) -> None:
    async def story() -> None:
        async with linked(sandbox) as good, linked(sandbox, OTHER) as bad:
            await bad.socket.send(garbage)
            with pytest.raises(ConnectionClosed):
                await bad.hear("never")
            await good.say(**text("3EB01"))
            assert (await good.hear("ack"))["ack"] == 1

    run(story)


def test_text_that_is_no_unicode_can_still_be_told(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as page:
            await page.socket.send(json.dumps(text("3EB01", text="\ud800")))
            await page.hear("ack")
            assert (await calling(messages, sandbox))["3EB01"]["arrivals"] == 1

    run(story)


def test_an_id_is_delivered_once_and_every_coming_is_counted(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as page:
            for retry in (False, False, True, True, True):
                await page.say(**text("3EB01", retry=retry))
                assert (await page.hear("ack"))["result"] == "OK"
            one = (await calling(messages, sandbox))["3EB01"]
            assert (one["arrivals"], one["retries"]) == (2, 3)
            assert (await calling(sandbox.get, f"/api/phones/{PERSON}"))["total"] == 1

    run(story)


def test_a_counted_rule_for_one_number_leaves_the_others_alone(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as page:
            await calling(sandbox.post, f"/api/accounts/{ME}/sending", mode="refuse", left=1, to=PERSON)
            for id_, to, result in (
                ("3EB01", OTHER, "OK"),
                ("3EB02", PERSON, "ERROR_UNKNOWN"),
                ("3EB03", PERSON, "OK"),
            ):
                await page.say(**text(id_, to=f"{to}@c.us"))
                assert (await page.hear("ack", id=id_))["result"] == result

    run(story)


def test_a_message_waits_for_its_page_until_it_says_got(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as page:
            token = page.token
            await calling(sandbox.post, f"/api/phones/{PERSON}/send", to=ME, text="hi", id="3A1")
            await page.hear("messages")
        async with wire(sandbox) as again:
            await again.enter(token)
            assert (await again.hear("welcome"))["history"] == []
            (one,) = (await again.hear("messages"))["messages"]
            assert (one["id"], one["from_me"], one["chat"]) == ("3A1", False, PERSON)
            await again.say(op="got", ids=["3A1"])
            await again.silence()
        async with wire(sandbox) as last:
            await last.enter(token)
            assert [one["id"] for one in (await last.hear("welcome"))["history"]] == ["3A1"]
            await last.hear("synced")
            assert "messages" not in await last.silence()

    run(story)


def test_one_login_streams_on_one_page(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as first, wire(sandbox) as second:
            await second.enter(first.token)
            await first.hear("replaced")
            await second.hear("synced")
            await calling(sandbox.post, f"/api/phones/{PERSON}/send", to=ME, text="hi")
            await second.hear("messages")
            assert await first.silence() == []

    run(story)


def test_accounts_write_to_each_other(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as mine, linked(sandbox, OTHER) as theirs:
            await mine.say(**text("3EB01", to=f"{OTHER}@c.us"))
            (one,) = (await theirs.hear("messages"))["messages"]
            assert (one["id"], one["chat"], one["from_me"]) == ("3EB01", ME, False)
            await mine.hear("receipt", ack=3)

    run(story)


def test_every_way_to_end_a_login_is_told_to_pages_that_were_closed(sandbox: Sandbox) -> None:
    async def story() -> None:
        for ending, code in (("logout", 401), ("ban", 406), ("lock", 403)):
            async with linked(sandbox) as page:
                token = page.token
            await calling(sandbox.post, f"/api/accounts/{ME}/{ending}")
            async with wire(sandbox) as again:
                await again.enter(token)
                assert (await again.hear("failure"))["code"] == code
            await calling(sandbox.post, f"/api/accounts/{ME}/unban")

    run(story)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/accounts/1", None, 404, "NO_ACCOUNT"),
        ("POST", "/api/accounts/1/ban", "{}", 404, "NO_ACCOUNT"),
        ("POST", "/api/scan", '{"code": "2@x", "number": "5491100000001"}', 404, "NO_SUCH_CODE"),
        ("POST", "/api/scan", "{}", 400, "INVALID_REQUEST"),
        ("POST", "/api/scan", "[]", 400, "INVALID_REQUEST"),
        ("POST", "/api/scan", "{", 400, "INVALID_REQUEST"),
        ("POST", "/api/pair", '{"code": "ABCD-EFGH", "number": "5491100000001"}', 404, "NO_SUCH_CODE"),
        ("POST", "/api/settings", '{"qr_first": -1}', 400, "INVALID_REQUEST"),
        ("POST", "/api/settings", '{"qr_first": NaN}', 400, "INVALID_REQUEST"),
        ("POST", "/api/settings", '{"colour": 1}', 400, "INVALID_REQUEST"),
        ("POST", "/api/phones/5491155550001", '{"delay": 1e999}', 400, "INVALID_REQUEST"),
        ("POST", "/api/phones/5491155550001/send", '{"to": "1", "text": "x"}', 404, "NO_ACCOUNT"),
        ("GET", "/api/phones/0000", None, 404, "NO_PHONE"),
        ("GET", "/api/pages?wait=soon", None, 400, "INVALID_REQUEST"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_a_code(
    sandbox: Sandbox, method: str, path: str, body: str | None, status: int, code: str
) -> None:
    answer = sandbox.http.request(method, path, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_settings_change_all_or_none(sandbox: Sandbox) -> None:
    before = sandbox.get("/api/settings")
    answer = sandbox.http.post("/api/settings", json={"qr_first": 5, "qr_next": "soon"})
    assert answer.status_code == 400
    assert sandbox.get("/api/settings") == before
    assert sandbox.post("/api/settings", qr_first=5)["qr_first"] == 5.0


def test_reset_forgets_the_world_and_the_settings(sandbox: Sandbox) -> None:
    async def story() -> None:
        async with linked(sandbox) as page:
            await calling(sandbox.post, "/api/settings", qr_refs=1)
            await calling(sandbox.post, "/api/reset")
            await page.hear("removed")
        state = await calling(sandbox.get, "/api/state")
        assert (state["accounts"], state["phones"], state["settings"]["qr_refs"]) == ([], [], 6)

    run(story)


def test_the_page_is_served_late_and_under_a_nonce(sandbox: Sandbox) -> None:
    sandbox.post("/api/settings", page_delay=0.3)
    began = time.monotonic()
    answer = sandbox.http.get("/?compat=classic")
    assert time.monotonic() - began >= 0.3
    policy = answer.headers["content-security-policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'<script nonce="{nonce}"' in answer.text
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert nonce not in sandbox.http.get("/").text


def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "KEPT", 3)
    account = world.Account(ME, "Me")
    for number in range(10):
        account.keep(world.ChatMessage(str(number), ME, PERSON, True, ME, "", 0.0))
    assert list(account.messages) == ["7", "8", "9"]
    monkeypatch.setattr(world, "MEDIA_KEPT", 10)
    everything = world.World()
    for _ in range(5):
        last = everything.add_media("text/plain", "a", b"1234")
    assert sum(len(one.data) for one in everything.media.values()) <= 10
    assert last.id in everything.media


def test_two_hundred_messages_a_second_are_no_effort(sandbox: Sandbox) -> None:
    count, program = 2000, psutil.Process(sandbox.process.pid)

    def seconds() -> float:
        """Of work, and not of waiting for what else the machine does."""
        times = program.cpu_times()
        return float(times.user + times.system)

    async def story() -> None:
        async with linked(sandbox) as page:
            began = seconds()
            for number in range(count):
                await page.say(**text(f"3EB0{number}"))
            await page.hear("receipt", ids=[f"3EB0{count - 1}"], ack=3)
            assert count / (seconds() - began) > 200
        phone = await calling(sandbox.get, f"/api/phones/{PERSON}?last=1")
        assert (phone["total"], len(phone["received"])) == (count, 1)

    run(story)


def test_an_address_that_others_reach_is_refused() -> None:
    command = [sys.executable, "-m", "sandbox", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "--public" in done.stderr
