"""Three SDKs of WAHA from PyPI drive the service, unmodified, on real Chromium and the sandbox: on its modern and its
classic page, and with an account that has moved to LIDs.

`make peers-test` runs this; it is no part of `make test`, for it needs the registry.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.peers import installation
from tests.peers.program import PATIENCE, Program
from tests.rig.processes import Service, until
from tests.sandbox.conftest import Sandbox

pytestmark = pytest.mark.peers

KEY = "the-key-of-an-sdk-of-waha"
ME, PERSON = "5491100000001", "5491122334455"
CHAT = f"{PERSON}@c.us"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
PROGRAM = Path(__file__).parent / "programs" / "waha_sdk.py"
Sdk = Callable[[str], Program]


@pytest.fixture(params=["modern", "classic", "lids"])
def world(request: pytest.FixtureRequest, sandbox: Sandbox) -> dict[str, Any]:
    """Set the sandbox's page; return what a phone that scans says besides."""
    name: str = request.param
    sandbox.post("/api/settings", compat="classic" if name == "classic" else "modern")
    return {"lids": True} if name == "lids" else {}


@pytest.fixture
def served(world: dict[str, Any], sandbox: Sandbox, tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data", sandbox.url, api_key=KEY, webhook_allow_private=True)
    try:
        yield service.start()
        assert service.stop() == 0
    finally:
        service.kill_if_running()


@pytest.fixture
def sdk(served: Service, tmp_path: Path) -> Iterator[Sdk]:
    """Starts the SDK of that name; skips where the registry is out of reach."""
    running: list[Program] = []

    def begin(name: str) -> Program:
        try:
            interpreter = installation.waha_sdk(name)
        except installation.OutOfReachError as error:
            pytest.skip(str(error))
        given = json.dumps({"url": served.url, "key": KEY, "sdk": name})
        running.append(Program([str(interpreter), str(PROGRAM), given], tmp_path / "errors.log", {}))
        return running[-1]

    yield begin
    for program in running:
        program.close()


def reaches(ask: Callable[[], Any], status: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (info := ask())["status"] != status:
        assert time.monotonic() < deadline, info
        time.sleep(0.2)  # as consumers poll


def paired(sandbox: Sandbox, code: str, world: dict[str, Any]) -> None:
    sandbox.post("/api/scan", code=code, number=ME, name="Shop", **world)
    sandbox.post(f"/api/phones/{PERSON}", name="Ann")


def test_waha_py_makes_pairs_sends_and_looks_up(sandbox: Sandbox, world: dict[str, Any], sdk: Sdk) -> None:
    program = sdk("waha-py")
    assert program.does("ping.ping") == {"message": "pong"}
    assert program.does("server.get")["tier"] == "PLUS"
    made = program.does("sessions.create", given={"payload": {"name": "default"}})
    assert made["name"] == "default"

    def info() -> Any:
        return program.does("sessions.get", given={"session": "default"})

    reaches(info, "SCAN_QR_CODE")
    shown = program.does("auth.get_qr", given={"session": "default", "params": {"format": "raw"}})
    paired(sandbox, shown["value"], world)
    reaches(info, "WORKING")
    me = info()["me"]
    assert (me["id"], me["pushName"]) == (f"{ME}@c.us", "Shop")
    text = {"session": "default", "chatId": CHAT, "text": "Hello", "mentions": None, "reply_to": None}
    sent = program.does("chatting.send_text", given={"payload": text})
    assert sent["fromMe"]
    file = {"mimetype": "image/png", "filename": "a.png", "data": PNG}
    image = {"session": "default", "chatId": CHAT, "file": file, "caption": "Look", "mentions": None}
    assert program.does("chatting.send_image", given={"payload": image})["hasMedia"]
    picture = {"name": "b.png", "mimetype": "image/png", "base64": PNG}
    sandbox.post(f"/api/phones/{PERSON}/send", to=ME, text="Mine", file=picture)
    for chat in (CHAT, "all"):  # asked for by number, whatever address the page has

        def came(chat: str = chat) -> Any:
            asked = {"session": "default", "chat_id": chat, "params": {"limit": 5}}
            return [one for one in program.does("chats.get_chat_messages", given=asked) if not one["fromMe"]]

        (message,) = until(came, bool, "the picture is read", PATIENCE)
        assert (message["from"], message["body"], message["media"]["mimetype"]) == (CHAT, "Mine", "image/png")
    assert program.does("chats.get_chats", given={"session": "default"})[0]["id"] == CHAT
    group = {"name": "Team", "participants": [{"id": CHAT}]}
    made = program.does("groups.create_group", given={"session": "default", "payload": group})
    assert made["id"].endswith("@g.us")
    assert program.does("groups.get_groups_count", given={"session": "default"}) == {"count": 1}
    found = program.does("contacts.check_exists", given={"params": {"phone": PERSON, "session": "default"}})
    assert found["numberExists"]
    assert [one["name"] for one in program.does("sessions.list", given={"params": {"all": True}})] == ["default"]
    assert program.does("sessions.stop", given={"session": "default"})["status"] == "STOPPED"
    program.does("sessions.delete", given={"session": "default"})


def test_waha_python_starts_polls_and_sends(sandbox: Sandbox, world: dict[str, Any], served: Service, sdk: Sdk) -> None:
    program = sdk("waha-python")
    made = program.does("sessions.create", given={"name": "shop"})
    assert made["name"] == "shop"

    def info() -> Any:
        return program.does("sessions.get", given={"session_name": "shop"})

    reaches(info, "SCAN_QR_CODE")
    paired(sandbox, raw_qr(served, "shop"), world)
    reaches(info, "WORKING")
    sent = program.does("messages.send_text", given={"session": "shop", "chat_id": CHAT, "text": "Hello"})
    assert sent["id"].startswith("true_")
    assert program.does("contacts.check_exists", given={"session": "shop", "phone": PERSON})["numberExists"]
    assert program.does("sessions.restart", given={"session_name": "shop"})["name"] == "shop"
    reaches(info, "WORKING")


def test_waha_reads_sessions_and_messages_by_its_models(sandbox: Sandbox, world: dict[str, Any], sdk: Sdk) -> None:
    program = sdk("waha")
    made = program.does("sessions.create", given={"name": "default"})
    assert made["name"] == "default"

    def info() -> Any:
        return program.does("sessions.get", given={"session": "default"})

    reaches(info, "SCAN_QR_CODE")
    shown = program.does("auth.get_qr_code", given={"session": "default", "format": {"$": "types.QRFormat.RAW"}})
    paired(sandbox, shown["qr"], world)
    reaches(info, "WORKING")
    sent = program.does("messages.send_text", given={"chat_id": CHAT, "text": "Hello"})
    assert sent["id"].startswith("true_")
    assert sent["fromMe"]
    assert program.does("sessions.get_me", given={"session": "default"})["id"] == f"{ME}@c.us"


def raw_qr(served: Service, session: str) -> str:
    """The text of the QR, by a call that the SDK has none for."""
    answer = httpx2.get(f"{served.url}/api/{session}/auth/qr?format=raw", headers={"X-Api-Key": KEY}, timeout=PATIENCE)
    return str(answer.json()["value"])
