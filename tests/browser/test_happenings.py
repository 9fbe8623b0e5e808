"""What happens to the account, as facts that are told once."""

from __future__ import annotations

from typing import Any

from actors.browser import interpret


def test_two_tellings_of_the_same_happening_are_recognised() -> None:
    def identity(**event: Any) -> object:
        return interpret.identity(interpret.happened({"e": "ack", "bare_id": "3EB0", **event}))

    assert identity(ack=1, chat="1@lid") == identity(ack=1, chat="5491@c.us")
    assert identity(ack=1) != identity(ack=2)
    live = interpret.happened({"e": "message", "bare_id": "3EB0", "id": "a"})
    stored = interpret.happened({"e": "message", "bare_id": "3EB0", "id": "a"}, live=False)
    assert interpret.identity(live) == interpret.identity(stored)


def test_texts_are_cut() -> None:
    fact = interpret.happened({"e": "message", "body": "x" * 100_000})
    assert len(fact.payload["body"]) == interpret.MAX_TEXT
