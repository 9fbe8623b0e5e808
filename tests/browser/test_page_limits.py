"""One page of real Chromium on the sandbox: what WhatsApp refuses, and what the page sends again by itself."""

from __future__ import annotations

import time

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.operations.messages import LookedUp, LookUp, SendText
from actors.clients.protocol import Answered, OutcomeUnknown, Refused, Restriction, RestrictionTold
from tests.browser.pages import CHAT, CLIENT, FRIEND, NUMBER, Open, Opened
from tests.rig import Sandbox
from tests.rig.processes import until

pytestmark = pytest.mark.e2e

STRANGER = "5491177777777@c.us"
HOUR = 3600


def restricted(page: Opened) -> Restriction:
    """The restriction that the page tells."""
    told = page.told.until(RestrictionTold, lambda fact: fact.restriction is not None).restriction
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("code", "told"),
    [(463, "error 463: no first messages"), (479, "error 479"), (429, "error 429: too many"), (500, "error 500")],
)
def test_a_refusal_is_told_with_its_code_though_the_ack_stays_0(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, code: int, told: str
) -> None:
    page, id = linked(shell), "3EB00000000000000000C1"
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="refuse", code=code, left=1)
    page.page.call(id, SendText(CHAT, "hello"))
    refused = page.told.until(Refused)
    assert (refused.code, told in refused.why) == (str(code), True)
    assert [message["ack"] for message in sandbox.get(f"/accounts/{NUMBER}/messages")] == [0]
    page.page.call("later", LookUp(CHAT, id))
    found = page.told.until(Answered).value
    assert isinstance(found, LookedUp)
    assert found.ack == -1


@pytest.mark.parametrize("kind", ["WEB_COMPANION_ONLY", "RESTRICT_ALL_COMPANIONS"])
def test_a_restriction_is_told_as_it_is_set_and_lifted_and_strangers_are_refused_before_anything_is_filed(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, kind: str
) -> None:
    page = linked(shell)
    assert page.told.until(RestrictionTold).restriction is None, "told once at the start"
    sandbox.post(f"/phones/{FRIEND}/send", to=NUMBER, text="hello")
    sandbox.post(f"/accounts/{NUMBER}/timelock", seconds=HOUR, kind=kind)
    told = restricted(page)
    assert (told.kind, told.known_chats) == (kind, True)
    assert told.until == pytest.approx(time.time() + HOUR, abs=60)
    page.page.call("3EB00000000000000000E0", SendText(STRANGER, "hello"))
    refused = page.told.until(Refused)
    assert (refused.order, refused.code) == ("3EB00000000000000000E0", "RESTRICTED")
    page.page.call("3EB00000000000000000E1", SendText(CHAT, "hello"))
    assert page.told.until(Answered).order == "3EB00000000000000000E1"
    assert [message["text"] for message in sandbox.get(f"/phones/{STRANGER.partition('@')[0]}")["received"]] == []
    sandbox.post(f"/accounts/{NUMBER}/timelock", seconds=0)
    page.told.until(RestrictionTold, lambda fact: fact.restriction is None)
    page.page.call("3EB00000000000000000E2", SendText(STRANGER, "hello"))
    assert page.told.until(Answered).order == "3EB00000000000000000E2"


def test_a_restriction_that_the_page_has_not_heard_of_is_learnt_from_the_first_refusal(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/timelock", seconds=HOUR, tell=False)
    page.page.call("3EB00000000000000000E3", SendText(STRANGER, "hello"))
    assert page.told.until(Refused).code == "463"
    restricted(page)
    page.page.call("3EB00000000000000000E4", SendText(STRANGER, "hello"))
    assert page.told.until(Refused).code == "RESTRICTED"


def test_a_restriction_from_before_a_start_is_told_after_it(
    shell: ChromiumBrowser, linked: Open, opened: Open, sandbox: Sandbox
) -> None:
    first = linked(shell)
    shell.keep_login(CLIENT)
    first.close()
    sandbox.post(f"/accounts/{NUMBER}/timelock", seconds=HOUR)
    assert restricted(opened(shell)).kind == "WEB_COMPANION_ONLY"


def test_a_restriction_whose_time_is_over_holds_nobody_back_though_the_page_still_has_it(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    sandbox.post(f"/accounts/{NUMBER}/timelock", seconds=1)
    restricted(page)
    end = sandbox.get(f"/accounts/{NUMBER}")["timelock"]["until"]
    until(time.time, lambda now: now > end, "the end of the restriction", 10.0)
    page.page.call("3EB00000000000000000E5", SendText(STRANGER, "hello"))
    assert page.told.until(Answered).order == "3EB00000000000000000E5"


def test_a_message_that_is_never_answered_is_sent_again_by_the_page_under_its_id_and_arrives_once(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    sandbox.post("/settings", resend_after=1.0)
    page, id = linked(shell), "3EB00000000000000000D2"
    sandbox.post(f"/accounts/{NUMBER}/sending", mode="never", left=1)
    page.page.call(id, SendText(CHAT, "hello"))
    assert page.told.until(Answered).order == id
    assert not page.told.told(OutcomeUnknown)
    (message,) = sandbox.get(f"/accounts/{NUMBER}/messages")
    assert (message["id"], message["arrivals"], message["retries"]) == (id, 1, 1)
    assert [one["text"] for one in sandbox.get(f"/phones/{FRIEND}")["received"]] == ["hello"]
