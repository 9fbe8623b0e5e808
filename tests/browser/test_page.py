"""One page of real Chromium on the sandbox: what is told of everything that can happen to it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import psutil
import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.protocol import (
    Blocked,
    BrowserGone,
    Conflict,
    Happened,
    LinkLost,
    LinkResumed,
    LoggedOut,
    LookedUp,
    PageFailed,
    PairingCodeShown,
    Probed,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
    ScreenshotTaken,
    SendRefused,
    SendUnsettled,
    Sent,
)
from actors.clients.types import ClientId, Reason
from tests.browser.conftest import CLIENT, FRIEND, NUMBER, Opened
from tests.rig import Sandbox, naming

pytestmark = pytest.mark.e2e

Open = Callable[..., Opened]
CHAT = f"{FRIEND}@c.us"
GENERATIONS = pytest.mark.parametrize("compat", ["modern", "classic"])


def pid_of(browser: ChromiumBrowser, client_id: ClientId = CLIENT) -> int:
    recorded = browser._profiles.of(client_id).recorded()
    assert recorded is not None
    return recorded[0]


def renderers_of(pid: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(pid).children(True) if "--type=renderer" in child.cmdline()]


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

    page.page.send_text("first", CHAT, "hello", "3EB0000000000000000001")
    sent = page.told.until(Sent)
    assert sent.message_id == f"true_{sent.chat}_3EB0000000000000000001"
    assert sent.chat.endswith("@lid" if lids else "@c.us")
    read = page.told.until(Happened, lambda fact: fact.kind == "message.ack" and fact.payload["ack"] == 3)
    assert (read.payload["id"], read.payload["phone"]) == (sent.message_id, FRIEND)
    assert [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]] == ["hello"]

    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="hello back")
    message = page.told.until(Happened, lambda fact: fact.kind == "message").payload
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
    first.page.send_text("order", CHAT, "hello")
    sent = first.told.until(Sent)
    first.close()
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="while you were out")
    second = opened(browser)
    second.told.until(Ready)
    message = second.told.until(Happened, lambda fact: fact.kind == "message").payload
    assert (message["body"], message["live"]) == ("while you were out", False)
    second.page.look_up("order", sent.chat, sent.message_id.rpartition("_")[2])
    found = second.told.until(LookedUp)
    assert found.ack is not None
    assert found.ack >= 1
    assert found.complete
    second.page.look_up("other", CHAT, "3EB0FFFFFFFFFFFFFFFFFF")
    assert second.told.until(LookedUp) == LookedUp("other", "3EB0FFFFFFFFFFFFFFFFFF", None, complete=True)
    assert not second.told.told(QrShown)


def test_everything_that_came_in_meanwhile_is_told_however_much_it_is(
    shell: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    first = linked(shell)
    shell.keep_login(CLIENT)
    first.close()
    written = {f"3A{number:018X}" for number in range(1100)}
    for id in sorted(written):
        sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="while you were out", id=id)
    second = opened(shell)
    told: set[object] = set()
    while told != written:
        told.add(second.told.until(Happened, lambda fact: fact.kind == "message").payload["bare_id"])


@pytest.mark.parametrize("lids", [False, True])
def test_groups_and_lids_are_written_to_as_well(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, lids: bool
) -> None:
    group = "120363000000000001@g.us"
    sandbox.api.put(f"/api/groups/{group}", json={"subject": "Us", "participants": [FRIEND]}).raise_for_status()
    page = linked(shell, lids=lids)
    page.page.send_text("group", group, "hello all", "3EB0000000000000000009")
    sent = page.told.until(Sent)
    assert (sent.chat, sent.order) == (group, "group")
    assert sent.message_id.startswith(f"true_{group}_3EB0000000000000000009")
    page.page.send_text("known", CHAT, "hello")
    page.told.until(Sent)
    lid = page.told.until(Happened, lambda fact: fact.payload.get("lid") is not None).payload["lid"]
    page.page.send_text("lid", lid, "hello")
    assert page.told.until(Sent).order == "lid"
    received = [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert received == ["hello all", "hello", "hello"]


def test_what_happens_to_messages_is_told(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    said = sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="hello", id="3A00000000000000AAAA")
    first = page.told.until(Happened, lambda fact: fact.kind == "message").payload
    assert first["bare_id"] == said["id"] == "3A00000000000000AAAA"
    sandbox.post(f"/phones/{FRIEND}/edit", to=NUMBER, id=said["id"], text="hello again")
    edited = page.told.until(Happened, lambda fact: fact.kind == "message.edited").payload
    assert (edited["id"], edited["body"]) == (first["id"], "hello again")
    sandbox.post(f"/phones/{FRIEND}/react", to=NUMBER, id=said["id"], emoji="👍")
    reaction = page.told.until(Happened, lambda fact: fact.kind == "message.reaction").payload
    assert (reaction["id"], reaction["reaction"]) == (first["id"], "👍")
    sandbox.post(f"/phones/{FRIEND}/revoke", to=NUMBER, id=said["id"])
    revoked = page.told.until(Happened, lambda fact: fact.kind == "message.revoked").payload
    assert revoked["id"] == first["id"]
    sandbox.post(f"/phones/{FRIEND}/call", to=NUMBER)
    assert page.told.until(Happened, lambda fact: fact.kind == "call").payload["phone"] == FRIEND


def test_messages_leave_in_order_and_one_that_is_never_answered_holds_up_the_next_for_a_moment_only(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="never", left=1)
    for number in range(4):
        page.page.send_text(f"order {number}", CHAT, f"text {number}")
    sent = [page.told.until(Sent).order for _ in range(3)]
    assert sent == ["order 1", "order 2", "order 3"]
    assert page.told.until(SendUnsettled).order == "order 0"
    received = [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert [text for text in received if text != "text 0"] == ["text 1", "text 2", "text 3"]


def test_a_message_the_page_has_yet_to_file_is_not_called_absent_and_leaves_once(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page, id = linked(shell), "3EB00000000000000000AA"
    slow = """(() => {
        const connection = require('WAWebConnection'), ask = connection.ask;
        connection.ask = (question) => new Promise((go) => setTimeout(go, 4500)).then(() => ask(question));
    })()"""
    evaluate(page, slow)
    page.page.send_text(id, CHAT, "slow", id)
    page.page.look_up("queued", CHAT, id)
    assert not page.told.until(LookedUp).complete
    page.told.until(SendUnsettled)
    page.page.look_up("late", CHAT, id)
    assert page.told.until(LookedUp) == LookedUp("late", id, None, complete=False)
    page.page.send_text(id, CHAT, "slow", id)
    page.told.until(Sent)
    (message,) = sandbox.get(f"/accounts/{NUMBER}/messages")
    assert (message["arrivals"], message["retries"]) == (1, 0)


def evaluate(page: Opened, expression: str) -> None:
    """Have the page do something, before anything that is ordered afterwards."""
    real: Any = page.page
    real._house.loop.call(lambda: real._wire.post("Runtime.evaluate", {"expression": expression}))


def test_a_refused_message_is_refused_in_whatsapps_words(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.api.put("/api/absent/5491133333333")
    page.page.send_text("nobody", "5491133333333@c.us", "hello")
    assert "5491133333333" in page.told.until(SendRefused).why
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="refuse", left=1)
    page.page.send_text("refused", CHAT, "hello")
    assert page.told.until(SendRefused).order == "refused"
    page.page.send_text("fine", CHAT, "hello")
    assert page.told.until(Sent).order == "fine"


def probe_for_ever(page: Opened) -> None:
    """Raises AssertionError when a probe is not answered within a second."""
    for token in count(2):
        page.page.probe(token)
        page.told.until(Probed, partial(_answers, token), seconds=1.0)


def _answers(token: int, probed: Probed) -> bool:
    return probed.token == token


@GENERATIONS
def test_a_lost_link_is_told_and_its_return(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str
) -> None:
    sandbox.post("/settings", compat=compat, reconnect_delay=0.05, reconnect_cap=0.05)
    page = linked(shell)
    for call, off in (("network", {"online": False}), ("reachable", {"reachable": False})):
        sandbox.post(f"/accounts/{NUMBER}/{call}", **off)
        assert page.told.until(LinkLost).reason is Reason.NETWORK_LOST
        sandbox.post(f"/accounts/{NUMBER}/{call}", **dict.fromkeys(off, True))
        page.told.until(LinkResumed)
        page.told.until(Ready)
    sandbox.post(f"/accounts/{NUMBER}/unavailable", seconds=0.2)
    assert page.told.until(LinkLost).reason is Reason.SERVICE_UNAVAILABLE
    page.told.until(Ready)
    until = time.time() + 1
    sandbox.post(f"/accounts/{NUMBER}/temp-ban", seconds=1)
    lost = page.told.until(LinkLost)
    assert lost.reason is Reason.TEMPORARILY_BANNED
    assert lost.until == pytest.approx(until, abs=1.0)
    page.told.until(Ready)
    assert len(page.told.told(LinkLost)) == 4


LOGOUTS = [
    ("classic", "logout", {}, Reason.LOGGED_OUT_BY_PHONE),
    ("modern", "ban", {}, Reason.LOGGED_OUT_BY_PHONE),
    ("classic", "lock", {}, Reason.ACCOUNT_LOCKED),
    ("modern", "storage-failure", {"reason": "syncd_failure"}, Reason.STORAGE_FAILED),
]


@pytest.mark.parametrize(("compat", "call", "body", "reason"), LOGOUTS)
def test_the_end_of_a_login_is_told_once_and_a_new_code_shows(
    shell: ChromiumBrowser,
    linked: Open,
    sandbox: Sandbox,
    compat: str,
    call: str,
    body: dict[str, object],
    reason: Reason,
) -> None:
    sandbox.post("/settings", compat=compat)
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/{call}", **body)
    assert page.told.until(LoggedOut).reason is reason
    page.told.until(QrShown)
    assert len(page.told.told(LoggedOut)) == 1


def test_logging_out_works_on_old_pages_too(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    sandbox.post("/settings", compat="classic")
    page = linked(shell)
    page.page.log_out()
    assert page.told.until(LoggedOut).reason is Reason.LOGGED_OUT_BY_API
    assert sandbox.get(f"/accounts/{NUMBER}", wait=5, state="gone")["devices"] == []


def test_a_login_that_was_removed_meanwhile_is_told_at_the_resume(
    shell: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    linked(shell).close()
    sandbox.post(f"/accounts/{NUMBER}/logout")
    page = opened(shell)
    assert page.told.until(LoggedOut).reason is Reason.LOGGED_OUT_BY_PHONE
    page.told.until(QrShown)


BLOCKS = {
    "TOS_BLOCK": Reason.TERMS_OF_SERVICE,
    "SMB_TOS_BLOCK": Reason.TERMS_OF_SERVICE,
    "PROXYBLOCK": Reason.PROXY_BLOCKED,
    "SCREEN_LOCKED": Reason.SCREEN_LOCKED,
}


@GENERATIONS
def test_what_only_a_human_can_lift_is_told(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str
) -> None:
    sandbox.post("/settings", compat=compat)
    page = linked(shell)
    for state, reason in BLOCKS.items():
        sandbox.post(f"/accounts/{NUMBER}/block", state=state)
        assert page.told.until(Blocked).reason is reason
        sandbox.post(f"/accounts/{NUMBER}/block", state="")
        page.told.until(Ready)
    sandbox.post(f"/accounts/{NUMBER}/outdated", mode="always")
    assert page.told.until(PageFailed).reason is Reason.VERSION_OUTDATED


@pytest.mark.parametrize(("call", "compat"), [("replace", "modern"), ("conflict", "classic")])
def test_a_session_opened_elsewhere_is_a_conflict(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, call: str, compat: str
) -> None:
    sandbox.post("/settings", compat=compat)
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/{call}")
    page.told.until(Conflict)
    assert len(page.told.told(Conflict)) == 1


def test_codes_follow_one_another_go_idle_and_come_again(
    shell: ChromiumBrowser, opened: Open, sandbox: Sandbox
) -> None:
    sandbox.post("/settings", qr_refs=2, qr_first=0.3, qr_next=0.3)
    page = opened(shell)
    first, second = page.told.until(QrShown), page.told.until(QrShown)
    assert first.code != second.code
    assert (first.lifetime, second.lifetime) == (60.0, 20.0)
    page.told.until(QrIdle)
    page.page.refresh_qr()
    assert page.told.until(QrShown).lifetime == 60.0


def test_a_pairing_code_links_too(shell: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    page = opened(shell)
    page.told.until(QrShown)
    page.page.request_pairing_code(NUMBER)
    sandbox.post("/pair", code=page.told.until(PairingCodeShown).code, number=NUMBER)
    page.told.until(QrScanned)
    page.told.until(Ready)


def test_a_probe_tells_the_memory_and_a_hung_page_answers_none(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    page.page.probe(1)
    probed = page.told.until(Probed)
    assert probed.token == 1
    assert probed.pss is not None
    assert probed.pss > 10 * 2**20
    page.page.take_screenshot()
    assert (page.told.until(ScreenshotTaken).png or b"").startswith(b"\x89PNG")
    sandbox.post(f"/accounts/{NUMBER}/page", do="hang", seconds=30)
    with pytest.raises(AssertionError, match="no Probed within"):  # the page hears of its fate a moment later
        probe_for_ever(page)
    page.page.send_text("order", CHAT, "hello")
    assert page.told.until(SendUnsettled).order == "order"
    page.page.kill()
    assert page.told.until(BrowserGone) == BrowserGone(None, "Closed")


def test_a_killed_chromium_is_noticed_at_once_and_leaves_nothing(
    browser: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    page = linked(browser)
    page.close()  # what was written a moment ago is on disk now
    page = opened(browser)
    page.told.until(Ready)
    pid = pid_of(browser)
    killed_at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    gone = page.told.until(BrowserGone)
    took = time.monotonic() - killed_at
    assert gone.reason is Reason.BROWSER_CRASHED
    assert took < 0.5
    assert not naming(browser._profiles.of(CLIENT).directory)
    again = opened(browser)
    again.told.until(Ready)


def test_a_stopped_chromium_is_killed(browser: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    page = opened(browser)
    page.told.until(QrShown)
    os.kill(pid_of(browser), signal.SIGSTOP)
    page.page.probe(1)
    page.page.kill()
    assert page.told.until(BrowserGone).reason is None
    assert not page.told.told(Probed)
    assert not naming(browser._profiles.of(CLIENT).directory)


def test_a_crashed_renderer_is_told(browser: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    page = opened(browser)
    page.told.until(QrShown)
    for renderer in renderers_of(pid_of(browser)):
        renderer.kill()
    assert page.told.until(PageFailed).reason is Reason.PAGE_CRASHED
    assert page.close() == BrowserGone(None, "Closed")


def test_a_page_that_goes_elsewhere_is_told(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/page", do="leave")
    assert page.told.until(PageFailed).reason is Reason.PAGE_LEFT


def test_a_connection_that_went_deaf_is_told(shell: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> None:
    page = opened(shell)
    page.told.until(QrShown)
    assert shell._house is not None
    chromium_page = next(iter(shell._pages))
    assert chromium_page._life is not None
    wire = chromium_page._life.wire
    assert wire is not None
    shell._house.loop.call(wire.deaf.cancel)
    assert page.told.until(PageFailed).reason is Reason.BROWSER_DEAF
    assert page.close().reason is None
