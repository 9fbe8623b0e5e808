"""What happens to the account, as facts that are told once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actors.browser import interpret
from actors.browser.interpret import notices
from actors.browser.wa_js import PACKAGE
from actors.clients.protocol import Happened

TABLES = (notices.NOTICES, notices.UNREADABLE, notices.ADDITIONS, notices.MESSAGES)


def happened(event: dict[str, Any], *, live: bool = True) -> Happened:
    """The fact in an event that is one."""
    fact = interpret.happened(event, live=live)
    assert fact is not None
    return fact


def test_two_tellings_of_the_same_happening_are_recognised() -> None:
    def identity(**event: Any) -> object:
        return interpret.identity(happened({"e": "ack", "bare_id": "3EB0", **event}))

    assert identity(ack=1, chat="1@lid") == identity(ack=1, chat="5491@c.us")
    assert identity(ack=1) != identity(ack=2)
    live = happened({"e": "message", "bare_id": "3EB0", "id": "a"})
    stored = happened({"e": "message", "bare_id": "3EB0", "id": "a"}, live=False)
    assert interpret.identity(live) == interpret.identity(stored)


def test_texts_are_cut() -> None:
    fact = happened({"e": "message", "body": "x" * 100_000})
    assert len(fact.payload["body"]) == interpret.MAX_TEXT


def test_every_type_of_message_that_wa_js_knows_is_in_one_table() -> None:
    declared = (PACKAGE / "dist/whatsapp/enums/MSG_TYPE.d.ts").read_text("utf-8")
    types = set(re.findall(r'= "([a-z0-9_]+)"', declared))
    assert len(types) > 30
    assert types <= frozenset().union(*TABLES)
    assert sum(map(len, TABLES)) == len(frozenset().union(*TABLES))


@pytest.mark.parametrize("type", sorted(notices.NOTICES | notices.UNREADABLE | notices.ADDITIONS))
@pytest.mark.parametrize("change", [None, "add", "identity", "encrypt"])
def test_what_nobody_wrote_is_never_a_message(type: str, change: str | None) -> None:
    fact = interpret.happened({"e": "message", "id": "a", "type": type, "change": change})
    assert fact is None or fact.kind in notices.EVENTS


@pytest.mark.parametrize("type", sorted(notices.MESSAGES))
def test_what_somebody_wrote_is_a_message(type: str) -> None:
    assert happened({"e": "message", "id": "a", "type": type}).kind == "message"


def test_a_type_of_tomorrow_is_a_message_unless_the_page_calls_it_a_notice() -> None:
    assert happened({"e": "message", "id": "a", "type": "hologram"}).kind == "message"
    assert interpret.happened({"e": "message", "id": "a", "type": "hologram_notice", "notice": True}) is None


def test_a_call_that_has_ended_is_not_taken_for_the_same_while_it_went_on() -> None:
    def logged(outcome: str) -> Happened:
        return happened({"e": "message", "id": "a", "bare_id": "3A", "type": "call_log", "outcome": outcome})

    assert interpret.identity(logged("Ongoing")) != interpret.identity(logged("Completed"))


def test_the_people_of_a_notice_are_names_and_no_more_than_a_group_has() -> None:
    told = happened({"e": "message", "id": "a", "type": "gp2", "people": ["1@c.us", 5, None, *["2@c.us"] * 2000]})
    assert told.payload["people"][:2] == ["1@c.us", "2@c.us"]
    assert len(told.payload["people"]) <= 1024
