"""Which types of events a pattern wants."""

from __future__ import annotations

import pytest

from actors.webhooks.definition import is_pattern, matches


@pytest.mark.parametrize("pattern", ["*", "message", "message.*", "message.ack", "a.b.c.*", "client.state", "x-y_z.1"])
def test_what_is_a_pattern(pattern: str) -> None:
    assert is_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["", "**", "message*", "*.ack", "message.**", ".message", "message.", "a b", "a\n", "é", "a" * 101, "%", "a.*.b"],
)
def test_what_is_none(pattern: str) -> None:
    assert not is_pattern(pattern)


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        (["*"], {"message", "message.ack", "client.state"}),
        (["message"], {"message"}),
        (["message.*"], {"message.ack"}),
        (["message", "client.*"], {"message", "client.state"}),
        (["Message"], set()),
        (["mess"], set()),
        ([], set()),
    ],
)
def test_what_a_list_of_patterns_wants(patterns: list[str], wanted: set[str]) -> None:
    assert {kind for kind in ("message", "message.ack", "client.state") if matches(patterns, kind)} == wanted
