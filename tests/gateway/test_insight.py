"""What operators look at: metrics, readiness, history, screenshots, and which request a line of the log is due to."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.clients.canary import WhatsAppSeen
from actors.clients.operations.account import TakeScreenshot
from actors.clients.ports import Usage
from actors.clients.types import ClientId, Reason, State
from actors.metrics.gauges import BY_NUMBER, REST, Sources, Usages, families
from actors.store.errors import StoreUnavailable
from actors.store.writer import GetOutage
from gateway.access_log import trace_of
from gateway.readiness import LAG
from tests.gateway.running import PATIENCE, Running, until

FIRST = "the-first-key-of-a-test"
TEXT = {"to": "5491122334455", "message": "hello"}

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(service: Running) -> Samples:
    """What /metrics tells now."""
    text = service.get("/metrics").text
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        (sample.name.removeprefix("session_manager_"), frozenset(sample.labels.items())): sample.value
        for sample in found
    }


def of(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


# --- metrics ----------------------------------------------------------------------------------------------------------


def _is_told(found: Samples) -> bool:
    """Whether the second client's QR, and the last event of the first one's message, have come to be counted."""
    told = of(found, "messages_total", state="sent") == 1 and of(found, "events_total", type="message.state") == 2
    return told and of(found, "clients", state="QR_REQUIRED") == 1


def test_what_flows_by_is_counted(service: Running) -> None:
    service.ready(1)
    assert service.post("/send", 1, TEXT).status_code == 200
    service.without_wait(2)
    found = until(lambda: samples(service), _is_told, "it is told")
    assert of(found, "clients", state="READY") == 1
    assert of(found, "clients", state="ERROR") == 0
    assert of(found, "transitions_total", state="READY", reason="NONE") == 1
    assert of(found, "start_seconds_count", kind="start", state="QR_REQUIRED") == 2
    assert of(found, "start_seconds_count", kind="login", state="READY") == 1
    assert of(found, "send_seconds_count", outcome="sent") == 1
    assert of(found, "messages_total", state="sent") == 1
    assert of(found, "events_total", type="message.state") == 2
    for actor in ("supervisor", "outbox", "store-writer", "store-reader"):
        assert ("mailbox_depth", frozenset({("actor", actor)})) in found
    for name in ("client_mailbox_depth_sum", "client_mailbox_oldest_seconds_max", "browser_loop_lag_seconds"):
        assert (name, frozenset()) in found


def test_what_the_service_itself_uses_is_told(service: Running) -> None:
    found = samples(service)
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"):
        assert of(found, name) > 0


def test_reconnections_and_cleanups_are_counted(tmp_path: Path) -> None:
    with Running(tmp_path / "data", backoff_first=0.01, backoff_cap=0.01, cleanup_delay=0.01) as service:
        service.ready(1)
        service.browser.crash(ClientId(1))
        until(lambda: of(samples(service), "start_seconds_count", kind="reconnection", state="READY"), bool, "back")
        assert of(samples(service), "reconnections_total", reason="BROWSER_CRASHED") == 1
        service.browser.remove(ClientId(1))
        until(lambda: of(samples(service), "cleanups_total", state="DISCONNECTED_LOGOUT"), bool, "cleaned up")
        assert of(samples(service), "clients", state="READY") == 0


def test_probes_are_timed(tmp_path: Path) -> None:
    with Running(tmp_path / "data", probe_interval=0.05, probe_timeout=0.05) as service:
        service.ready(1)
        until(lambda: of(samples(service), "probe_seconds_count"), bool, "a probe")


def test_calls_are_counted_by_route_and_never_by_path(service: Running) -> None:
    for number in range(30):
        service.get(f"/clients/{number + 1}/history")
        service.get(f"/nowhere/{number}")
        service.call("DELETE", f"/messages/{number}", 1)
    service.call("PROPFIND", "/status", 1)
    found = samples(service)
    assert of(found, "http_request_seconds_count", method="GET", route="/clients/{id}/history", status="2xx") == 30
    assert of(found, "http_request_seconds_count", method="GET", route="none", status="4xx") == 30
    assert of(found, "http_request_seconds_count", method="DELETE", route="/messages/{id}", status="4xx") == 30
    assert of(found, "http_request_seconds_count", method="other", route="none", status="4xx") == 1
    service.status(1)
    assert of(samples(service), "http_request_seconds_count", method="GET", route="/status", status="2xx") == 1


def test_a_number_that_is_not_on_whatsapp_is_no_failure_of_the_service(service: Running) -> None:
    """The contract answers it with 500; an alarm looks at `5xx`."""
    service.ready(1)
    service.browser.whatsapp.absent.add("5491122334455@c.us")
    assert service.post("/send", 1, TEXT).status_code == 500
    found = samples(service)
    assert of(found, "http_request_seconds_count", method="POST", route="/send", status="refused") == 1
    assert of(found, "http_request_seconds_count", method="POST", route="/send", status="5xx") == 0


def test_what_the_guard_refuses_is_counted_by_route_too(tmp_path: Path) -> None:
    with Running(tmp_path / "data", api_key=FIRST) as service:
        httpx2.get(f"{service.url}/status", verify=False)
        httpx2.get(f"{service.url}/qr", verify=False)
        found = samples(service)
        for route in ("/status", "/qr"):
            assert of(found, "http_request_seconds_count", method="GET", route=route, status="4xx") == 1


def test_metrics_need_a_key_unless_they_are_opened(tmp_path: Path) -> None:
    with Running(tmp_path / "a", api_key=FIRST) as service:
        assert httpx2.get(f"{service.url}/metrics", verify=False).status_code == 401
        bearer = {"Authorization": f"Bearer {FIRST}"}
        assert httpx2.get(f"{service.url}/metrics", headers=bearer, verify=False).status_code == 200
    with Running(tmp_path / "b", api_key=FIRST, metrics_open=True) as service:
        assert httpx2.get(f"{service.url}/metrics", verify=False).status_code == 200


def test_openmetrics_is_told_to_who_asks_for_it(service: Running) -> None:
    answer = service.call("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_processes_are_measured_once_in_a_while() -> None:
    measured = []

    def measure() -> dict[ClientId, Usage]:
        measured.append(1)
        return {ClientId(7): Usage(2, 10, 0.5)}

    usages = Usages(measure)
    assert usages.latest() == {7: Usage(2, 10, 0.5)}
    assert usages.latest() is usages.latest()
    assert measured == [1]


def test_clients_are_told_by_number_up_to_a_limit_and_the_rest_as_one() -> None:
    many = {ClientId(number): Usage(2, 10, 0.5) for number in range(1, BY_NUMBER + 4)}
    told = {family.name: family for family in families(Sources(dict, lambda: [], lambda: 0.0, lambda: many), None)}
    pss = told["session_manager_client_pss_bytes"].samples
    assert len(pss) == BY_NUMBER + 1
    assert pss[-1].labels == {"client": REST}
    assert pss[-1].value == 30


def test_the_names_that_wa_js_did_not_find_have_a_rest_too() -> None:
    seen = WhatsAppSeen(unresolved={ClientId(number): number for number in range(1, BY_NUMBER + 3)})
    sources = Sources(dict, lambda: [], lambda: 0.0, dict, lambda: seen)
    told = {family.name: family for family in families(sources, None)}
    rows = {row.labels["client"]: row.value for row in told["session_manager_wa_js_unresolved"].samples}
    assert len(rows) == BY_NUMBER + 1
    assert (rows["1"], rows[str(BY_NUMBER)], rows[REST]) == (1, BY_NUMBER, 2 * BY_NUMBER + 3)


# --- ready ------------------------------------------------------------------------------------------------------------


def test_it_is_not_ready_while_it_starts_and_while_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Running(tmp_path / "data")
    may_start, start = threading.Event(), service.browser.start

    def slow() -> None:
        may_start.wait(PATIENCE)
        start()

    monkeypatch.setattr(service.browser, "start", slow)
    with service.unready():
        answer = until(lambda: service.get("/ready"), lambda answer: answer.status_code == 503, "an answer")
        assert answer.json() == {"ready": False, "why": ["starting"]}
        may_start.set()
        until(lambda: service.get("/ready").json(), lambda told: told == {"ready": True, "why": []}, "ready")
        may_stop, end = threading.Event(), service.browser.stop

        def slow_stop(seconds: float) -> bool:
            may_stop.wait(PATIENCE)
            return end(seconds)

        monkeypatch.setattr(service.browser, "stop", slow_stop)
        service.server.end(service.ending)
        until(lambda: service.get("/ready").json(), lambda told: told == {"ready": False, "why": ["draining"]}, "told")
        may_stop.set()


def test_it_is_not_ready_while_the_browsers_loop_is_held_up(service: Running) -> None:
    assert service.get("/ready").status_code == 200
    service.browser.lag = LAG + 1
    answer = until(lambda: service.get("/ready"), lambda answer: answer.status_code == 503, "a new look")
    assert answer.json()["why"] == ["browser"]
    service.browser.lag = 0.0
    until(lambda: service.get("/ready").status_code, lambda status: status == 200, "a new look")


def test_it_is_not_ready_while_the_store_cannot_be_used(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from actors.store.writer import Writer

    receive = Writer.receive

    def out(writer: Writer, message: object) -> object:
        if isinstance(message, GetOutage):
            writer._outage = StoreUnavailable("disk full")
            return receive(writer, message)
        return receive(writer, message)

    monkeypatch.setattr(Writer, "receive", out)
    until(lambda: service.get("/ready").json(), lambda told: told == {"ready": False, "why": ["store"]}, "a new look")
    monkeypatch.undo()
    service.system.store.writer.ask(GetOutage(), timeout=PATIENCE)


def test_strangers_may_ask_whether_it_is_ready(tmp_path: Path) -> None:
    with Running(tmp_path / "data", api_key=FIRST) as service:
        assert httpx2.get(f"{service.url}/ready", verify=False).json() == {"ready": True, "why": []}


# --- history and screenshot -------------------------------------------------------------------------------------------


def test_a_clients_history_tells_states_causes_and_the_request(service: Running) -> None:
    service.call("POST", "/init", 1, headers={"X-Request-Id": "order-7"})
    service.browser.scan(ClientId(1))
    service.reaches(1, State.READY)
    service.browser.remove(ClientId(1))
    service.reaches(1, State.DISCONNECTED_LOGOUT)
    told = until(
        lambda: service.get("/clients/1/history").json()["transitions"], lambda told: len(told) == 5, "written"
    )
    assert [one["state"] for one in told] == [
        "INITIALIZING",
        "QR_REQUIRED",
        "INITIALIZING",
        "READY",
        "DISCONNECTED_LOGOUT",
    ]
    assert [one["request_id"] for one in told] == ["order-7"] * 4 + [None]
    assert told[-1]["previous_state"] == "READY"
    assert told[-1]["reason"] == Reason.LOGGED_OUT_BY_PHONE
    assert told[-1]["at"].endswith("Z")
    newest = service.get("/clients/1/history?limit=2").json()["transitions"]
    assert newest == told[-2:]


def test_a_history_is_asked_for_in_proper_words(service: Running) -> None:
    assert service.get("/clients/77/history").json() == {"cliente_id": 77, "transitions": []}
    for query in ("limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "other=1"):
        assert service.get(f"/clients/1/history?{query}").json()["code"] == "INVALID_REQUEST"
    assert service.get("/clients/x/history").json()["code"] == "CLIENT_NOT_FOUND"


def test_a_screenshot_is_a_png_of_the_page(service: Running) -> None:
    service.without_wait(1)
    answer = service.get("/clients/1/screenshot")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == TakeScreenshot.example.png
    assert service.get("/clients/2/screenshot").json()["code"] == "SESSION_NOT_READY"
    assert service.get("/clients/0/screenshot").json()["code"] == "CLIENT_NOT_FOUND"


# --- traces -----------------------------------------------------------------------------------------------------------

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_trace_is_kept(service: Running) -> None:
    answer = service.call("GET", "/status", 1, headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    version, trace, span, flags = answer.headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert re.fullmatch("[0-9a-f]{16}", span)
    assert span != SPAN
    assert "traceparent" not in service.status(1)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"00-{TRACE}-{SPAN}",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE[:-1]}-{SPAN}-01",
    ],
)
def test_what_is_no_trace_is_passed_over(header: str) -> None:
    assert trace_of([(b"traceparent", header.encode())]) is None


def test_a_later_version_of_a_trace_is_understood_and_two_are_none() -> None:
    header = (b"traceparent", f"01-{TRACE}-{SPAN}-00-more".encode())
    trace = trace_of([header])
    assert trace is not None
    assert trace.id == TRACE
    assert trace.header.startswith(b"00-")
    assert trace_of([header, header]) is None
