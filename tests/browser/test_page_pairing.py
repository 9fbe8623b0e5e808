"""One page of real Chromium on the sandbox: codes that are void before their time, pairing by a code or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.operations.account import RequestPairingCode
from actors.clients.protocol import (
    Answered,
    LoggedOut,
    PairingCodeRenewed,
    PairingHindered,
    QrScanned,
    QrShown,
    QrVoid,
    Ready,
    Refused,
)
from actors.clients.types import Reason
from tests.browser.pages import BUILDS, NUMBER, Open, Opened, answer, evaluate, options, running
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

ADDRESS = "https://wa.me/settings/linked_devices#"


@pytest.fixture
def page(shell: ChromiumBrowser, opened: Open, sandbox: Sandbox) -> Opened:
    """A page on the sandbox that has not shown a code yet."""
    return opened(shell)


def the_page(sandbox: Sandbox) -> dict[str, Any]:
    (page,) = sandbox.get("/state")["pages"]
    return dict(page)


def refused(sandbox: Sandbox, path: str, **said: Any) -> str:
    answer = sandbox.api.post(f"/api{path}", json=said)
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["error"]["code"])


def test_a_code_is_the_text_that_the_page_draws(page: Opened, sandbox: Sandbox) -> None:
    """Since July 2026 an address, and the platform last."""
    code = page.told.until(QrShown).code
    assert code == the_page(sandbox)["code"]
    assert code.startswith(f"{ADDRESS}2@")
    assert code.endswith(",1")
    assert code.count(",") == 4


def test_a_code_may_be_drawn_as_before(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", qr_url=False)
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, BUILDS[0], qr_url=False))) as browser:
        page = Opened(browser)
        code = page.told.until(QrShown).code
        assert code == the_page(sandbox)["code"].removesuffix(",1")
        sandbox.post("/scan", code=code, number=NUMBER)
        page.told.until(Ready)
        page.close()


def test_a_code_whose_secret_has_changed_is_replaced_at_once(page: Opened, sandbox: Sandbox) -> None:
    first = page.told.until(QrShown)
    drawn = sandbox.post(f"/pages/{the_page(sandbox)['id']}/rotate")["code"]
    second = page.told.until(QrShown)
    assert second.code == drawn != first.code
    assert second.code.split(",")[0] == first.code.split(",")[0]  # the same reference
    assert second.lifetime < first.lifetime  # it lasts as long as that
    assert refused(sandbox, "/scan", code=first.code, number=NUMBER) == "STALE_CODE"
    sandbox.post("/scan", code=second.code, number=NUMBER)
    page.told.until(Ready)


def test_a_passkey_that_is_wanted_is_told_and_another_phone_may_scan(page: Opened, sandbox: Sandbox) -> None:
    first = page.told.until(QrShown)
    sandbox.post(f"/phones/{NUMBER}", passkey=True)
    assert refused(sandbox, "/scan", code=first.code, number=NUMBER) == "PASSKEY_ASKED"
    assert page.told.until(PairingHindered).reason is Reason.PASSKEY_REQUIRED
    second = page.told.until(QrShown)
    assert second.code != first.code
    sandbox.post("/scan", code=second.code, number="5491100000008")
    page.told.until(Ready)


def test_a_primary_that_has_not_moved_to_lids_is_told(page: Opened, sandbox: Sandbox) -> None:
    """However early it is scanned: wa-js hears the reason of a logout only from a second after the code on."""
    sandbox.post(f"/phones/{NUMBER}", migrated=False)
    sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
    assert page.told.until(LoggedOut).reason is Reason.PRIMARY_NOT_MIGRATED
    page.told.until(QrShown)  # the page after it
    assert len(page.told.told(LoggedOut)) == 1


HOOKED = "WPP.isFullReady || new Promise((done) => WPP.on('loader.full_ready', () => done(true)))"


def test_the_reason_of_a_logout_is_heard_beside_wa_js_too(
    shell: ChromiumBrowser, page: Opened, sandbox: Sandbox
) -> None:
    sandbox.post(f"/phones/{NUMBER}", migrated=False)
    code = page.told.until(QrShown).code
    assert answer(shell, HOOKED)
    sandbox.post("/scan", code=code, number=NUMBER)
    assert page.told.until(LoggedOut).reason is Reason.PRIMARY_NOT_MIGRATED
    page.told.until(QrShown)
    assert len(page.told.told(LoggedOut)) == 1


def test_a_pairing_code_voids_the_qr_and_links(page: Opened, sandbox: Sandbox) -> None:
    page.told.until(QrShown)
    page.page.call("code", RequestPairingCode(NUMBER))
    page.told.until(QrVoid)
    shown = page.told.until(Answered).value
    assert 175 < shown.lifetime <= 180
    sandbox.post("/pair", code=shown.code, number=NUMBER)
    page.told.until(QrScanned)
    page.told.until(Ready)


def test_a_pairing_code_that_is_asked_for_again_is_the_same_one(page: Opened, sandbox: Sandbox) -> None:
    page.told.until(QrShown)
    page.page.call("code", RequestPairingCode(NUMBER))
    first = page.told.until(Answered).value
    page.page.call("code", RequestPairingCode(NUMBER))
    second = page.told.until(Answered).value
    assert second.code == first.code == the_page(sandbox)["pairing_code"]
    assert second.lifetime < first.lifetime


def test_a_pairing_code_is_renewed_five_times_and_then_the_qr_is_back(page: Opened, sandbox: Sandbox) -> None:
    page.told.until(QrShown)
    sandbox.post("/settings", code_refresh=0.5)
    page.page.call("code", RequestPairingCode(NUMBER))
    over = page.told.until(PairingHindered)
    assert over.reason is Reason.PAIRING_CODE_OVER
    codes = [fact.code for fact in page.told.told(PairingCodeRenewed)]
    assert len(codes) == len(set(codes)) == 6
    code = page.told.until(QrShown).code
    sandbox.post("/scan", code=code, number=NUMBER)
    page.told.until(Ready)


SLOW = """
    (() => {
      const linking = window.require('WAWebAltDeviceLinkingApi');
      const clear = linking.initializeAltDeviceLinking;
      const held = new Promise((go) => { window.letGo = go; });
      linking.initializeAltDeviceLinking = async () => { await held; return clear(); };
    })()
