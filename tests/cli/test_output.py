"""What is printed comes from many hands: names, addresses, texts of WhatsApp. None of it may write on the terminal."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
import structlog

from gateway.cli import main, output
from gateway.cli.event_lines import line_of
from gateway.cli.messages import _event_of

PROGRAM = Path(sys.executable).parent / "session-manager"
HOSTILE = "[red]x[/] [/] \x1b[2J\x07\x9b31m \u202e\r\n\tend"
SHOWN = r"[red]x[/] [/] \x1b[2J\x07\x9b31m \u202e\r\n\tend"


def test_what_a_table_holds_is_shown_as_it_is_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.rows(("NAME", "STATE"), [(HOSTILE, output.state_cell("READY")), (None, 7)])
    said = capsys.readouterr().out
    assert said.splitlines()[1].split("  ")[0] == SHOWN
    assert said.splitlines()[1].rstrip().endswith("READY")


def test_facts_are_no_markup_either(capsys: pytest.CaptureFixture[str]) -> None:
    output.facts({"reason_text": HOSTILE, "state": output.state_cell("ERROR"), "phone": None})
    said = capsys.readouterr().out
    assert SHOWN in said
    assert "[dim]" not in said
    assert "[red]ERROR" not in said


def test_parts_of_a_fact_stand_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    web = {"version": "2.3000.1045000000", "contract": "whole", "missing": [], "without": [], "unresolved": 1}
    output.facts({"healthy": True, "phone": None, "clients": [1, 7], "whatsapp_web": web})
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "healthy yes",
        "clients 1, 7",
        "whatsapp_web version 2.3000.1045000000, contract whole, unresolved 1",
    ]


def test_names_in_any_script_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.rows(("NAME",), [("Café 咖啡 🙂 קפה",)])
    assert "Café 咖啡 🙂 קפה" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "utf-16"])
def test_no_output_ends_a_command_and_json_stays_json(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    output.unfailing()
    value = {"text": "Café 咖啡 🙂", "half": "\ud83d", "name": "\ude00"}
    output.as_json(value)
    print("咖啡 \ud83d")
    sys.stdout.flush()
    said, _, rest = written.getvalue().decode(encoding).rpartition("}\n")
    assert json.loads(said + "}") == {"text": "Café 咖啡 🙂", "half": "\ufffd", "name": "\ufffd"}
    assert rest.strip().endswith("\\ud83d")


def test_an_event_that_cannot_be_read_is_told_as_such() -> None:
    assert _event_of('{"type": "message"}') == {"type": "message"}
    for data in ("{", "[1]", "[" * 100_000, "null"):
        event = _event_of(data)
        assert event["type"] == "unreadable"
        assert line_of(event)


@pytest.mark.parametrize("command", [("tail",), ("clients",)], ids=lambda command: command[0])
def test_an_interrupt_ends_a_command_without_a_word(command: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen([PROGRAM, *command, "--url", url], stdout=PIPE, stderr=PIPE) as process:
            asking, _ = silent.accept()
            asking.recv(1)  # it waits for an answer now
            process.send_signal(signal.SIGINT)
            assert (process.communicate(timeout=30), process.returncode) == ((b"", b""), 130)
            asking.close()


@pytest.mark.parametrize("command", [("--help",), ("serve", "--help")], ids=lambda command: command[0])
def test_a_reader_that_goes_ends_a_command_without_a_word(command: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [PROGRAM, *command], stdout=PIPE, stderr=PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # as `head` does once it has its lines
        said = process.stderr.read()
        assert (said, process.wait(30)) == (b"", 1)


@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_is_closed_ends_no_command(closed: int) -> None:
    ran = subprocess.run(["sh", "-c", f"exec {PROGRAM} --version {closed}>&-"], capture_output=True, timeout=30)
    assert (ran.returncode, ran.stderr) == (0, b"")


NO_UTF_8 = b"\xff\xfe"


@pytest.mark.parametrize(
    "command",
    [
        (b"send", b"7", b"5491122334455", NO_UTF_8),
        (b"send", b"7", NO_UTF_8, b"hello"),
        (b"clients", b"--key", NO_UTF_8),
        (b"clients", b"--key", "ñ".encode()),
        (b"send", b"7", b"5491122334455", b"hello", b"--idempotency-key", "ñ".encode()),
        (b"chats", b"7", NO_UTF_8),
        (b"contacts", b"7", NO_UTF_8),
        (b"clients", b"--url", b"http://127.0.0.1:9/" + NO_UTF_8),
        (b"clients", b"--url", NO_UTF_8),
        (b"tail", b"--types", NO_UTF_8),
        (b"doctor", b"--wa-js", NO_UTF_8),
        (b"restore", NO_UTF_8),
    ],
    ids=lambda command: " ".join(word.decode("ascii", "backslashreplace") for word in command),
)
def test_bytes_that_are_no_text_end_no_command_in_a_traceback(
    command: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SESSION_MANAGER_URL", "http://127.0.0.1:9")  # nothing listens
    monkeypatch.setattr(structlog, "configure", lambda **_: None)  # the tests have a log of their own
    monkeypatch.setattr(sys, "argv", ["session-manager", *map(os.fsdecode, command)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (1, 2, 4)
    assert "Traceback" not in capsys.readouterr().err
