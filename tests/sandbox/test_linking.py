"""How a link is refused or voided, as on WhatsApp Web's own page: secrets that change, passkeys, codes that are old."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import CODE, MAIN

pytestmark = pytest.mark.e2e

ME = "5491100000001"
ADDRESS = "https://wa.me/settings/linked_devices#"
Tabs = Callable[[], Tab]


@pytest.fixture
def one(sandbox: Sandbox, tab: Tabs) -> Tab:
    """A page that shows a code."""
    page = tab()
    page.open()
    page.until(CODE)
    return page


def shown(sandbox: Sandbox) -> dict[str, Any]:
    (page,) = sandbox.get("/api/pages?wait=20")
    return dict(page)


def refused(sandbox: Sandbox, path: str, **said: Any) -> str:
    answer = sandbox.http.post(path, json=said)
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["error"]["code"])


@pytest.mark.parametrize("qr_url", [True, False])
def test_a_code_is_taken_in_each_form_it_may_be_drawn_in(sandbox: Sandbox, tab: Tabs, qr_url: bool) -> None:
    sandbox.post("/api/settings", qr_url=qr_url)
    one = tab()
    one.open()
    four: str = one.until(CODE)
    assert shown(sandbox)["code"] == (f"{ADDRESS}{four},1" if qr_url else f"{four},1")
    assert one.js("document.getElementById('code').textContent") == shown(sandbox)["code"]
    for code in (four, f"{four},1", f"{ADDRESS}{four}", f"{ADDRESS}{four},1"):
        assert refused(sandbox, "/api/scan", code=code, number="0") == "NO_PHONE"
    assert refused(sandbox, "/api/scan", code=four.replace("2@", "2@x"), number="0") == "NO_SUCH_CODE"
    sandbox.post("/api/scan", code=f"{ADDRESS}{four}", number=ME)
    one.until(MAIN)


def test_a_secret_that_changes_under_the_same_ref_voids_the_code_before_it(sandbox: Sandbox, one: Tab) -> None:
    before = shown(sandbox)
    one.js("window.secrets = require('WAWebUserPrefsMultiDevice').advSecretEventEmitter")
    one.js("void secrets.on('change', () => { window.changed = 1; })")
    after = sandbox.post(f"/api/pages/{before['id']}/rotate")
    one.until("window.changed")
    assert after["code"] != before["code"]
    assert after["code"].split(",")[:3] == before["code"].split(",")[:3]
    assert refused(sandbox, "/api/scan", code=before["code"], number=ME) == "STALE_CODE"
    sandbox.post("/api/scan", code=after["code"], number=ME)
    one.until(MAIN)


def test_a_page_is_asked_for_its_keys_before_a_code_is_called_stale(sandbox: Sandbox, one: Tab) -> None:
    """A phone reads what is drawn, and what the page has said of it may still be on its way."""
    one.js("void localStorage.setItem('whatsapp-sandbox-keys', JSON.stringify("
           "{ ...JSON.parse(localStorage.getItem('whatsapp-sandbox-keys')), adv: 'c2VjcmV0' }))")  # fmt: skip
    drawn = one.js("require('SandboxQrText').ofQr()")
    assert drawn != shown(sandbox)["code"]
    sandbox.post("/api/scan", code=drawn, number=ME)
    one.until(MAIN)


def test_a_phone_that_wants_a_passkey_is_not_linked_and_the_secret_is_another_one(sandbox: Sandbox, one: Tab) -> None:
    event = "link_device_events:passkey_prologue_request"
    one.js(f"void WPP.whatsapp.LinkDeviceEvents.on('{event}', () => {{ window.asked = 1; }})")
    sandbox.post(f"/api/phones/{ME}", passkey=True)
    before = shown(sandbox)["code"]
    assert refused(sandbox, "/api/scan", code=before, number=ME) == "PASSKEY_ASKED"
    one.until("window.asked")
    assert one.js("require('WAWebShortcakeLinkingApi').getShortcakeLinkingStage()") == "NotStarted"
    assert one.js("WPP.whatsapp.Stream.mode") == "QR"
    assert refused(sandbox, "/api/scan", code=before, number="5491100000002") == "STALE_CODE"


def test_a_primary_that_is_not_migrated_is_given_up_as_soon_as_it_is_linked(sandbox: Sandbox, one: Tab) -> None:
    sandbox.post(f"/api/phones/{ME}", migrated=False)
    sandbox.post("/api/scan", page=shown(sandbox)["id"], number=ME)
    one.until("location.search === '?post_logout=1' && " + CODE)
    assert sandbox.get(f"/api/accounts/{ME}")["state"] == "gone"


def test_a_pairing_code_voids_the_qr_until_qr_linking_begins_again(sandbox: Sandbox, one: Tab) -> None:
    before = shown(sandbox)["code"]
    assert len(one.js(f"WPP.conn.genLinkDeviceCodeForPhoneNumber('{ME}')")) == 8
    assert shown(sandbox)["code"] == ""
    assert one.js("WPP.conn.getAuthCode().catch((error) => error.message)") == "secretKey is null or undefined"
    assert refused(sandbox, "/api/scan", code=before, number=ME) == "STALE_CODE"
    one.js("require('WAWebAltDeviceLinkingApi').initializeQRLinking()")
    sandbox.post("/api/scan", code=shown(sandbox)["code"], number=ME)
    one.until(MAIN)


def test_a_pairing_code_is_renewed_when_asked_for_and_too_old_after_its_life(sandbox: Sandbox, one: Tab) -> None:
    typed: str = one.js(f"WPP.conn.startLinkDeviceCodeForPhoneNumber('{ME}')")
    sandbox.post("/api/hello", code=typed, number=ME)
    sandbox.post(f"/api/pages/{shown(sandbox)['id']}/refresh-code")
    told = "heard.filter(([name]) => name === 'conn.link_code_change').map(([, code]) => code)"
    fresh: str = one.until(f"{told}[1]")
    assert one.js(told) == [typed, fresh]
    assert refused(sandbox, "/api/pair", code=typed, number=ME) == "NO_SUCH_CODE"
    sandbox.post("/api/settings", code_life=0.0)
    assert refused(sandbox, "/api/pair", code=fresh, number=ME) == "OLD_CODE"
    one.until("heard.some(([name]) => name === 'conn.link_code_error')")


def test_a_platform_that_whatsapp_does_not_take_gets_no_pairing_code(sandbox: Sandbox, one: Tab) -> None:
    sandbox.post("/api/settings", refuse_platform=True)
    told = one.js(f"WPP.conn.genLinkDeviceCodeForPhoneNumber('{ME}').catch((error) => [error.name, error.type.name])")
    assert told == ["CompanionHelloError", "IQErrorBadRequest"]
