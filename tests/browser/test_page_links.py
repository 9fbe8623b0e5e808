"""One page of real Chromium on the sandbox: all that can come between it and WhatsApp."""

from __future__ import annotations

import time

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.operations.account import LogOut
from actors.clients.protocol import Blocked, Conflict, LinkLost, LinkResumed, LoggedOut, PageFailed, QrShown, Ready
from actors.clients.types import Reason
from tests.browser.pages import GENERATIONS, NUMBER, Open
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e


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
    ("classic", "storage-failure", {"reason": "lid_migration_unmigrated_companion"}, Reason.STORAGE_FAILED),
    ("modern", "storage-failure", {"reason": "lid_migration_unmigrated_primary"}, Reason.PRIMARY_NOT_MIGRATED),
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
    page.page.call("log out", LogOut())
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
