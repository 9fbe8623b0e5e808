"""What one call causes is found again by its request id, and by the trace it belongs to, in every part's lines."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from actors.browser.fake import FakeBrowser, WhatsApp
from actors.clients.types import ClientId, State
from gateway import logs
from tests.gateway.running import Running, chosen, until

ONE = ClientId(1)
TRACE = "0af7651916cd43dd8448eb211c80319c"
TO, TEXT = "5491122334455", "a private matter"

Lines = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Lines]:
    """Has everything logged, and answers the lines of a request, in order; the log is as before afterwards."""
    handlers, level = logging.root.handlers[:], logging.root.level
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    logs.configure(chosen(tmp_path, log_level="debug"), descriptor)

    def of(request: str) -> list[dict[str, Any]]:
        written = map(json.loads, path.read_text("ascii").splitlines())
        return [line for line in written if line.get("request") == request]

    yield of
    assert TEXT not in path.read_text("ascii")
    assert TO not in path.read_text("ascii")
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(False)
    logging.basicConfig(level=level, handlers=handlers, force=True)
    os.close(descriptor)


def traced(request: str) -> dict[str, str]:
    """The headers of a call with this request id, in the trace."""
    return {"X-Request-Id": request, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


def events(lines: list[dict[str, Any]]) -> list[str]:
    """The events of lines that all belong to the trace."""
    assert {line["trace"] for line in lines} == {TRACE}
    return [line["event"] for line in lines]


def test_a_send_is_followed_from_the_gateway_into_the_page_and_back(lines: Lines, tmp_path: Path) -> None:
    with Running(tmp_path / "data") as service:
        service.ready(1)
        answer = service.call("POST", "/send", 1, json={"to": TO, "message": TEXT}, headers=traced("the-send"))
    found = lines("the-send")
    assert events(found) == [
        "http.received",
        "client.sending",
        "page.sending",
        "page.sent",
        "outbox.settled",
        "http.request",
    ]
    _, ordered, sending, sent, settled, answered = found
    assert {line["client"] for line in found} == {1}
    assert len({line["order"] for line in (ordered, sending, sent, settled)}) == 1
    assert sending["chat"] == "5491****55@c.us"
    assert sent["message_id"] == f"true_5491****55@c.us_{sent['order']}"
    assert sent["ms"] >= 0
    assert answered["message"] == settled["message"] == answer.json()["id"]


def test_a_message_that_is_refused_says_so_where_it_was(lines: Lines, tmp_path: Path) -> None:
    with Running(tmp_path / "data") as service:
        service.ready(1)
        service.browser.whatsapp.absent.add(f"{TO}@c.us")
        service.call("POST", "/send", 1, json={"to": TO, "message": TEXT}, headers=traced("refused"))
    found = lines("refused")
    assert events(found)[2:4] == ["page.sending", "page.send_refused"]
    assert found[3]["why"] == "There is no such chat on WhatsApp (5491****55@c.us)"


def test_a_promised_message_names_its_call_when_it_leaves_after_a_restart(lines: Lines, tmp_path: Path) -> None:
    data, whatsapp = tmp_path / "data", WhatsApp()
    with Running(data, FakeBrowser(directory=tmp_path / "logins", whatsapp=whatsapp)) as service:
        service.bring(1, State.QR_REQUIRED)
        body = {"to": TO, "message": TEXT}
        answer = service.call("POST", "/messages", 1, json=body, headers=traced("the-promise"))
        id = answer.json()["id"]
    assert events(lines("the-promise")) == ["http.received", "http.request"]
    with Running(data, FakeBrowser(directory=tmp_path / "logins", whatsapp=whatsapp)) as service:
        service.reaches(1, State.QR_REQUIRED)
        service.browser.scan(ONE)
        until(lambda: service.get(f"/messages/{id}", 1).json()["state"], "sent".__eq__, "it is sent")
    left = lines("the-promise")[2:]
    assert events(left) == ["client.sending", "page.sending", "page.sent", "outbox.settled"]
    assert left[-1]["message"] == id


def test_a_start_is_followed_into_the_page_and_no_further_than_to_ready(lines: Lines, tmp_path: Path) -> None:
    with Running(tmp_path / "data") as service:
        service.call("POST", "/init", 1, headers=traced("the-start"))
        service.browser.scan(ONE)
        service.reaches(1, State.READY)
        service.browser.remove(ONE)
        service.reaches(1, State.DISCONNECTED_LOGOUT)
    found = lines("the-start")
    assert events(found)[:3] == ["http.received", "client.state", "page.opened"]
    assert {"http.request", "client.state"} == set(events(found)[3:])
    assert [line["after"] for line in found if "after" in line] == [
        "INITIALIZING",
        "QR_REQUIRED",
        "INITIALIZING",
        "READY",
    ]
