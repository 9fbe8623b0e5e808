"""The real wa-js boots on the page and hears what it would hear on WhatsApp Web: codes, scan, resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import CODE, MAIN

pytestmark = pytest.mark.e2e

ME = "5491100000001"
Tabs = Callable[[], Tab]
UNPAIRED = [
    "loader.injected",
    "conn.auth_code_change",
    "conn.require_auth",
    "conn.stream_mode_changed QR",
    "conn.main_ready",
    "conn.stream_info_changed NORMAL",
    "conn.main_init",
    "loader.ready",
    "loader.full_ready",
]
SCANNED = [
    "conn.stream_info_changed OPENING",
    "conn.stream_mode_changed SYNCING",
    "conn.stream_info_changed PAIRING",
    "conn.stream_info_changed SYNCING",
    *(CLASSIC_ONLY := ["conn.authenticated", "conn.main_loaded"]),
    "conn.stream_info_changed NORMAL",
    "conn.stream_mode_changed MAIN",  # and no code that goes: `Conn.ref` stays what it was
]
RESUMED = [
    "loader.injected",
    "conn.auth_code_change",
    "conn.stream_mode_changed MAIN",
    "conn.main_ready",
    "conn.stream_info_changed NORMAL",
    "conn.main_init",
    "loader.ready",
    "loader.full_ready",
]
LOGGED_IN = [
    *("open_socket_stream", "on_ab_props_update", "offline_process_ready", "offline_process_ready"),
    *("main_stream_mode_ready", "offline_delivery_end", "app_state_sync_completed", "app_state_sync_completed"),
    *("on_initial_chat_synced", "on_critical_sync_done"),
]
"""On the bus at a first login. Source: seen in WhatsApp Web's own code of August 2026."""


def told(tab: Tab) -> list[str]:
    """What wa-js told, by name, and by value where that is a mode or an info."""
    facts: list[list[Any]] = [one for one in tab.heard() if one[0] not in ("cmd", "conn.backend_event")]
    return [" ".join(map(str, one if "stream" in one[0] else one[:1])) for one in facts]


def on_the_bus(tab: Tab) -> list[str]:
    """The events of WhatsApp's own bus, by name."""
    return [one[1] for one in tab.heard() if one[0] == "conn.backend_event"]


@pytest.mark.parametrize("compat", ["modern", "classic"])
def test_code_scan_and_resume_sound_as_on_the_real_page(sandbox: Sandbox, tab: Tabs, compat: str) -> None:
    one = tab()
    one.open(f"?compat={compat}")
    code = one.until(CODE)
    assert sandbox.get("/api/pages?wait=20")[0]["code"] == f"https://wa.me/settings/linked_devices#{code},1"
    ref, ttl = one.js("[WPP.whatsapp.Conn.ref, WPP.whatsapp.Conn.refTTL]")
    assert (ref, ttl) == (code.split(",")[0], 60_000)
    one.until("WPP.isFullReady")
    assert told(one) == UNPAIRED
    one.js("void (heard.length = 0)")

    sandbox.post("/api/scan", code=code, number=ME, name="Ana")
    one.until("heard.at(-1)[0] === 'conn.stream_mode_changed' && heard.at(-1)[1] === 'MAIN'")
    assert one.js("WPP.whatsapp.Conn.ref") == ref
    assert told(one) == [fact for fact in SCANNED if compat == "classic" or fact not in CLASSIC_ONLY]
    assert on_the_bus(one) == LOGGED_IN
    assert one.js("String(WPP.conn.getMyUserWid())") == f"{ME}@c.us"
    one.close()

    one.open(f"?compat={compat}")
    one.until(MAIN)
    assert [fact for fact in told(one) if fact != "conn.main_loaded"] == RESUMED
    assert len(sandbox.get(f"/api/accounts/{ME}")["devices"]) == 1


