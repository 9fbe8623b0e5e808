"""The setting `drift`: scripts do not find what a later build has renamed, and the page itself works as before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import CODE

pytestmark = pytest.mark.e2e

Tabs = Callable[[], Tab]
READY = "heard.some(([name]) => name === 'loader.full_ready')"


def test_a_hidden_export_is_gone_for_scripts_and_there_for_the_page(sandbox: Sandbox, tab: Tabs) -> None:
    sandbox.post("/api/settings", drift={"hide": ["handleChatSimpleReceipt"]})
    one = tab()
    one.open()
    one.until(CODE)
    one.until(READY)
    assert one.js("typeof WPP.whatsapp.functions.handleChatSimpleReceipt") == "undefined"
    assert one.js("typeof WPP.whatsapp.functions.handleGroupSimpleReceipt") == "function"
    assert any("Module handleChatSimpleReceipt was not found with" in said for said in one.console)


def test_a_renamed_export_is_found_by_its_new_name_and_can_be_wrapped(sandbox: Sandbox, tab: Tabs) -> None:
    sandbox.post("/api/settings", drift={"rename": {"Stream": "StreamNow"}})
    one = tab()
    one.open()
    one.js("page.loaded")
    model = "require('WAWebStreamModel')"
    assert one.js(f"[typeof {model}.Stream, typeof {model}.StreamNow, 'Stream' in {model}]") == [
        "undefined",
        "object",
        False,
    ]
    names = one.js(f"Object.keys({model})")
    assert "StreamNow" in names
    assert "Stream" not in names
    one.js(f"{model}.StreamNow = 1, null")
    assert one.js("page.require('WAWebStreamModel').Stream") == 1


def test_the_page_tells_its_version(sandbox: Sandbox, tab: Tabs) -> None:
    sandbox.post("/api/settings", version="2.3000.1050000001", push_phase="C1")
    one = tab()
    one.open()
    one.js("page.loaded")
    assert one.js(
        "[require('WAWebBuildConstants').VERSION_STR, require('SiteData').client_revision,"
        " require('SiteData').push_phase]"
    ) == ["2.3000.1050000001", 1050000001, "C1"]


@pytest.mark.parametrize(
    "wrong", [{"drift": []}, {"drift": {"hide": "Stream"}}, {"drift": {"lose": []}}, {"version": "2.3000"}]
)
def test_what_is_no_drift_or_version_is_refused(sandbox: Sandbox, wrong: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match="INVALID_REQUEST"):
        sandbox.post("/api/settings", **wrong)
