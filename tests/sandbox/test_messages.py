"""Messages out and in through the real wa-js: what resolves, what never does, and what arrives how often."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import CODE, MAIN, Linked

pytestmark = pytest.mark.e2e

PLAIN = "{linkPreview: false, markIsRead: false}"
PERSON = "5491155550001"
SENT = "WPP.chat.sendTextMessage('{to}@c.us', '{text}', {{linkPreview: false, markIsRead: false}})"


@pytest.fixture(scope="module")
def pages(server: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    tab = Tab(server.url, tmp_path_factory.mktemp("messages"))
    tab.open()
    yield tab
    tab.dispose()


@pytest.fixture
def linked(pages: Tab, connected: Sandbox) -> Linked:
    page = Linked(connected, pages, "modern")
    page.link()
    page.act("sending", mode="ok")
    return page


def send(linked: Linked, text: str, to: str = PERSON) -> Any:
    return linked.tab.js(SENT.format(to=to, text=text))


def messages(linked: Linked) -> dict[str, dict[str, Any]]:
    return {one["text"]: one for one in linked.sandbox.get(f"/api/accounts/{linked.number}/messages")}


def test_a_text_goes_out_and_gets_its_ticks(linked: Linked) -> None:
    sent = send(linked, "hello")
    assert sent["ack"] == 1
    assert sent["sendMsgResult"]["messageSendResult"] == "OK"
    linked.until("heard.find(([name, what]) => name === 'chat.msg_ack_change' && what.ack === 3)")
    one = messages(linked)["hello"]
    assert sent["id"] == f"true_{PERSON}@c.us_{one['id']}"
    assert (one["ack"], one["arrivals"], one["retries"]) == (3, 1, 0)
    assert linked.sandbox.get(f"/api/phones/{PERSON}?wait=20&count=1")["received"][-1]["text"] == "hello"


def test_the_first_message_of_a_chat_comes_with_a_notice_that_nobody_wrote(linked: Linked) -> None:
    person = "5491155550006"
    told = "heard.filter(([name, what]) => name === 'chat.new_message' && what.id.includes('{}'))"
    for text in ("first", "second"):
        linked.sandbox.post(f"/api/phones/{person}/send", to=linked.number, text=text)
        linked.until(f"heard.find(([name, what]) => what?.body === '{text}')")
    notice, *written = [what for _, what in linked.tab.js(told.format(person))]
    assert (notice["type"], notice["fromMe"], notice.get("body")) == ("e2e_notification", False, None)
    assert [what["body"] for what in written] == ["first", "second"]


def test_a_number_without_whatsapp_rejects_with_whatsapps_own_error(linked: Linked) -> None:
    linked.sandbox.put("/api/absent/5491155550404")
    call = SENT.format(to="5491155550404", text="x")
    said = linked.tab.js(f"{call}.catch((error) => [error.message, error.code ?? null])")
    assert said == ["findChat: new chat not found 5491155550404@c.us", None]
    assert linked.tab.js("WPP.contact.queryExists('5491155550404@c.us')") is None
    assert linked.tab.js(f"WPP.contact.queryExists('{PERSON}@c.us').then(({{wid}}) => String(wid))") == f"{PERSON}@c.us"


def test_a_refused_message_resolves(linked: Linked) -> None:
    linked.act("sending", mode="refuse", left=1)
    sent = send(linked, "refused")
    assert sent["ack"] < 1
    assert sent["sendMsgResult"]["messageSendResult"] != "OK"
    assert send(linked, "accepted")["ack"] == 1


@pytest.mark.parametrize(("mode", "arrivals", "retries"), [("never", 1, 1), ("lose", 1, 0)])
def test_what_was_not_acknowledged_is_brought_again_once(
    linked: Linked, mode: str, arrivals: int, retries: int
) -> None:
    linked.act("sending", mode=mode, left=1)
    linked.tab.js(
        f"void (window.sent = {SENT.format(to=PERSON, text=mode)}.then(({{ack}}) => window.hears('sent', ack)))"
    )
    linked.hears("chat.new_message")
    linked.tab.js("require('SandboxConnection').ask({op: 'ping'})")  # answered after what was said before
    linked.act("network", online=False)
    linked.hears("conn.stream_info_changed", "OFFLINE")
    assert "sent" not in [one[0] for one in linked.heard()]
    linked.act("network", online=True)
    linked.hears("sent", 1)
    one = messages(linked)[mode]
    assert (one["arrivals"], one["retries"]) == (arrivals, retries)
    received = linked.sandbox.get(f"/api/phones/{PERSON}")["received"]
    assert [message["text"] for message in received].count(mode) == 1


def test_the_same_id_twice_is_delivered_once(linked: Linked) -> None:
    key = f"true_{PERSON}@c.us_3EB0AAAAAAAAAAAAAAAAAA"
    options = f"{{linkPreview: false, markIsRead: false, messageId: '{key}'}}"
    for _ in range(2):
        linked.tab.js(f"WPP.chat.sendTextMessage('{PERSON}@c.us', 'twice', {options})")
    assert messages(linked)["twice"]["arrivals"] == 2
    received = linked.sandbox.get(f"/api/phones/{PERSON}")["received"]
    assert [message["text"] for message in received].count("twice") == 1
    assert linked.tab.js(f"WPP.chat.getMessageById('{key}').then((msg) => msg.body)") == "twice"


def test_messages_sent_offline_leave_in_order_when_the_network_is_back(linked: Linked) -> None:
    send(linked, "before")
    linked.act("network", online=False)
    linked.hears("conn.stream_info_changed", "OFFLINE")
    for text in ("one", "two"):
        linked.tab.js(f"void {SENT.format(to=PERSON, text=text)}.then(() => window.hears('left', '{text}'))")
    linked.act("network", online=True)
    linked.hears("left", "two")
    assert [one for one in messages(linked) if one in ("before", "one", "two")] == ["before", "one", "two"]
    assert messages(linked)["two"]["retries"] == 0


def test_a_phone_that_is_off_leaves_one_tick_until_it_is_on(linked: Linked) -> None:
    phone = "5491155550002"
    linked.sandbox.post(f"/api/phones/{phone}", online=False)
    assert send(linked, "waits", phone)["ack"] == 1
    assert linked.sandbox.get(f"/api/phones/{phone}")["received"] == []
    linked.sandbox.post(f"/api/phones/{phone}", online=True, reads=False)
    linked.until("heard.find(([name, what]) => name === 'chat.msg_ack_change' && what.ack === 2)")
    linked.sandbox.post(f"/api/phones/{phone}", reads=True)
    linked.until("heard.find(([name, what]) => name === 'chat.msg_ack_change' && what.ack === 3)")


def test_inbound_edit_react_revoke_and_call(linked: Linked) -> None:
    phone = f"/api/phones/{PERSON}"
    linked.sandbox.post(f"{phone}/send", to=linked.number, text="hi", id="3AIN1")
    got = linked.until("heard.find(([name, what]) => name === 'chat.new_message' && what.body === 'hi')?.[1]")
    assert (got["id"], got["fromMe"]) == (f"false_{PERSON}@c.us_3AIN1", False)
    linked.sandbox.post(f"{phone}/edit", to=linked.number, id="3AIN1", text="hi there")
    linked.hears("chat.msg_edited")
    linked.sandbox.post(f"{phone}/react", to=linked.number, id="3AIN1", emoji="👍")
    linked.until("heard.find(([name, what]) => name === 'chat.new_reaction' && what.text === '👍')")
    linked.sandbox.post(f"{phone}/revoke", to=linked.number, id="3AIN1")
    linked.hears("chat.msg_revoke")
    linked.until(f"WPP.whatsapp.MsgStore.get('false_{PERSON}@c.us_3AIN1').type === 'revoked'")
    linked.sandbox.post(f"{phone}/call", to=linked.number)
    linked.until(f"heard.find(([name, what]) => name === 'call.incoming_call' && what.peer === '{PERSON}@c.us')")


def test_what_arrives_while_the_browser_is_closed_waits(connected: Sandbox, tab: Callable[[], Tab]) -> None:
    one, me = tab(), "5491100000008"
    one.open()
    connected.post("/api/scan", code=one.until(CODE), number=me)
    one.until(MAIN)
    connected.post(f"/api/phones/{PERSON}/send", to=me, text="seen", id="3ASEEN")
    one.until("heard.find(([name, what]) => name === 'chat.new_message' && what.body === 'seen')")
    one.close()
    state = connected.get(f"/api/accounts/{me}")
    assert (state["state"], state["pages"]) == ("linked", [])
    connected.post(f"/api/phones/{PERSON}/send", to=me, text="later", id="3ALATER")
    one.open()
    one.until(MAIN)
    told = "WPP.whatsapp.MsgStore.map((msg) => [msg.body ?? msg.type, msg.isNewMsg])"
    assert one.js(told) == [["e2e_notification", False], ["seen", False], ["later", True]]
    assert connected.get(f"/api/accounts/{me}")["pending"] == 0


def test_files_keep_their_bytes_out_and_in(linked: Linked) -> None:
    data = bytes(range(256)) * 64
    text = base64.b64encode(data).decode()
    content = f"Uint8Array.from(atob('{text}'), (letter) => letter.charCodeAt(0))"
    file = f"new File([{content}], 'all.bin', {{type: 'application/x-test'}})"
    options = "{type: 'document', caption: 'a file', markIsRead: false}"
    sent = linked.tab.js(f"WPP.chat.sendFileMessage('{PERSON}@c.us', {file}, {options})")
    assert sent["sendMsgResult"]["messageSendResult"] == "OK"
    media = messages(linked)["a file"]["media"]
    assert (media["sha256"], media["filename"]) == (hashlib.sha256(data).hexdigest(), "all.bin")

    given = {"name": "in.png", "mimetype": "image/png", "base64": text}
    linked.sandbox.post(f"/api/phones/{PERSON}/send", to=linked.number, text="look", id="3AFILE", file=given)
    linked.until("heard.find(([name, what]) => name === 'chat.new_message' && what.type === 'image')")
    bytes_of = "(blob) => blob.arrayBuffer().then((held) => [blob.type, ...new Uint8Array(held)])"
    kind, *got = linked.tab.js(f"WPP.chat.downloadMedia('false_{PERSON}@c.us_3AFILE').then({bytes_of})")
    assert (kind, bytes(got)) == ("image/png", data)


def test_a_group_gets_a_message_to_each_member(linked: Linked) -> None:
    group = "120363000000000001@g.us"
    linked.sandbox.put(f"/api/groups/{group}", subject="Team", participants=[linked.number, PERSON, "5491155550003"])
    sent = linked.tab.js(f"WPP.chat.sendTextMessage('{group}', 'to all', {PLAIN})")
    assert sent["ack"] == 1
    assert linked.sandbox.get("/api/phones/5491155550003")["received"][-1]["text"] == "to all"


def test_an_account_with_lids_answers_with_lids(connected: Sandbox, tab: Callable[[], Tab]) -> None:
    one, me = tab(), "5491100000009"
    one.open()
    account = connected.post("/api/scan", code=one.until(CODE), number=me, lids=True)
    one.until(MAIN)
    call = SENT.format(to=PERSON, text="hello")
    assert one.js(f"{call}.catch((error) => error.message)") == "No LID for user"  # it was never asked about
    lid = one.js(f"WPP.contact.getPnLidEntry('{PERSON}@c.us').then(({{lid}}) => lid._serialized)")
    sent = one.js(call)
    assert sent["id"].startswith(f"true_{lid}_")
    assert (sent["to"], sent["from"]) == (lid, f"{account['lid']}@lid")
    acked = one.until("heard.find(([name, what]) => name === 'chat.msg_ack_change' && what.ack === 3)?.[1].ids[0]")
    assert acked == sent["id"]
    connected.post(f"/api/phones/{PERSON}/send", to=me, text="back")
    got = one.until("heard.find(([name, what]) => name === 'chat.new_message' && what.body === 'back')?.[1].id")
    assert got.startswith(f"false_{lid}_")
    connected.put("/api/absent/5491155550405")
    call = SENT.format(to="5491155550405", text="x")
    assert one.js(f"{call}.catch((error) => error.message)") == "No LID for user"