def test_codes_rotate_then_idle_and_can_be_had_again(sandbox: Sandbox, tab: Tabs) -> None:
    sandbox.post("/api/settings", qr_refs=2, qr_first=4.0, qr_next=1.0)  # time to load wa-js, however busy the machine
    one = tab()
    one.open()
    one.until("heard.some(([name]) => name === 'conn.qrcode_idle')")
    codes = one.js("heard.filter(([name]) => name === 'conn.auth_code_change').map(([, code]) => code)")
    assert len({code for code in codes if code}) == 2
    assert codes[-1] is None
    sandbox.post("/api/settings", qr_refs=6, qr_first=60.0)
    one.js("void WPP.whatsapp.BackendEventBus.triggerRefreshQR()")
    fresh = one.until("heard.at(-1)[1] && heard.at(-1)[0] === 'conn.auth_code_change' && heard.at(-1)[1]")
    assert fresh not in codes
    missed = sandbox.http.post("/api/scan", json={"code": codes[0], "number": ME})
    assert (missed.status_code, missed.json()["error"]["code"]) == (404, "NO_SUCH_CODE")

    typed = one.js(f"WPP.conn.genLinkDeviceCodeForPhoneNumber('{ME}')")
    assert len(typed) == 8
    assert sandbox.http.post("/api/pair", json={"code": typed, "number": "5491100000099"}).status_code == 404
    sandbox.post("/api/pair", code=f"{typed[:4]}-{typed[4:].lower()}", number=ME)
    one.until(MAIN)


def test_a_page_without_loader_never_becomes_ready(sandbox: Sandbox, tab: Tabs) -> None:
    sandbox.post("/api/settings", loader=False)
    one = tab()
    one.open()
    assert one.js("[typeof window.__d, window.WPP.isInjected]") == ["undefined", False]


def test_a_slow_resume_says_syncing_until_it_is_answered(sandbox: Sandbox, tab: Tabs) -> None:
    one = tab()
    one.open()
    sandbox.post("/api/scan", page=sandbox.get("/api/pages?wait=20")[0]["id"], number=ME)
    one.until(MAIN)
    sandbox.post("/api/settings", resume_delay=1.5)
    one.goto()
    one.until("heard.find(([name]) => name === 'loader.ready')")
    assert told(one)[2:4] == ["conn.stream_mode_changed SYNCING", "conn.stream_info_changed SYNCING"]
    assert not one.js("WPP.isFullReady")
    one.until(MAIN)

    sandbox.post(f"/api/accounts/{ME}/network", online=False)
    one.goto()
    one.until("WPP.whatsapp.Stream?.mode === 'OFFLINE'")
    sandbox.post("/api/settings", resume_delay=0.0)
    sandbox.post(f"/api/accounts/{ME}/network", online=True)
    one.until(MAIN)


UNRESOLVED = """(({ modulesMap: known }) => Object.keys(known)
    .filter((id) => !known[id].dependencies?.every((other) => known[other])))(require('__debug'))"""


@pytest.mark.parametrize("compat", ["modern", "classic"])
def test_every_module_can_be_had_once_all_bundles_are_there(sandbox: Sandbox, tab: Tabs, compat: str) -> None:
    one = tab()
    one.open(f"?compat={compat}")
    one.until(CODE)
    one.until("WPP.isFullReady")
    assert one.js(UNRESOLVED) == []
    failed = "Object.values(require('__debug').modulesMap).filter((one) => one.failed).map((one) => one.id)"
    assert one.js(failed) == []


def test_the_loader_answers_as_whatsapp_webs_does(sandbox: Sandbox, tab: Tabs) -> None:
    sandbox.post("/api/settings", start_delay=3600.0)
    one = tab()
    one.open()
    one.js("page.loaded")
    known = "require('__debug').modulesMap"
    assert one.js(f"[{known}.WAWebConnModel.factoryFinished, {known}.WAWebConnModel.factory]") == [True, None]
    missing = (
        "(() => { try { return String(require('WAWebNoSuchModule')); } catch (error) { return error.message; } })()"
    )
    assert one.js(f"[ErrorGuard.skipGuardGlobal(false), {missing}][1]") == "undefined"
    assert any("WAWebNoSuchModule" in said for said in one.console)
    thrown = 'Requiring unknown module "WAWebNoSuchModule"'
    assert one.js(f"[ErrorGuard.skipGuardGlobal(true), {missing}][1]") == thrown
    assert one.js("setTimeout(() => {}) > 10 ** 9 && !String(setTimeout).includes('native code')")
    assert one.js("[typeof importDefault, typeof requireLazy, typeof TimeSlice.guard]") == ["function"] * 3


def test_a_page_of_weight_holds_what_it_is_told_to(sandbox: Sandbox, tab: Tabs) -> None:
    sandbox.post("/api/settings", ballast=3)
    one = tab()
    one.open()
    assert one.js("page.ballast.map((part) => part.length)") == [2**20] * 3
