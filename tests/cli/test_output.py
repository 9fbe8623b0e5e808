"""What is printed comes from many hands: names, addresses, texts of WhatsApp. None of it may write on the terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from gateway.cli import output
from gateway.cli.event_lines import line_of
from gateway.cli.messages import _event_of

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
