"""Three programs that know nothing of the sandbox pair on it by QR, get ready, send, receive and log out, unmodified.

None of them is made by us, and each reads the page in its own way: so they show where the sandbox's page is not
WhatsApp's. `make peers-test` runs this; it is no part of `make test`, for it needs the registries.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.decoding import decoded
from tests.peers.conftest import Start
from tests.peers.program import Program
from tests.sandbox.conftest import Sandbox

pytestmark = pytest.mark.peers

ME, PERSON = "5491100000001", "5491122334455"
CHAT = f"{PERSON}@c.us"
PROGRAMS = ["whatsapp_web_js.cjs", "wppconnect.cjs", "wpp_whatsapp.py"]
# Which page, whether the account addresses by LID, and who ends the login.
WAYS = {
    "modern": ("modern", False, "program"),
    "modern-lids": ("modern", True, "phone"),
    "classic": ("classic", False, "phone"),
    "classic-lids": ("classic", True, "program"),
}


@pytest.mark.parametrize(("compat", "lids", "ends"), WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_pairs_sends_receives_and_logs_out(
    sandbox: Sandbox, start: Start, program: str, compat: str, lids: bool, ends: str
) -> None:
    sandbox.post("/api/settings", compat=compat, lids=lids)
    one = start(program)

    shown = one.hears("qr")
    if picture := shown.get("picture"):
        assert decoded(picture) == shown["code"]
    sandbox.post("/api/scan", code=shown["code"], number=ME, name="Shop")
    assert ME in str(one.hears("ready")["me"])
    assert sandbox.get(f"/api/accounts/{ME}?wait=30&state=connected")["state"] == "connected"
    assert one.does("state") == "CONNECTED"
    assert one.does("known", number=PERSON) is True

    one.does("send", to=CHAT, text="Hello")
    received = sandbox.get(f"/api/phones/{PERSON}?wait=30&count=1")["received"]
    assert [message["text"] for message in received] == ["Hello"]
    for ack in (1, 2, 3):
        one.hears("ack", ack=ack)

    sandbox.post(f"/api/phones/{PERSON}/send", to=ME, text="Good morning")
    message = one.hears("message", body="Good morning")
    assert str(message["from"]).endswith("@lid" if lids else "@c.us")
    assert one.does("chats")

    if ends == "program":
        one.asks("logout")
        assert sandbox.get(f"/api/accounts/{ME}?wait=30&state=gone")["state"] == "gone"
    else:
        before = tuple(one.facts)
        sandbox.post(f"/api/accounts/{ME}/logout")
        one.hears("qr", besides=before)


def linked(sandbox: Sandbox, start: Start, program: str) -> Program:
    one = start(program)
    sandbox.post("/api/scan", code=one.hears("qr")["code"], number=ME, name="Shop")
    one.hears("ready")
    return one


def test_whatsapp_web_js_hears_what_happens_to_a_message_and_calls(sandbox: Sandbox, start: Start) -> None:
    one = linked(sandbox, start, "whatsapp_web_js.cjs")
    sandbox.post(f"/api/phones/{PERSON}/send", to=ME, text="Good morning", id="3A01")
    one.hears("message", body="Good morning")

    sandbox.post(f"/api/phones/{PERSON}/react", to=ME, id="3A01", emoji="👍")
    one.hears("reaction", text="👍")
    sandbox.post(f"/api/phones/{PERSON}/edit", to=ME, id="3A01", text="Good evening")
    one.hears("edited", before="Good morning", now="Good evening")
    sandbox.post(f"/api/phones/{PERSON}/revoke", to=ME, id="3A01")
    one.hears("revoked")
    sandbox.post(f"/api/phones/{PERSON}/call", to=ME)
    assert one.hears("call")["from"] == CHAT
    assert one.does("contacts")


def test_wppconnect_sends_a_file(sandbox: Sandbox, start: Start, tmp_path: Path) -> None:
    one = linked(sandbox, start, "wppconnect.cjs")
    sent = tmp_path / "sent.txt"
    sent.write_text("hello")
    one.does("file", to=CHAT, path=str(sent))
    received = sandbox.get(f"/api/phones/{PERSON}?wait=30&count=1")["received"]
    assert received[0]["media"]["size"] == len("hello")
