"""The description of all calls is what they do: every one is driven by what the document says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from gateway.api import CALLS
from gateway.openapi.document import document
from tests.gateway.running import Running

EXAMPLES = 12
"""Requests generated for each call."""
CLIENTS = 4
"""Client numbers are folded to so many, so that calls meet clients that run."""
PERSON = "5491122334455"
"""People are folded to one: of texts at random hardly any are a phone number."""
FIRST = "the-first-key-of-a-test"
ENDLESS = re.compile(r"/events$")
"""Paths whose answer goes on for as long as one listens."""
LOST = {(500, "SEND_FAILED"), (502, "MEDIA_UNREACHABLE"), (500, "INITIALIZATION_FAILED"), (500, "LOGOUT_FAILED")}
"""What the contract answers where WhatsApp or Chromium lets us down."""
WELL_ANSWERED = {
    ("POST", "/init"),
    ("GET", "/status"),
    ("POST", "/send"),
    ("POST", "/messages"),
    ("GET", "/messages"),
    ("POST", "/keys"),
    ("GET", "/clients/{id}/history"),
    ("GET", "/events/next"),
}
"""Calls that can be made well without knowing an id: they are made as the document shows them, too."""
DOCUMENT = document(CALLS, "0")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS_FOUND: list[Any] = [result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)]
DRIVEN = [operation for operation in OPERATIONS_FOUND if not ENDLESS.search(operation.path)]
CONFORMANCE = [
    check
    for check in CHECKS.get_all()
    if check.__name__
    in {
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    }
]


@pytest.fixture
def described(tmp_path: Path) -> Iterator[Running]:
    """A service with a key, and clients in different states."""
    waits: dict[str, Any] = {"init_wait": 0.05, "qr_wait": 0.05, "send_timeout": 1.0, "body_timeout": 5.0}
    with Running(tmp_path / "data", api_key=FIRST, **waits) as service:
        service.ready(1)
        service.without_wait(2)
        yield service
    assert service.code == 0


@pytest.mark.slow
@pytest.mark.timeout(400)  # every call with many requests each: the longest test there is
# The service runs in threads of this process, and they draw at random while a request is being generated.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
def test_every_call_answers_as_it_is_described(described: Running) -> None:
    with requests.Session() as session:
        session.trust_env = False  # to look for proxies in the environment takes a fifth of each request
        for operation in DRIVEN:
            drive(operation, described.url, session)
    text = described.get("/metrics").text
    served = set(re.findall(r'http_request_seconds_count\{method="(\w+)",route="([^"]+)",status="2xx"\}', text))
    assert served >= WELL_ANSWERED, "refusals only: what is said of success has not been seen"


def drive(operation: Any, url: str, session: requests.Session) -> None:
    """Generate requests for one call, and compare every answer with its description."""
    if (operation.method.upper(), operation.path) in WELL_ANSWERED:
        response = shown(operation).call(base_url=url, session=session, headers={"X-Api-Key": FIRST})
        assert response.status_code < 300, response.text

    @hypothesis.seed(20)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def driven(case: Any) -> None:
        _meet_clients(case)
        response = case.call(base_url=url, session=session, headers={"X-Api-Key": FIRST})
        case.validate_response(response, checks=CONFORMANCE)
        if response.status_code >= 500:
            assert (response.status_code, response.json().get("code")) in LOST or operation.path == "/qr-code"

    driven()


def shown(operation: Any) -> Any:
    """Return the call as the document shows it, of the client that is READY."""
    raw = operation.definition.raw
    given: dict[str, dict[str, Any]] = {"path": {}, "header": {}, "query": {}}
    for parameter in raw["parameters"]:
        if "example" in parameter:
            given[parameter["in"]][parameter["name"]] = parameter["example"]
    if "X-Cliente-Id" in given["header"]:
        given["header"]["X-Cliente-Id"] = "1"
    body: dict[str, Any] = {}
    if "requestBody" in raw:
        content = raw["requestBody"]["content"]["application/json"]
        first = content["example"] if "example" in content else next(iter(content["examples"].values()))["value"]
        body = {"body": first, "media_type": "application/json"}
    if operation.path == "/events/next":
        given["query"]["wait"] = 0
    return operation.Case(path_parameters=given["path"], headers=given["header"], query=given["query"], **body)


def _meet_clients(case: Any) -> None:
    number = (case.headers or {}).get("X-Cliente-Id")
    if number is not None and str(number).isdigit():
        case.headers["X-Cliente-Id"] = str(int(number) % CLIENTS + 1)
    if isinstance(case.body, dict) and isinstance(case.body.get("to"), str):
        case.body["to"] = PERSON
        if isinstance(case.body.get("mentions"), list):
            case.body["mentions"] = [PERSON]
        if isinstance(case.body.get("cliente_id"), int):
            case.body["cliente_id"] = int(case.headers["X-Cliente-Id"])
    if case.path == "/events/next":
        case.query = {**(case.query or {}), "wait": 0}
    for name, value in (case.path_parameters or {}).items():
        if name in ("clienteId", "id") and str(value).isdigit():
            case.path_parameters[name] = int(value) % CLIENTS + 1


def test_the_document_is_openapi_3_1_and_describes_every_call(described: Running) -> None:
    told = described.get("/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert told["info"]["version"]
    calls = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert calls == {(call.method, call.path) for call in CALLS if call.described}


def test_a_call_with_a_key_says_so_and_names_its_scope() -> None:
    for call in CALLS:
        if call.described:
            described, scope = DOCUMENT["paths"][call.path][call.method.lower()], call.need.scope
            assert bool(described["security"]) is ("401" in described["responses"]) is (scope is not None)
            assert scope is None or f"`{scope}`" in described["description"]


def test_every_summary_is_one_short_sentence() -> None:
    for call in (call for call in CALLS if call.described):
        assert call.summary, call.path
        assert len(call.summary) <= 80, call.summary


def test_what_a_path_carries_is_described() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for told in methods.values():
            carried = {one["name"] for one in told["parameters"] if one["in"] == "path"}
            assert carried == set(re.findall(r"\{(\w+)\}", path))


def test_every_reference_leads_somewhere() -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert names <= set(DOCUMENT["components"]["schemas"])


def test_the_pages_load_nothing_that_is_not_the_services_own(described: Running) -> None:
    page = described.get("/docs")
    assert page.status_code == 200
    assert "'unsafe" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for place in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert "//" not in place
        assert described.get(f"/{place}").status_code == 200, place
    assert described.get("/docs/package.json").status_code == 404
