"""What is printed comes from many hands: names, addresses, texts of WhatsApp. None of it may write on the terminal."""

from __future__ import annotations

import pytest

from gateway.cli import output

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
