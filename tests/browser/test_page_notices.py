"""One page of real Chromium on the sandbox: what WhatsApp itself writes into chats is no message of a person."""

from __future__ import annotations

from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations.messages import SendText
from actors.clients.protocol import Answered, LinkLost
from tests.browser.pages import CHAT, CLIENT, FRIEND, NUMBER, Open, Opened
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

OTHER = "5491166778899"
GROUP = "120363000000000002@g.us"
MEANINGLESS: list[dict[str, Any]] = [
    {"type": "notification_template", "subtype": "disappearing_mode"},
    {"type": "protocol", "subtype": "ephemeral_setting"},
    {"type": "broadcast_notification", "subtype": "create"},
    {"type": "ciphertext"},
    {"type": "e2e_notification", "subtype": "encrypt"},
    {"type": "debug"},
]
TELLING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "group.changed",
        {"type": "gp2", "subtype": "add", "chat": GROUP, "author": FRIEND, "people": [OTHER]},
        {"change": "add", "author": f"{FRIEND}@c.us", "people": [f"{OTHER}@c.us"], "value": None, "chat": GROUP},
    ),
    (
        "group.changed",
        {"type": "gp2", "subtype": "subject", "chat": GROUP, "author": FRIEND, "body": "Our news"},
        {"change": "subject", "people": [], "value": "Our news", "chat": GROUP},
    ),
    (
        "call.logged",
        {"type": "call_log", "chat": FRIEND, "callOutcome": "Missed", "isVideoCall": True, "callDuration": 0},
        {"outcome": "Missed", "video": True, "duration": 0, "chat": CHAT, "phone": FRIEND},
    ),
    (
        "contact.security_code_changed",
        {"type": "e2e_notification", "subtype": "identity", "chat": FRIEND},
        {"chat": CHAT, "phone": FRIEND},
    ),
    (
        "contact.number_changed",
        {
            "type": "notification_template",
            "subtype": "change_number",
            "chat": FRIEND,
            "templateParams": [f"{OTHER}@c.us"],
        },
        {"chat": CHAT, "phone": FRIEND, "people": [f"{OTHER}@c.us"]},
    ),
]


def told(page: Opened, sandbox: Sandbox) -> list[AccountEvent]:
    """What has happened until a message that is sent now is."""
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="the last one")
    page.told.until(AccountEvent, lambda fact: fact.type == "message" and fact.payload["body"] == "the last one")
    return page.told.told(AccountEvent)


def messages(facts: list[AccountEvent]) -> list[object]:
    return [fact.payload["body"] for fact in facts if fact.type == "message"]


def test_the_first_message_of_a_chat_is_told_without_the_notice_that_whatsapp_writes_before_it(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/phones/{OTHER}/send", to=NUMBER, text="hello")
    page.page.call("order", SendText(CHAT, "good morning"))
    page.told.until(Answered)
    assert messages(told(page, sandbox)) == ["hello", "the last one"]


def test_notices_are_not_told_as_messages(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    for notice in MEANINGLESS:
        sandbox.post(f"/accounts/{NUMBER}/notice", chat=FRIEND, **notice)
    facts = told(page, sandbox)
    assert messages(facts) == ["the last one"]
    assert {fact.type for fact in facts} == {"message"}


@pytest.mark.parametrize(("kind", "notice", "payload"), TELLING)
def test_a_notice_that_means_something_is_an_event_of_its_own(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, kind: str, notice: dict[str, Any], payload: dict[str, Any]
) -> None:
    sandbox.api.put(f"/api/groups/{GROUP}", json={"subject": "Us", "participants": [FRIEND, OTHER]}).raise_for_status()
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/notice", **notice)
    fact = page.told.until(AccountEvent, lambda fact: fact.type == kind)
    assert {name: fact.payload[name] for name in payload} == payload
    assert messages(told(page, sandbox)) == ["the last one"]


def test_what_the_page_has_in_its_memory_after_a_start_is_told_by_the_same_rule(
    shell: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    first = linked(shell)
    shell.keep_login(CLIENT)
    sandbox.post(f"/phones/{OTHER}/send", to=NUMBER, text="before")
    assert messages(told(first, sandbox)) == ["before", "the last one"]
    first.close()
    for notice in MEANINGLESS:
        sandbox.post(f"/accounts/{NUMBER}/notice", chat=FRIEND, **notice)
    sandbox.post(f"/accounts/{NUMBER}/notice", type="gp2", subtype="leave", chat=OTHER, from_me=True)
    second = opened(shell)
    second.told.until(AccountEvent, lambda fact: fact.type == "group.changed")
    facts = told(second, sandbox)
    assert set(messages(facts)) == {"before", "the last one"}
    assert not [fact for fact in facts if fact.type == "message.ack"]


def test_a_lost_and_found_network_tells_no_notice_again(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/notice", type="call_log", chat=FRIEND, callOutcome="Missed")
    page.told.until(AccountEvent, lambda fact: fact.type == "call.logged")
    sandbox.post(f"/accounts/{NUMBER}/network", online=False)
    page.told.until(LinkLost)
    sandbox.post(f"/accounts/{NUMBER}/network", online=True)
    assert [fact.type for fact in told(page, sandbox)].count("call.logged") == 1
