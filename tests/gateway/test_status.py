"""GET /status in every state, and that reading changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from actors.clients.types import ClientId, State
from tests.gateway.decoding import decoded
from tests.gateway.running import Running

CONTRACT = {
    # state: (connected, can_send_messages, needs_qr, is_recoverable, recommended_action)
    State.NOT_INITIALIZED: (False, False, False, False, "Call POST /init to start the session"),
    State.INITIALIZING: (False, False, False, True, "Initializing for first time - wait"),
    State.RECONNECTING: (False, False, False, True, "Recovering existing session - wait"),
    State.QR_REQUIRED: (False, False, True, False, "Scan QR code to authenticate"),
    State.READY: (True, True, False, False, "Session operational - can send messages"),
    State.AUTH_FAILURE: (False, False, True, False, "Restart service and scan new QR"),
    State.DISCONNECTED_RECOVERABLE: (False, False, False, True, "Auto-reconnecting - wait"),
    State.DISCONNECTED_LOGOUT: (False, False, True, False, "User logged out - restart and scan QR"),
    State.DISCONNECTED_BANNED: (False, False, False, False, "Number banned - contact WhatsApp support"),
    State.ERROR: (False, False, False, False, "Technical error - check logs"),
}


def test_status_tells_the_contracts_fields_in_every_state(service: Running) -> None:
    for client, state in enumerate(State, 1):
        service.bring(client, state)
        answer = service.get("/status", client)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert service.call("HEAD", "/status", client).headers["content-length"] == answer.headers["content-length"]
        body = answer.json()
        connected, can_send, needs_qr, is_recoverable, action = CONTRACT[state]
        assert (body["cliente_id"], body["state"], body["connected"]) == (client, state, connected)
        assert body["can_send_messages"] is can_send, state
        assert body["needs_qr"] is needs_qr, state
        assert body["is_recoverable"] is is_recoverable, state
        assert body["recommended_action"] == action, state
        assert (body["reconnection_attempts"], body["max_reconnection_attempts"]) == (0, 3)
        assert (body["qr_code_base64"] is not None) is (state is State.QR_REQUIRED), state
        assert ("error" in body) is (state is State.NOT_INITIALIZED), state
    assert service.status(1)["error"] == "Client not initialized for this cliente_id"


def test_a_read_never_creates_or_starts_a_client(service: Running) -> None:
    opened = len(service.browser.opened)
    for path in ("/status", "/qr", "/qr-code"):
        service.get(path, 777)
    assert service.system.find(ClientId(777)) is None
    assert len(service.browser.opened) == opened


def test_the_reason_and_the_times_are_told(service: Running) -> None:
    service.bring(150, State.ERROR)
    body = service.status(150)
    assert body["reason"] == "CHROMIUM_FAILED"
    assert body["reason_text"] == "Chromium did not start"
    assert body["since"].endswith("Z")
    assert body["healthy"] is False


def test_readers_at_the_same_time_get_the_same_answer_and_never_an_older_one(service: Running) -> None:
    service.bring(160, State.QR_REQUIRED)
    with ThreadPoolExecutor(8) as readers:
        for _ in range(3):
            service.browser.page(ClientId(160)).show_code()
            code = service.browser.page(ClientId(160)).code
            bodies = list(readers.map(lambda _: service.status(160), range(8)))
            assert {decoded(body["qr_code_base64"]) for body in bodies} == {code}
