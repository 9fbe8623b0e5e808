"""The log: one line an event, and nothing private in it."""

from __future__ import annotations

import json
import logging
import os
import pty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from actors.clients.protocol import QrShown
from actors.clients.types import ClientId, State
from gateway import logs
from tests.gateway.running import Running, chosen

Read = Callable[[], str]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[..., Read]]:
    """Configure the log to write into a file; answers how to read it. Everything is as before afterwards."""
    handlers, level = logging.root.handlers[:], logging.root.level
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)

    def configure(**settings: Any) -> Read:
        logs.configure(chosen(tmp_path, **settings), descriptor)
        return lambda: path.read_text("ascii")

    yield configure
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(False)
    logging.basicConfig(level=level, handlers=handlers, force=True)
    os.close(descriptor)


def test_an_event_is_one_line_of_json_with_a_time_in_utc(written: Callable[..., Read]) -> None:
    read = written()
    structlog.get_logger("x").info("happened", client=99, text="two\nlines", path=Path("/tmp"), other="ñ \ud800")
    line = json.loads(read())
    assert line["event"] == "happened"
    assert line["level"] == "info"
    assert line["client"] == 99
    assert line["timestamp"].endswith("Z")
    assert read().count("\n") == 1


def test_numbers_are_masked_wherever_they_are(written: Callable[..., Read]) -> None:
    read = written()
    structlog.get_logger("x").info("happened", why="to 5491122334455@c.us", phone="5491122334455", request="1" * 13)
    try:
        raise ValueError("no route to 5491122334455")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    logging.getLogger("pyppeteer").warning("found %s", "5491122334455")
    assert "5491122334455" not in read()
    assert read().count("5491****55") == 5
    assert "1" * 13 in read()


def test_lines_below_the_level_are_not_written(written: Callable[..., Read]) -> None:
    read = written(log_level="warning")
    structlog.get_logger("x").info("happened")
    logging.getLogger("x").info("happened")
    assert read() == ""


def test_text_for_people_can_be_had(written: Callable[..., Read]) -> None:
    read = written(log_format="console")
    structlog.get_logger("x").info("happened", client=99)
    assert "happened" in read()
    assert "client=99" in read()


def test_a_terminal_gets_text_for_people_unless_a_setting_says_otherwise() -> None:
    at_terminal, terminal = pty.openpty()
    try:
        for form, said in (("auto", b"client"), ("json", b'"client": 99')):
            logs.configure(chosen(Path("x"), log_format=form), terminal)
            structlog.get_logger("x").info("happened", client=99)
            line = os.read(at_terminal, 4096)
            assert said in line
            assert line.startswith(b"{") == (form == "json")
    finally:
        os.close(terminal)
        os.close(at_terminal)


def test_a_log_that_cannot_be_written_hurts_nobody(written: Callable[..., Read]) -> None:
    written()
    reader, writer = os.pipe()
    os.close(reader)
    logs.configure(chosen(Path("x")), writer)
    structlog.get_logger("x").info("into a closed pipe")
    os.close(writer)
    structlog.get_logger("x").info("into nothing")


def test_a_line_names_the_client_also_where_a_session_stands_for_it(
    written: Callable[..., Read], tmp_path: Path
) -> None:
    read = written()
    with Running(tmp_path / "data") as service:
        service.call("PATCH", "/clients/7/config", json={"name": "shop"})
        service.get("/api/shop/auth/qr")
        service.get("/api/sessions/shop")
    lines = [json.loads(line) for line in read().splitlines()]
    told = {line["path"]: line["client"] for line in lines if line["event"] == "http.request"}
    assert (told["/api/shop/auth/qr"], told["/api/sessions/shop"]) == (7, 7)


def test_every_request_has_a_line_without_anything_private(written: Callable[..., Read], tmp_path: Path) -> None:
    read = written()
    with Running(tmp_path / "data") as service:
        service.ready(1)
        shown = next(fact for fact in service.browser.page(ClientId(1)).facts if isinstance(fact, QrShown))
        service.call(
            "POST",
            "/send?secret=1",
            1,
            json={"to": "5491122334455", "message": "a private matter"},
            headers={"X-Request-Id": "order-7"},
        )
        service.get("/%0Aforged/5491122334455")
    lines = [json.loads(line) for line in read().splitlines()]
    [sent] = [line for line in lines if line.get("path") == "/send"]
    assert sent["event"] == "http.request"
    assert (sent["method"], sent["status"], sent["client"], sent["request"]) == ("POST", 200, 1, "order-7")
    assert sent["ms"] > 0
    assert any(line.get("path") == "/%0Aforged/5491****55" for line in lines)
    assert any(line["event"] == "client.state" and line["after"] == "READY" for line in lines)
    for private in ("a private matter", "5491122334455", "secret", shown.code, "data:image"):
        assert private not in read()


def test_only_a_sane_request_id_is_taken_over(service: Running) -> None:
    for given in ("a", "A-1.b_2:c", "x" * 64):
        assert service.call("GET", "/health", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    for odd in (b"", b"x" * 65, b"a b", b"<script>", "ñ".encode()):
        drawn = service.call("GET", "/health", headers={b"X-Request-Id": odd}).headers["x-request-id"]
        assert len(drawn) == 16


def test_a_bug_is_logged_with_its_traceback_and_told_without_it(
    written: Callable[..., Read], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = written()
    with Running(tmp_path / "data") as service:
        monkeypatch.setattr(service.system, "find", lambda _: 1 / 0)
        for path in ("/status", "/qr"):
            answer = service.get(path, 1)
            assert answer.status_code == 500
            assert answer.json() == {
                "error": True,
                "code": "INTERNAL_ERROR",
                "message": "Internal error: it has been logged",
            }
    lines = [json.loads(line) for line in read().splitlines()]
    failed = [line for line in lines if line["event"] == "http.failed"]
    assert len(failed) == 2
    assert all("ZeroDivisionError" in line["exception"] and line["request"] for line in failed)
    assert not [line for line in lines if line.get("logger", "").startswith("uvicorn")]


def test_what_libraries_tell_in_detail_is_left_out(written: Callable[..., Read]) -> None:
    read = written(log_level="debug")
    logging.getLogger("httpx").info("HTTP Request: POST https://x.example/?token=secret")
    logging.getLogger("websockets").debug("> TEXT secret")
    assert read() == ""


def test_a_start_and_a_message_name_their_request_in_actors_too(written: Callable[..., Read], tmp_path: Path) -> None:
    read = written()
    with Running(tmp_path / "data") as service:
        service.call("POST", "/init", 1, headers={"X-Request-Id": "the-start"})
        service.browser.scan(ClientId(1))
        service.reaches(1, State.READY)
        text = {"to": "5491122334455", "message": "x"}
        trace = "0af7651916cd43dd8448eb211c80319c"
        traced = {"X-Request-Id": "the-send", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        sent = service.call("POST", "/send", 1, json=text, headers=traced).json()
    lines = [json.loads(line) for line in read().splitlines()]
    states = [line.get("request") for line in lines if line["event"] == "client.state"]
    assert states == ["the-start"] * 4 + [None]
    [settled] = [line for line in lines if line["event"] == "outbox.settled"]
    assert (settled["request"], settled["message"], settled["state"]) == ("the-send", sent["id"], "sent")
    [answered] = [line for line in lines if line.get("path") == "/send"]
    assert (answered["request"], answered["message"], answered["trace"]) == ("the-send", sent["id"], trace)
