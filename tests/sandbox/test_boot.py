"""The real wa-js boots on the page and hears what it would hear on WhatsApp Web: codes, scan, resume."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

ME = "5491100000001"
CODE = "heard.find(([name, code]) => name === 'conn.auth_code_change' && code)?.[1]"
READY = "heard.some(([name, mode]) => name === 'conn.stream_mode_changed' && mode === 'MAIN') && WPP.isFullReady"


def test_wa_js_shows_the_code_that_the_server_knows(sandbox, tab):
    one = tab()
    one.open()
    code = one.until(CODE)
    assert code == sandbox.get("/api/pages?wait=5")[0]["code"]
    one.until("WPP.isFullReady")
    print(one.heard(), one.console)


@pytest.mark.parametrize("compat", ["modern", "classic"])
def test_scan_send_and_resume(sandbox, tab, compat):
    one = tab()
    one.open(f"?compat={compat}")
    sandbox.post("/api/scan", code=one.until(CODE), number=ME)
    one.until(READY)
    print(one.heard(), one.console)
    print(one.js("WPP.chat.sendTextMessage('5491155554444@c.us', 'hello', {linkPreview: false, markIsRead: false})"))
    one.until("heard.find(([name, what]) => name === 'chat.msg_ack_change' && what.ack === 3)")
    print(one.heard()[-6:], one.console)
    one.close()
    one.open()
    one.until(READY)
    print(one.heard(), one.console)
