"""Each thing that can happen to a linked page, and what wa-js says of it, on both generations of page.

The pages live for the whole module; a test that ends a login leaves the next one a page that shows a code.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from actors.browser.wa_js import PACKAGE
from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import CODE, MAIN, Linked

pytestmark = pytest.mark.e2e
DECLARED = re.compile(r'= "([a-z_]+)"')
MOVES = ("lid_migration_", "lid_blocklist_")
MOVED_TO_LIDS = ("lid_migration_unmigrated_primary", "lid_migration_unmigrated_companion")
"""Reasons of the real page that wa-js does not declare."""
# For what runs through the same code on both generations.
ON_MODERN = pytest.mark.parametrize("pages", ["modern"], indirect=True)


@pytest.fixture(scope="module", params=["modern", "classic"])
def pages(request: pytest.FixtureRequest, server: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    tab = Tab(server.url, tmp_path_factory.mktemp(request.param))
    tab.open(f"?compat={request.param}")
    yield tab, request.param
    tab.dispose()


@pytest.fixture
def linked(pages: tuple[Tab, str], connected: Sandbox) -> Linked:
    page = Linked(connected, *pages)
    page.link()
    return page


def test_a_network_loss_keeps_the_mode_and_heals(linked: Linked) -> None:
    linked.act("network", online=False)
    linked.hears("conn.stream_info_changed", "OFFLINE")
    assert linked.tab.js("[WPP.whatsapp.Stream.mode, WPP.conn.isOnline()]") == ["MAIN", False]
    assert linked.act("sending", mode="ok")["state"] == "linked"
    linked.act("network", online=True)
    linked.hears("conn.backend_event", "open_socket_stream")
    names = linked.names()
    assert "conn.online False" in names
    assert "conn.backend_event socket_stream_disconnected" in names
    assert names.index("conn.stream_info_changed RESUMING") < names.index("conn.stream_info_changed NORMAL")


def test_an_unreachable_server_shows_as_opening(linked: Linked) -> None:
    linked.act("reachable", reachable=False)
    linked.hears("conn.stream_info_changed", "OPENING")
    assert linked.tab.js("[WPP.whatsapp.Stream.mode, WPP.conn.isOnline()]") == ["MAIN", True]
    linked.act("reachable", reachable=True)
    linked.hears("conn.backend_event", "open_socket_stream")
    assert "conn.online" not in " ".join(linked.names())


def test_a_browser_that_goes_offline_shows_the_same(linked: Linked) -> None:
    linked.tab.emulate_offline(True)
    linked.hears("conn.online", False)
    linked.hears("conn.stream_info_changed", "OFFLINE")
    linked.tab.emulate_offline(False)
    linked.hears("conn.backend_event", "open_socket_stream")


def test_a_temporary_ban_is_only_told_on_cmd(linked: Linked) -> None:
    linked.act("temp-ban", seconds=60, code=104)
    ban = linked.until("heard.find(([kind, name, what]) => kind === 'cmd' && what?.banned)?.[2]")
    assert ban["code"] == 104
    assert ban["expire"] > 1e9
    linked.hears("conn.stream_info_changed", "RESUMING")
    assert linked.tab.js("WPP.whatsapp.Stream.mode") == "MAIN"
    linked.act("temp-ban", seconds=0)
    linked.until("heard.some(([kind, name, what]) => kind === 'cmd' && what?.banned === false)")
    linked.until(MAIN)


def test_an_outage_is_only_told_on_cmd(linked: Linked) -> None:
    linked.act("unavailable", seconds=0.3)
    linked.hears("cmd", "service_unavailable_503_from_bridge")
    linked.hears("conn.backend_event", "open_socket_stream")
    linked.until(MAIN)


@pytest.mark.parametrize("state", ["TOS_BLOCK", "SMB_TOS_BLOCK", "PROXYBLOCK"])
def test_a_block_is_a_stream_mode(linked: Linked, state: str) -> None:
    linked.act("block", state=state)
    linked.hears("conn.stream_mode_changed", state)
    linked.act("block", state="")
    linked.until(MAIN)


def test_a_screen_lock_is_a_socket_state(linked: Linked) -> None:
    linked.act("block", state="SCREEN_LOCKED")
    linked.until("WPP.whatsapp.Socket.state === 'SCREEN_LOCKED'")
    linked.act("block", state="")
    linked.until(MAIN)


def test_opened_elsewhere_is_silent_and_ends_with_a_reload(linked: Linked) -> None:
    linked.act("replace")
    linked.hears("conn.backend_event", "socket_stream_disconnected")
    said = "[WPP.whatsapp.Socket.state, WPP.whatsapp.Socket.stream, WPP.whatsapp.Stream.mode, WPP.whatsapp.Stream.info]"
    assert linked.tab.js(said) == ["CONNECTED", "DISCONNECTED", "MAIN", "NORMAL"]
    assert linked.names() == ["conn.backend_event socket_stream_disconnected"]
    assert linked.tab.js(
        "(() => { try { WPP.whatsapp.Socket.takeover(); } catch (error) { return error.message; } })()"
    )
    linked.tab.goto(f"?compat={linked.compat}")
    linked.until(MAIN)
    assert linked.act("sending", mode="ok")["state"] == "connected"


def test_opened_elsewhere_on_an_old_build_can_be_taken_back(linked: Linked) -> None:
    linked.act("conflict")
    linked.hears("conn.stream_mode_changed", "CONFLICT")
    linked.tab.js("WPP.whatsapp.Socket.takeover()")
    linked.until(MAIN)


@pytest.mark.parametrize(("mode", "heals"), [("until_reload", True), ("always", False)])
def test_an_outdated_page_loads_itself_anew_once_and_then_stops(linked: Linked, mode: str, heals: bool) -> None:
    linked.tab.js("window.old = true")
    linked.act("outdated", mode=mode)
    if linked.compat == "classic":
        linked.hears("conn.needs_update")
        assert linked.tab.js("WPP.whatsapp.Stream.mode") == "DEPRECATED_VERSION"
        linked.tab.goto("?compat=classic")
    linked.until("!window.old && window.WPP && true")
    if not heals:
        linked.hears("conn.needs_update")
        assert not linked.tab.js("WPP.whatsapp.Stream.isHardRefresh")
        linked.act("outdated", mode="")
        linked.tab.goto(f"?compat={linked.compat}")
    linked.until(MAIN)


@pytest.mark.parametrize(("act", "said"), [("temp-ban", {"seconds": 60}), ("unavailable", {"seconds": 60})])
def test_a_refused_login_looks_connected_but_for_its_stream(linked: Linked, act: str, said: dict[str, Any]) -> None:
    linked.act(act, **said)
    # The second refusal: of a login, and no longer of a stream that was there.
    linked.until(
        "heard.filter(([kind, name, what]) => kind === 'cmd' && (what?.banned || /503/.test(name))).length > 1"
    )
    states = linked.until(
        "(({Socket, Stream}) => Socket.state === 'CONNECTED' && [Socket.stream, Stream.mode, Stream.info])"
        "(WPP.whatsapp)"
    )
    assert states == ["DISCONNECTED", "MAIN", "NORMAL"]
    linked.act(act, seconds=0)
    linked.until(MAIN + " && WPP.whatsapp.Socket.stream === 'CONNECTED'")


def test_a_soft_update_stops_nothing_and_a_hard_one_loads_the_page_anew(linked: Linked) -> None:
    linked.tab.js("window.old = true")
    linked.act("spin", refresh="SOFT_REFRESH")
    linked.hears("conn.needs_update")
    assert linked.tab.js(f"[window.old, {MAIN}]") == [True, True]
    linked.act("spin", refresh="HARD_REFRESH")
    linked.until("!window.old && " + MAIN)
    linked.tab.js("window.old = true")
    linked.act("page", do="reload")
    linked.until("!window.old && " + MAIN)


def test_the_keepalive_goes_to_the_server_and_back_unless_it_is_silent(linked: Linked) -> None:
    ask = (
        "(({smax, sendSmaxStanza, generateId}) => sendSmaxStanza(smax('iq', {to: require('WAWap').S_WHATSAPP_NET, "
        "type: 'get', xmlns: 'w:p', id: generateId()}, [smax('ping', null, null)])))(WPP.whatsapp.websocket)"
    )
    assert linked.tab.js(f"{ask}.then(({{attrs}}) => attrs.type)") == "result"
    linked.sandbox.post("/api/settings", keepalive=False)
    silence = "new Promise((resolve) => setTimeout(resolve, 300, 'silent'))"
    assert linked.tab.js(f"Promise.race([{ask}, {silence}])") == "silent"
    linked.sandbox.post("/api/settings", keepalive=True)


@ON_MODERN
def test_what_a_login_leaves_behind_is_as_on_the_real_page(linked: Linked) -> None:
    linked.sandbox.post("/api/settings", start_delay=1.0)  # wa-js is to be there before the login
    linked.tab.goto(f"?compat={linked.compat}")
    linked.hears("conn.backend_event", "on_critical_sync_done")
    linked.sandbox.post("/api/settings", start_delay=0.0)
    linked.until(MAIN)
    assert linked.tab.js("[String(WPP.whatsapp.Conn.connected), String(WPP.whatsapp.Conn.wid)]") == ["undefined"] * 2
    codes = linked.tab.js(
        "Object.values(WPP.whatsapp.enums.LogoutReason)"
        ".map((reason) => [reason, WPP.whatsapp.functions.getErrorCodeFromLogoutReason(reason)])"
    )
    declared = DECLARED.findall((PACKAGE / "dist/whatsapp/enums/LogoutReason.d.ts").read_text("utf-8"))
    assert {reason for reason, _ in codes} == {*declared, *MOVED_TO_LIDS}
    assert sum(reason.startswith(MOVES) for reason, _ in codes) == 13
    assert dict(codes)["client_version_outdated"] is None
    assert dict(codes)["account_locked"] == "3"
    assert sum(code is None for reason, code in codes if not reason.startswith("lid_")) == 11
    enums = "(({SOCKET_STATE}, {StreamMode, StreamInfo}) => [SOCKET_STATE, StreamMode, StreamInfo])"
    states, modes, infos = linked.tab.js(f"{enums}(require('WAWebSocketConstants'), require('WAWebStreamModel'))")
    assert "TIMEOUT" not in states
    assert "MAIN" in modes
    assert "NORMAL" in infos


def test_a_removal_from_the_phone(linked: Linked) -> None:
    linked.act("logout")
    search = linked.shows_a_new_code()
    assert search.startswith("?post_logout=1")
    assert "logout_reason" not in search
    linked.leaves("gone")


@ON_MODERN
def test_a_permanent_ban_looks_like_a_removal_and_pairing_fails(linked: Linked) -> None:
    linked.act("ban")
    assert "logout_reason" not in linked.shows_a_new_code()
    answer = linked.sandbox.http.post("/api/scan", json={"code": linked.until(CODE), "number": linked.number})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "BANNED")


@ON_MODERN
def test_an_account_lock_says_why_in_the_address(linked: Linked) -> None:
    linked.act("lock", header="Locked", subtext="Open WhatsApp")
    search = linked.shows_a_new_code()
    assert "logout_reason=3" in search
    assert "logout_message_header=Locked" in search


def test_a_storage_failure_has_its_reason(linked: Linked) -> None:
    modern = linked.compat == "modern"
    reason, code = ("web_fail_storage_initialization", 0) if modern else ("syncd_failure", 1)
    linked.act("storage-failure", reason=reason)
    assert f"logout_reason={code}" in linked.shows_a_new_code()


def test_a_logout_by_wa_js(linked: Linked) -> None:
    linked.tab.js("void WPP.conn.logout()")
    linked.shows_a_new_code()
    linked.leaves("gone")


@ON_MODERN
def test_a_page_can_leave_and_come_back(linked: Linked) -> None:
    linked.act("page", do="leave")
    linked.leaves("away")
    linked.tab.goto(f"?compat={linked.compat}")
    linked.until(MAIN)


@ON_MODERN
def test_a_page_can_hang(linked: Linked) -> None:
    before = time.monotonic()
    linked.act("page", do="hang", seconds=0.5)
    linked.until(MAIN)
    assert time.monotonic() - before > 0.5


@ON_MODERN
def test_a_fate_of_a_page_is_told_of_once_the_page_has_heard_of_it(linked: Linked) -> None:
    before = time.monotonic()
    linked.act("page", do="hang", seconds=0.5)
    linked.act("page", do="hang", seconds=0)
    assert time.monotonic() - before > 0.5