"""
"""A page that takes its time to clear the secret, until it is let go."""
LINKING = "window.require('WAWebLinkDeviceAction')"


def test_a_renewal_that_is_under_way_as_the_code_ends_does_not_void_the_qr(
    shell: ChromiumBrowser, page: Opened, sandbox: Sandbox
) -> None:
    page.told.until(QrShown)
    page.page.call("code", RequestPairingCode(NUMBER))
    page.told.until(Answered)
    evaluate(page, SLOW)
    evaluate(page, f"{LINKING}.refreshAltLinkingCode()")
    evaluate(page, f"{LINKING}.forceManualRefresh()")
    assert page.told.until(PairingHindered).reason is Reason.PAIRING_CODE_OVER
    answer(shell, "letGo()")
    code = page.told.until(QrShown).code
    answer(shell, "new Promise((over) => requestIdleCallback(over))")  # whatever was let go is through
    assert code == answer(shell, "window.require('SandboxQrText').ofQr()")
    sandbox.post("/scan", code=code, number=NUMBER)
    page.told.until(Ready)


def test_a_pairing_code_that_is_asked_for_as_another_ends_is_good(page: Opened, sandbox: Sandbox) -> None:
    page.told.until(QrShown)
    page.page.call("code", RequestPairingCode(NUMBER))
    first = page.told.until(Answered).value
    evaluate(page, f"{LINKING}.forceManualRefresh()")
    page.page.call("code", RequestPairingCode(NUMBER))
    second = page.told.until(Answered).value
    assert second.code != first.code
    sandbox.post("/pair", code=second.code, number=NUMBER)
    page.told.until(Ready)


def test_a_phone_that_has_begun_with_a_pairing_code_has_a_minute(page: Opened, sandbox: Sandbox) -> None:
    page.told.until(QrShown)
    page.page.call("code", RequestPairingCode(NUMBER))
    shown = page.told.until(Answered).value
    sandbox.post("/hello", code=shown.code, number=NUMBER)
    assert page.told.until(PairingCodeRenewed, lambda fact: fact.lifetime == 60).code == shown.code
    sandbox.post("/pair", code=shown.code, number=NUMBER)
    page.told.until(Ready)


def test_a_pairing_code_that_is_typed_too_late_is_over(page: Opened, sandbox: Sandbox) -> None:
    page.told.until(QrShown)
    page.page.call("code", RequestPairingCode(NUMBER))
    shown = page.told.until(Answered).value
    sandbox.post("/settings", code_life=0.0)
    assert refused(sandbox, "/pair", code=shown.code, number=NUMBER) == "OLD_CODE"
    assert page.told.until(PairingHindered).reason is Reason.PAIRING_CODE_OVER
    assert page.told.until(QrShown).code == the_page(sandbox)["code"]


def test_a_platform_that_is_refused_is_told_and_the_qr_is_back(page: Opened, sandbox: Sandbox) -> None:
    page.told.until(QrShown)
    sandbox.post("/settings", refuse_platform=True)
    page.page.call("code", RequestPairingCode(NUMBER))
    assert page.told.until(Refused).why.endswith("IQErrorBadRequest")
    assert page.told.until(PairingHindered).reason is Reason.PLATFORM_REFUSED
    sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
    page.told.until(Ready)
    assert len(page.told.told(PairingHindered)) == 1
