"""Codes that rotate, stop, and are scanned at the wrong moment."""

from __future__ import annotations

from actors.browser.fake import BY_HAND
from actors.clients.protocol import QrIdle, QrScanned, QrShown, Ready
from actors.clients.types import State
from tests.clients.rig import PROBED, world


def test_a_code_that_rotates_just_before_the_scan_is_counted_does_no_harm() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 60.0), QrShown("2@b", 20.0), QrScanned(), Ready("549"))
        status = w.status()
        assert (status.state, status.qr, status.reason) == (State.READY, None, None)


def test_a_pairing_that_failed_shows_codes_again_and_may_take_its_time_again() -> None:
    with world(PROBED) as w:
        w.init()
        w.tell(QrShown("2@a", 60.0))
        w.advance(200.0)
        w.tell(QrScanned(), QrShown("2@b", 60.0))
        w.advance(200.0)
        shown = w.status().qr
        assert w.state() is State.QR_REQUIRED
        assert shown is not None
        assert shown.code == "2@b"


def test_codes_that_stop_as_they_are_scanned_are_not_asked_for_again() -> None:
    with world(BY_HAND) as w:
        w.init()
        w.tell(QrShown("2@a", 60.0), QrScanned(), QrIdle())
        assert w.page().ordered("RefreshQr") == []
        assert w.state() is State.INITIALIZING
        w.tell(Ready("549"), QrIdle())
        assert w.state() is State.READY


def test_codes_that_stop_again_and_again_do_not_prolong_the_time_for_scanning() -> None:
    with world(PROBED) as w:
        w.init()
        w.tell(QrShown("2@a", 20.0))
        for _ in range(10):
            w.tell(QrIdle())
            w.advance(29.9)
        assert len(w.page().ordered("RefreshQr")) == 10
        w.advance(2.0)
        assert w.state() is State.AUTH_FAILURE
