"""QR codes and pairing codes: read by an independent decoder, drawn once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from actors.browser.fake import FakeBrowser, Habits
from actors.clients.protocol import PairingCodeRenewed, PairingHindered, QrShown
from actors.clients.types import ClientId, Reason, State
from gateway import status_cache
from tests.gateway.decoding import decoded
from tests.gateway.running import Running, until


def test_qr_is_what_is_shown_now_and_for_how_long(service: Running) -> None:
    service.post("/init", 1)
    answer = service.get("/qr", 1)
    assert answer.status_code == 200
    assert set(answer.json()) == {"state", "expires_in", "qr"}
    assert answer.json()["state"] == "QR_REQUIRED"
    assert 50 <= answer.json()["expires_in"] <= 60
    assert isinstance(answer.json()["expires_in"], int)
    assert decoded(answer.json()["qr"]) == service.browser.page(ClientId(1)).code


def test_qr_is_refused_in_every_other_state(service: Running) -> None:
    for client, state in enumerate(set(State) - {State.QR_REQUIRED}, 1):
        service.bring(client, state)
        answer = service.get("/qr", client)
        assert answer.status_code == 409
        assert answer.json() == {
            "error": "QR not available",
            "state": state,
            "can_send_messages": state is State.READY,
        }


def test_every_image_reads_as_exactly_the_code_that_is_shown(service: Running) -> None:
    service.post("/init", 1)
    page = service.browser.page(ClientId(1))
    codes = ["2@" + "aB3/+=" * 40 + ",k=,i=,s=,1", "1", "2@ñandú €,x", "https://wa.me/settings/linked_devices#2@x,y,z"]
    for code in codes:
        page.tell(QrShown(code, 20.0))
        assert decoded(service.status(1)["qr_code_base64"]) == code
        for path in ("/qr", "/qr-code"):
            assert decoded(service.get(path, 1).json()["qr"]) == code


def test_codes_of_any_content_read_as_they_are() -> None:
    random = Random(7)
    for length in range(1, 300, 3):
        code = "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=,@", k=length))
        url = status_cache.data_url(code)
        assert url is not None
        assert decoded(url) == code


def test_a_code_is_drawn_once_however_many_ask(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    png = status_cache.png

    def counted(code: str) -> bytes:
        drawn.append(code)
        return png(code)

    monkeypatch.setattr(status_cache, "png", counted)
    service.post("/init", 1)
    with ThreadPoolExecutor(8) as readers:
        list(readers.map(lambda path: service.get(path, 1), ["/status", "/qr", "/qr-code", "/status"] * 4))
    assert drawn == [service.browser.page(ClientId(1)).code]


def test_a_code_too_long_to_draw_is_told_honestly(service: Running) -> None:
    service.post("/init", 1)
    service.browser.page(ClientId(1)).tell(QrShown("x" * 5000, 20.0))
    until(lambda: service.status(1), lambda body: body["qr_code_base64"] is None, "nothing to show")
    assert service.get("/qr", 1).status_code == 409
    assert service.get("/qr-code", 1).status_code == 500


def test_qr_code_waits_until_there_is_one(service: Running) -> None:
    for client, state in enumerate((State.INITIALIZING, State.RECONNECTING), 1):
        service.bring(client, state)
        with ThreadPoolExecutor(1) as callers:
            waiting = callers.submit(service.get, "/qr-code", client)
            service.browser.page(ClientId(client)).show_code()
            answer = waiting.result()
        assert answer.status_code == 200
        assert list(answer.json()) == ["qr"]
        assert decoded(answer.json()["qr"]) == service.browser.page(ClientId(client)).code


def test_qr_code_gives_up_after_its_time(tmp_path: Path) -> None:
    with Running(tmp_path / "data", qr_wait=0.05) as service:
        for client, state in enumerate((State.INITIALIZING, State.RECONNECTING, State.DISCONNECTED_RECOVERABLE), 1):
            service.bring(client, state)
            answer = service.get("/qr-code", client)
            assert answer.status_code == 504
            assert set(answer.json()) == {"error", "message", "current_state", "wait_time_ms"}
            assert answer.json()["error"] == "QR_TIMEOUT"
            assert answer.json()["current_state"] == state
            assert answer.json()["wait_time_ms"] == 50


def test_qr_code_says_why_a_start_failed(service: Running) -> None:
    service.bring(1, State.ERROR)
    why = service.status(1)["reason_text"]
    assert why
    assert service.get("/qr-code", 1).json()["message"] == f"{why.rstrip('.')}: call POST /init to try again"


def test_qr_code_is_refused_where_no_code_will_come(service: Running) -> None:
    expected = {
        State.READY: (409, "QR_NOT_REQUIRED"),
        State.DISCONNECTED_LOGOUT: (409, "QR_NOT_REQUIRED"),
        State.DISCONNECTED_BANNED: (409, "QR_NOT_REQUIRED"),
        State.AUTH_FAILURE: (500, "INITIALIZATION_FAILED"),
        State.ERROR: (500, "INITIALIZATION_FAILED"),
    }
    for client, (state, (status, error)) in enumerate(expected.items(), 1):
        service.bring(client, state)
        answer = service.get("/qr-code", client)
        assert answer.status_code == status
        assert set(answer.json()) == {"error", "message", "current_state"}
        assert answer.json()["error"] == error
        assert answer.json()["current_state"] == state


def test_qr_code_of_no_client_is_not_available(service: Running) -> None:
    answer = service.get("/qr-code", 1)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}
    assert answer.json()["error"] == "QR_NOT_AVAILABLE"


def test_a_pairing_code_is_shown_and_told_in_the_status(service: Running) -> None:
    service.post("/init", 1)
    answer = service.post("/pairing-code", 1, {"phone": "5491122334455"})
    assert answer.status_code == 200
    told = answer.json()
    expires = datetime.fromisoformat(told.pop("expires_at"))
    assert told == {"success": True, "cliente_id": 1, "pairing_code": "ABCD1234"}
    assert 170 < expires.timestamp() - time.time() < 185
    status = service.status(1)
    assert status["pairing_code"] == "ABCD1234"
    assert abs(datetime.fromisoformat(status["pairing_code_expires_at"]) - expires).total_seconds() < 5


def test_a_pairing_code_voids_the_qr_until_it_is_over(service: Running) -> None:
    service.post("/init", 1)
    service.post("/pairing-code", 1, {"phone": "5491122334455"})
    status = service.status(1)
    assert (status["state"], status["qr_code_base64"], status["qr_expires_at"]) == ("QR_REQUIRED", None, None)
    assert service.get("/qr", 1).status_code == 409
    refused = service.get("/qr-code", 1)
    assert (refused.status_code, refused.json()["error"]) == (409, "QR_NOT_REQUIRED")
    assert "pairing code" in refused.json()["message"]

    page = service.browser.page(ClientId(1))
    page.tell(PairingCodeRenewed("WXYZ6789", 60.0))
    assert service.status(1)["pairing_code"] == "WXYZ6789"
    page.tell(PairingHindered(Reason.PAIRING_CODE_OVER, "no further code"))
    page.show_code()
    status = service.status(1)
    assert (status["pairing_code"], status["pairing_code_expires_at"]) == (None, None)
    assert (status["reason"], status["reason_text"]) == ("PAIRING_CODE_OVER", "no further code")
    assert decoded(status["qr_code_base64"]) == page.code


def test_why_no_phone_could_be_linked_is_told_while_codes_change(service: Running) -> None:
    service.post("/init", 1)
    page = service.browser.page(ClientId(1))
    page.tell(PairingHindered(Reason.PASSKEY_REQUIRED, "a passkey"))
    for _ in range(2):
        page.show_code()
        status = service.status(1)
        assert (status["state"], status["reason"], status["reason_text"]) == (
            "QR_REQUIRED",
            "PASSKEY_REQUIRED",
            "a passkey",
        )
    told = until(
        lambda: [one for one in service.get("/clients/1/history").json()["transitions"] if one["reason"]],
        lambda told: len(told) > 0,
        "written",
    )
    assert [one["reason"] for one in told] == ["PASSKEY_REQUIRED"]


def test_a_pairing_code_is_refused_where_none_can_be_had(service: Running) -> None:
    service.ready(1)
    answer = service.post("/pairing-code", 1, {"phone": "5491122334455"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "PAIRING_UNAVAILABLE"
    assert service.post("/pairing-code", 2, {"phone": "5491122334455"}).json()["code"] == "SESSION_NOT_READY"
    for phone in ("", "12", "+54 9 11", "12345678901234567", 5491122334455, None, "١٢٣"):
        assert service.post("/pairing-code", 1, {"phone": phone}).json()["code"] == "INVALID_REQUEST"


def test_a_slow_page_slows_no_reader(tmp_path: Path) -> None:
    """A page that holds its lock for as long as it likes is not asked by readers."""
    browser = FakeBrowser(Habits())
    with Running(tmp_path / "data", browser) as service:
        service.ready(1)
        release = threading.Event()
        holder = threading.Thread(target=lambda: _hold(browser, release))
        holder.start()
        try:
            assert service.status(1)["state"] == "READY"
            assert service.get("/health").json()["whatsapp_state"] == "READY"
        finally:
            release.set()
            holder.join()


def _hold(browser: FakeBrowser, release: threading.Event) -> None:
    with browser.lock:
        release.wait(10)
