"""One page of real Chromium on the sandbox: what is sent, and what happens to messages."""

from __future__ import annotations

import pytest

from actors.browser import page_events
from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations.messages import LookedUp, LookUp, SendText
from actors.clients.protocol import Answered, LinkLost, OutcomeUnknown, Refused
from tests.browser.pages import CHAT, CLIENT, FRIEND, NUMBER, Open, answer, evaluate
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e


def test_everything_that_came_in_meanwhile_is_told_however_much_it_is(
    shell: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_events, "PART", 50)
    first = linked(shell)
    shell.keep_login(CLIENT)
    first.close()
    written = {f"3A{number:018X}" for number in range(110)}
    for id in sorted(written):
        sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="while you were out", id=id)
    second = opened(shell)
    told: set[object] = set()
    while told != written:
        told.add(second.told.until(AccountEvent, lambda fact: fact.type == "message").payload["bare_id"])


@pytest.mark.parametrize("lids", [False, True])
def test_groups_and_lids_are_written_to_as_well(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, lids: bool
) -> None:
    group = "120363000000000001@g.us"
    sandbox.api.put(f"/api/groups/{group}", json={"subject": "Us", "participants": [FRIEND, NUMBER]}).raise_for_status()
    page = linked(shell, lids=lids)
    page.page.call("3EB0000000000000000009", SendText(group, "hello all"))
    sent = page.told.until(Answered)
    assert (sent.value.chat, sent.order) == (group, "3EB0000000000000000009")
    assert sent.value.message_id.startswith(f"true_{group}_3EB0000000000000000009")
    page.page.call("known", SendText(CHAT, "hello"))
    page.told.until(Answered)
    lid = page.told.until(AccountEvent, lambda fact: fact.payload.get("lid") is not None).payload["lid"]
    page.page.call("lid", SendText(lid, "hello"))
    assert page.told.until(Answered).order == "lid"
    received = [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert received == ["hello all", "hello", "hello"]


def test_what_happens_to_messages_is_told(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    said = sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="hello", id="3A00000000000000AAAA")
    first = page.told.until(AccountEvent, lambda fact: fact.type == "message").payload
    assert first["bare_id"] == said["id"] == "3A00000000000000AAAA"
    sandbox.post(f"/phones/{FRIEND}/edit", to=NUMBER, id=said["id"], text="hello again")
    edited = page.told.until(AccountEvent, lambda fact: fact.type == "message.edited").payload
    assert (edited["id"], edited["body"]) == (first["id"], "hello again")
    sandbox.post(f"/phones/{FRIEND}/react", to=NUMBER, id=said["id"], emoji="👍")
    reaction = page.told.until(AccountEvent, lambda fact: fact.type == "message.reaction").payload
    assert (reaction["id"], reaction["reaction"]) == (first["id"], "👍")
    sandbox.post(f"/phones/{FRIEND}/revoke", to=NUMBER, id=said["id"])
    revoked = page.told.until(AccountEvent, lambda fact: fact.type == "message.revoked").payload
    assert revoked["id"] == first["id"]
    sandbox.post(f"/phones/{FRIEND}/call", to=NUMBER)
    assert page.told.until(AccountEvent, lambda fact: fact.type == "call").payload["phone"] == FRIEND


def test_messages_leave_in_order_and_one_that_is_never_answered_holds_up_the_next_for_a_moment_only(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="never", left=1)
    for number in range(4):
        page.page.call(f"order {number}", SendText(CHAT, f"text {number}"))
    sent = [page.told.until(Answered).order for _ in range(3)]
    assert sent == ["order 1", "order 2", "order 3"]
    assert page.told.until(OutcomeUnknown).order == "order 0"
    received = [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert [text for text in received if text != "text 0"] == ["text 1", "text 2", "text 3"]


def test_a_message_the_page_has_yet_to_file_is_not_called_absent_and_leaves_once(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page, id = linked(shell), "3EB00000000000000000AA"
    # Of a stranger the page asks twice: who it is, and for the chat.
    slow = """(() => {
        const connection = require('SandboxConnection'), ask = connection.ask;
        connection.ask = (question) => new Promise((go) => setTimeout(go, 2250)).then(() => ask(question));
    })()"""
    evaluate(page, slow)
    page.page.call(id, SendText(CHAT, "slow"))
    page.page.call("queued", LookUp(CHAT, id))
    assert not page.told.until(Answered).value.complete
    page.told.until(OutcomeUnknown)
    page.page.call("late", LookUp(CHAT, id))
    assert page.told.until(Answered).value == LookedUp(None, complete=False)
    page.page.call(id, SendText(CHAT, "slow"))
    page.told.until(Answered)
    (message,) = sandbox.get(f"/accounts/{NUMBER}/messages")
    assert (message["arrivals"], message["retries"]) == (1, 0)


def test_a_refused_message_is_refused_in_whatsapps_words(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.api.put("/api/absent/5491133333333")
    page.page.call("nobody", SendText("5491133333333@c.us", "hello"))
    assert "5491133333333" in page.told.until(Refused).why
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="refuse", left=1)
    page.page.call("refused", SendText(CHAT, "hello"))
    assert page.told.until(Refused).order == "refused"
    page.page.call("fine", SendText(CHAT, "hello"))
    assert page.told.until(Answered).order == "fine"


def throwing(thrown: str, *, after_sending: bool) -> str:
    """Has WhatsApp Web throw this whenever something is sent."""
    return f"""(() => {{
        const action = require('WAWebSendMsgChatAction'), real = action.addAndSendMsgToChat;
        action.addAndSendMsgToChat = (...given) => {{
            {"real(...given);" if after_sending else ""}
            throw {thrown};
        }};
    }})()"""


def test_what_was_filed_before_an_error_that_cannot_even_be_told_is_not_called_refused(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page, id = linked(shell), "3EB00000000000000000BB"
    evaluate(page, throwing("Object.create(null)", after_sending=True))
    page.page.call(id, SendText(CHAT, "hello"))
    assert page.told.until(OutcomeUnknown).order == id
    page.told.until(AccountEvent, lambda fact: fact.payload["bare_id"] == id and fact.payload["ack"] == 3)
    page.page.call("what became of it", LookUp(CHAT, id))
    assert page.told.until(Answered).value.ack == 3


def test_a_thrown_object_is_told_by_its_code_and_not_with_all_it_carries(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    evaluate(page, throwing("{code: 'E_QUOTA', body: 'a private matter'}", after_sending=False))
    page.page.call("order", SendText(CHAT, "hello"))
    assert page.told.until(Refused).why == "E_QUOTA"


def test_what_the_page_has_in_its_memory_and_no_event_told_is_told_when_it_is_ready(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    answer(shell, "WPP.removeAllListeners('chat.new_message')")
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="unheard")
    page.page.call("after it", SendText(CHAT, "hello"))
    page.told.until(Answered)
    assert not [fact for fact in page.told.told(AccountEvent) if fact.type == "message"]
    sandbox.post(f"/accounts/{NUMBER}/network", online=False)
    page.told.until(LinkLost)
    sandbox.post(f"/accounts/{NUMBER}/network", online=True)
    message = page.told.until(AccountEvent, lambda fact: fact.type == "message").payload
    assert (message["body"], message["live"]) == ("unheard", False)


def test_sending_reads_no_messages_and_asks_no_other_host(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="unread")
    chat = page.told.until(AccountEvent, lambda fact: fact.type == "message").payload["chat"]
    page.page.call("order", SendText(chat, "see https://example.com/ and www.example.org"))
    page.told.until(Answered)
    unread = f"WPP.whatsapp.ChatStore.get({chat!r}).unreadCount"
    assert answer(shell, unread) == 1
    loaded = answer(shell, "performance.getEntriesByType('resource').map(({name}) => name).join(' ')")
    assert {url for url in str(loaded).split() if not url.startswith(sandbox.url.rstrip("/"))} == set()
