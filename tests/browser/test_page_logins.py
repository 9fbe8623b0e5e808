"""One page of real Chromium on the sandbox: from a code to a login, and from a stored login to a page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations.account import RefreshQr
from actors.clients.operations.messages import LookedUp, LookUp, SendText
from actors.clients.protocol import (
    Answered,
    BrowserGone,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
)
from tests.browser.pages import CHAT, FRIEND, NUMBER, Open
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("build", "compat", "lids"),
    [
        ("chromium-headless-shell", "modern", False),
        ("chromium-headless-shell", "classic", True),
        ("chromium", "modern", True),
        ("chromium", "classic", False),
    ],
)
def test_a_code_is_shown_scanned_and_the_page_sends_and_receives(
    browsers: Callable[[str], ChromiumBrowser], opened: Open, sandbox: Sandbox, build: str, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    page = opened(browsers(build))
    code = page.told.until(QrShown)
    assert code.code == next(iter(sandbox.get("/state")["pages"]))["code"]
    account = sandbox.post("/scan", code=code.code, number=NUMBER, lids=lids)
    page.told.until(QrScanned)
    ready = page.told.until(Ready)
    assert (ready.phone, ready.lid) == (NUMBER, f"{account['lid']}@lid")

    page.page.call("3EB0000000000000000001", SendText(CHAT, "hello"))
    sent = page.told.until(Answered)
    assert sent.value.message_id == f"true_{sent.value.chat}_3EB0000000000000000001"
    assert sent.value.chat.endswith("@lid" if lids else "@c.us")
    read = page.told.until(AccountEvent, lambda fact: fact.type == "message.ack" and fact.payload["ack"] == 3)
    assert (read.payload["id"], read.payload["phone"]) == (sent.value.message_id, FRIEND)
    assert [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]] == ["hello"]

    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="hello back")
    message = page.told.until(AccountEvent, lambda fact: fact.type == "message").payload
    assert (message["body"], message["phone"], message["from_me"], message["live"]) == (
        "hello back",
        FRIEND,
        False,
        True,
    )
    assert page.close() == BrowserGone(None, "Closed")


def test_a_stored_login_resumes_without_a_code_and_tells_what_came_in_meanwhile(
    browser: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    first = linked(browser)
    first.page.call("order", SendText(CHAT, "hello"))
    sent = first.told.until(Answered)
    first.close()
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="while you were out")
    second = opened(browser)
    second.told.until(Ready)
    message = second.told.until(
        AccountEvent, lambda fact: fact.type == "message" and not fact.payload["from_me"]
    ).payload
    assert message["body"] == "while you were out"  # live or not: it may come a moment before the page is ready
    second.page.call("order", LookUp(sent.value.chat, sent.value.message_id.rpartition("_")[2]))
    found = second.told.until(Answered).value
    assert found.ack is not None
    assert found.ack >= 1
    assert found.complete
    second.page.call("other", LookUp(CHAT, "3EB0FFFFFFFFFFFFFFFFFF"))
    assert second.told.until(Answered).value == LookedUp(None, complete=True)
    assert not second.told.told(QrShown)


def test_codes_follow_one_another_go_idle_and_come_again(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox
) -> None:
    sandbox.post("/settings", qr_refs=2, qr_first=4.0, qr_next=1.0)  # time to load wa-js, however busy the machine
    page = opened(shell)
    first, second = page.told.until(QrShown), page.told.until(QrShown)
    assert first.code != second.code
    assert (2.0 < first.lifetime <= 4.0, 0.5 < second.lifetime <= 1.0) == (True, True)  # as `Conn.refTTL` says
    page.told.until(QrIdle)
    page.page.call("refresh", RefreshQr())
    assert 2.0 < page.told.until(QrShown).lifetime <= 4.0
