"""The QR code as a camera sees it, and as programs read it from the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyppeteer.errors import ElementHandleError

from tests.gateway.decoding import decoded
from tests.sandbox.conftest import Sandbox, Tab
from tests.sandbox.linked import CODE

pytestmark = pytest.mark.e2e

ME = "5491100000001"
REF = "document.querySelector('canvas')?.closest('[data-ref]')?.dataset.ref"
DRAWN = "document.querySelector('canvas').toDataURL()"


def test_the_drawn_code_is_the_code_and_goes_once_it_was_scanned(sandbox: Sandbox, tab: Callable[[], Tab]) -> None:
    one = tab()
    one.open()
    one.until(CODE)
    shown = sandbox.get("/api/pages?wait=20")[0]["code"]
    assert one.until(REF) == shown
    assert decoded(one.js(DRAWN)) == shown

    sandbox.post("/api/scan", code=shown, number=ME)
    one.until("!document.querySelector('canvas')")


def test_an_idle_page_has_a_button_that_asks_for_another_code(sandbox: Sandbox, tab: Callable[[], Tab]) -> None:
    sandbox.post("/api/settings", qr_refs=1, qr_first=1.0)
    one = tab()
    one.open()
    one.until("document.querySelector('[data-ref] button')")
    before = one.js(REF)
    sandbox.post("/api/settings", qr_refs=6, qr_first=60.0)
    one.js("void document.querySelector('[data-ref] button').click()")
    one.until(f"{REF} !== {before!r} && !document.querySelector('[data-ref] button')")


def test_texts_of_any_length_that_fits_are_drawn(sandbox: Sandbox, tab: Callable[[], Tab]) -> None:
    one = tab()
    one.open()
    one.until(REF)
    for text in ("a", "ü" * 212, "x" * 424, "x" * 425):
        one.js(f"page.require('SandboxQrCode').show({text!r})")
        assert decoded(one.js(DRAWN)) == text
    with pytest.raises(ElementHandleError, match="holds no 426 bytes"):
        one.js("page.require('SandboxQrCode').show('x'.repeat(426))")
