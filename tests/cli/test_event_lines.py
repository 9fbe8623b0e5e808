"""Events as `tail` shows them at a terminal: one readable line each, whatever is in them."""

from __future__ import annotations

from typing import Any

import pytest

from actors.clients.events import EVENTS
from gateway.cli.event_lines import LONGEST, TEXTS, line_of


def event(type: str, /, **payload: Any) -> dict[str, Any]:
    return {"type": type, "cliente_id": 7, "at": "2026-11-24T20:20:57.473Z", "payload": payload}


def test_every_type_of_event_has_a_text() -> None:
    assert TEXTS.keys() == EVENTS.keys()


@pytest.mark.parametrize("type", EVENTS)
def test_an_event_is_one_short_line_without_json(type: str) -> None:
    line = line_of(event(type, **EVENTS[type].example))
    assert line.split()[1:3] == ["7", type]
    assert len(line) < 200
    assert "{" not in line
    assert "None" not in line


@pytest.mark.parametrize(
    ("type", "payload", "said"),
    [
        ("message", {"sender_name": "Ana", "phone": "5491122334455", "body": "Hi"}, "Ana (5491122334455): Hi"),
        ("message", {"chat": "1@g.us", "author_phone": "549", "type": "image"}, "549: (image)"),
        ("message", {"chat": "1@g.us", "from_me": True, "body": "x"}, "me: x"),
        ("message.ack", {"phone": "549", "ack": 3}, "read by 549"),
        ("message.ack", {"phone": "549", "ack": 77}, "ack 77 549"),
        ("chat.archive", {"phone": "549", "archived": False}, "549 taken out of the archive"),
        ("client.state", {"state": "READY", "previous_state": "INITIALIZING"}, "INITIALIZING → READY"),
        ("of.tomorrow", {"a": "b"}, '{"a": "b"}'),
    ],
)
def test_the_line_says_what_people_read(type: str, payload: dict[str, Any], said: str) -> None:
    assert line_of(event(type, **payload)).endswith(said)


@pytest.mark.parametrize(
    "hostile", ["\ud83d", "\x1b[2J\r\n", "x" * 100_000, {"a": ["\ud83d"]}, [None, "\ud83d"], None, 7]
)
def test_no_event_steers_the_terminal_or_ends_the_command(hostile: Any) -> None:
    for type in (*TEXTS, "of.tomorrow"):
        names = (*EVENTS[type].example, "body", "sender_name") if type in EVENTS else ("a",)
        line = line_of(event(type, **dict.fromkeys(names, hostile)))
        assert line.isprintable()
        assert len(line) < 10 * LONGEST
    for broken in ({}, {"type": hostile}, {"at": hostile, "payload": hostile}, {"type": "message", "payload": hostile}):
        assert line_of(broken).isprintable()
