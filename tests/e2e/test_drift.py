"""A WhatsApp Web that has changed, as a consumer sees it: named, counted, told, and nothing lost."""

from __future__ import annotations

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Sandbox
from tests.rig.processes import until


def test_a_page_that_cannot_send_holds_what_was_promised_until_one_can(
    serve: Serve, consumer: Consumers, sandbox: Sandbox
) -> None:
    sandbox.post("/settings", drift={"rename": {"addAndSendMsgToChat": "addAndSend"}}, version="2.3000.1050000001")
    with serve() as service:
        one = consumer(service)
        status = one.pair()
        assert (status["reason"], status["can_send_messages"]) == ("WA_JS_OUTDATED", False)
        assert "has no addAndSendMsgToChat" in status["reason_text"]
        health = one.http.get("/health").json()
        web = health["whatsapp_web"]
        assert (health["status"], web["contract"], web["missing"]) == ("degraded", "degraded", ["addAndSendMsgToChat"])
        assert web["version"] == "2.3000.1050000001"
        assert 'page_contract_missing{symbol="addAndSendMsgToChat"} 1.0' in one.http.get("/metrics").text
        page = one.http.get("/status").json()["whatsapp_web"]
        assert (page["version"], page["missing"]) == (web["version"], ["addAndSendMsgToChat"])
        assert {"sendLocation", "sendText"} <= set(page["without"])
        refused = one.send("5491122334455", "now")
        assert refused.status_code == 409
        assert "addAndSendMsgToChat" in refused.text
        promised = one.http.post("/messages", json={"to": "5491122334455", "message": "later"}).json()
        sandbox.post("/settings", drift={})
        one.http.post("/stop").raise_for_status()
        one.init()
        one.reaches("READY")
        gone = {"sent", "delivered", "read"}
        until(lambda: one.message(promised["id"])["state"], gone.__contains__, "what was promised leaves", 20.0)
        assert one.http.get("/health").json()["status"] == "ok"


def test_a_version_that_changed_while_the_service_was_stopped_is_told(
    serve: Serve, consumer: Consumers, sandbox: Sandbox
) -> None:
    sandbox.post("/settings", version="2.3000.1050000001")
    with serve() as service:
        one = consumer(service)
        one.pair()
        web = one.http.get("/health").json()["whatsapp_web"]
        assert "session_manager_wa_js_unresolved{client=" in one.http.get("/metrics").text
    with serve() as service:
        one = consumer(service)
        one.reaches("READY")
        assert one.http.get("/health").json()["whatsapp_web"]["seen_since"] == web["seen_since"]
    sandbox.post("/settings", version="2.3000.1050000002")
    with serve() as service:
        one = consumer(service)
        one.reaches("READY")
        assert one.http.get("/health").json()["whatsapp_web"]["version"] == "2.3000.1050000002"
        counted = 'events_total{type="whatsapp.changed"} 1.0'
        until(lambda: one.http.get("/metrics").text, lambda text: counted in text, "the change is told", 20.0)
