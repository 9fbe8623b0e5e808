from __future__ import annotations

from actors.clients.types import ClientId
from tests.gateway.running import Running


def test_health_without_clients_is_not_initialized(service: Running) -> None:
    answer = service.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["service"] == "session-manager"
    assert answer.json()["whatsapp_state"] == "NOT_INITIALIZED"
    assert answer.json()["clients"] == {}
    assert answer.json()["versions"]["wa_js"] == "fake"


def test_health_counts_clients_and_is_ready_if_any_is(service: Running) -> None:
    for client in (1, 2, 3):
        service.post("/init", client)
    assert service.get("/health").json()["clients"] == {"QR_REQUIRED": 3}
    service.ready(4)
    answer = service.get("/health").json()
    assert answer["clients"] == {"QR_REQUIRED": 3, "READY": 1}
    assert answer["whatsapp_state"] == "READY"


def test_health_of_several_states_is_what_most_clients_are_in(service: Running) -> None:
    for client in (1, 2, 3):
        service.post("/init", client)
    service.browser.crash(ClientId(1))
    assert service.get("/health").json()["whatsapp_state"] == "QR_REQUIRED"


def test_the_root_leads_people_to_the_dashboard_and_programs_on(service: Running) -> None:
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    led = service.call("GET", "/", headers=html)
    assert (led.status_code, led.headers["location"], led.content) == (302, "/dashboard", b"")
    assert service.call("HEAD", "/", headers=html).headers["location"] == "/dashboard"
    told = service.get("/").json()
    assert (told["name"], told["version"]) == ("session-manager", service.system.versions["session_manager"])
    for path in told["links"].values():
        assert service.get(path).status_code in (200, 503)
    assert service.call("HEAD", "/").status_code == 200
