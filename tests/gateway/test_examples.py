"""The bodies that the OpenAPI document shows are accepted by the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors.webhooks.definition import changes, new_webhook
from gateway.api import CALLS
from gateway.openapi.document import document
from gateway.openapi.examples import BODIES, FORMS
from tests.gateway.running import Running

PATHS = document(CALLS, "0")["paths"]
CLIENT = 99
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
LEFT_OUT = ("/media", "/webhooks", "/pairing-code")
"""Beginnings of paths whose bodies need a file, an address that can be reached, or a client that shows a QR."""
FILES = (".png", ".mp4", "digest")
"""The marks of a body whose file would be fetched from elsewhere, or has not been uploaded."""


def bodies() -> Iterator[tuple[str, str, dict[str, str], Any]]:
    """Yield method, path, headers and body of every example in JSON that needs nothing from elsewhere."""
    for path, methods in PATHS.items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            named = [one["value"] for one in content.get("examples", {}).values()]
            filled, headers = path, {}
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    filled = filled.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
                elif parameter["in"] == "header" and "example" in parameter:
                    headers[parameter["name"]] = str(parameter["example"])
            for body in [content["example"], *named] if "example" in content else named:
                if not path.startswith(LEFT_OUT) and not any(mark in str(body) for mark in FILES):
                    yield method.upper(), filled, headers, body


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose client is READY."""
    with Running(tmp_path_factory.mktemp("examples") / "data", api_key="the-first-key-of-a-test") as running:
        running.ready(CLIENT)
        yield running


def test_every_body_that_is_shown_is_accepted(service: Running) -> None:
    answers = {}
    for method, path, headers, body in bodies():
        answer = service.call(method, path, headers=headers, json=body)
        answers[f"{method} {path} {body}"] = (answer.status_code, answer.text)
    assert len(answers) > 30
    assert {call: answer for call, answer in answers.items() if answer[0] >= 300} == {}


@pytest.mark.parametrize("call", [call for call in FORMS if "convert" not in call and "video" not in call])
def test_a_form_that_is_shown_is_accepted(service: Running, call: str) -> None:
    method, _, path = call.partition(" ")
    picture = {name: ("menu.png", PNG, "image/png") for name, value in FORMS[call].items() if "bytes" in value}
    texts = {name: value for name, value in FORMS[call].items() if name not in picture}
    path = path.replace("{group}", "120363025246125486@g.us")
    answer = service.call(method, path, CLIENT, data=texts, files=picture)
    assert answer.status_code < 300, answer.text


def test_every_webhook_that_is_shown_is_a_possible_one() -> None:
    for body in BODIES["POST /webhooks"].values():
        assert new_webhook(body, at=0.0).url == body["url"]
    for body in BODIES["PATCH /webhooks/{id}"].values():
        assert {*changes(body)} == {*body}


def test_a_client_that_does_not_run_is_shown_as_one() -> None:
    examples = PATHS["/status"]["get"]["responses"]["200"]["content"]["application/json"]
    absent, running = (examples["examples"][name]["value"] for name in ("AbsentAnswer", "StatusAnswer"))
    assert (absent["state"], absent["connected"], absent["can_send_messages"]) == ("NOT_INITIALIZED", False, False)
    assert (running["state"], running["connected"], running["can_send_messages"]) == ("READY", True, True)
