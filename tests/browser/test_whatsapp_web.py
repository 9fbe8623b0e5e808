"""The tables of what WhatsApp Web says: conditions, account events and notices, addresses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actors.browser import whatsapp_web
from actors.browser.wa_js import PACKAGE
from actors.browser.whatsapp_web import CONDITIONS, Condition, Memory, View, condition, left, logged_out, view_of
from actors.clients.events import AccountEvent
from actors.clients.types import Reason
from tests.browser.views import MAIN


def test_every_row_of_the_table_can_be_reached() -> None:
    samples = {
        Condition.TERMS: View(mode="TOS_BLOCK"),
        Condition.PROXY: View(state="PROXYBLOCK"),
        Condition.LOCKED: View(state="SCREEN_LOCKED"),
        Condition.CONFLICT: View(mode="CONFLICT"),
        Condition.OUTDATED: View(mode="DEPRECATED_VERSION"),
        Condition.CODE: View(code="2@a"),
        Condition.IDLE: View(state="UNPAIRED_IDLE", code="2@a"),
        Condition.VOID: View(state="UNPAIRED"),
        Condition.READY: view_of(MAIN),
        Condition.PAIRING: View(authenticated=True),
        Condition.OFFLINE: View(authenticated=True, online=False),
        Condition.CATCHING_UP: View(authenticated=True, state="CONNECTED"),
        Condition.UNREACHABLE: View(authenticated=True, state="OPENING"),
    }
    memories = {
        Condition.READY: Memory(accepted=True),
        Condition.PAIRING: Memory(shown=True),
        Condition.VOID: Memory(shown=True),
        Condition.CATCHING_UP: Memory(ready=True, accepted=True),
        Condition.UNREACHABLE: Memory(ready=True),
    }
    assert list(samples) == list(dict.fromkeys(samples))
    assert set(samples) == {found for found, _ in CONDITIONS}
    for expected, sample in samples.items():
        assert condition(sample, memories.get(expected, Memory())) is expected
    assert condition(View(), Memory()) is Condition.STARTING


TABLES = (whatsapp_web.NOTICES, whatsapp_web.UNREADABLE, whatsapp_web.ADDITIONS, whatsapp_web.MESSAGES)


def happened(event: dict[str, Any], *, live: bool = True) -> AccountEvent:
    """The fact in an event that is one."""
    fact = whatsapp_web.happened(event, live=live)
    assert fact is not None
    return fact


def test_two_tellings_of_the_same_happening_are_recognised() -> None:
    def identity(**event: Any) -> object:
        return happened({"e": "ack", "bare_id": "3EB0", **event}).key

    assert identity(ack=1, chat="1@lid") == identity(ack=1, chat="5491@c.us")
    assert identity(ack=1) != identity(ack=2)
    live = happened({"e": "message", "bare_id": "3EB0", "id": "a"})
    stored = happened({"e": "message", "bare_id": "3EB0", "id": "a"}, live=False)
    assert live.key == stored.key


def test_texts_are_cut() -> None:
    fact = happened({"e": "message", "body": "x" * 100_000})
    assert len(fact.payload["body"]) == whatsapp_web.MAX_TEXT


def test_every_type_of_message_that_wa_js_knows_is_in_one_table() -> None:
    declared = (PACKAGE / "dist/whatsapp/enums/MSG_TYPE.d.ts").read_text("utf-8")
    types = set(re.findall(r'= "([a-z0-9_]+)"', declared))
    assert len(types) > 30
    assert types <= frozenset().union(*TABLES)
    assert sum(map(len, TABLES)) == len(frozenset().union(*TABLES))


@pytest.mark.parametrize("type", sorted(whatsapp_web.NOTICES | whatsapp_web.UNREADABLE | whatsapp_web.ADDITIONS))
@pytest.mark.parametrize("change", [None, "add", "identity", "encrypt"])
def test_what_nobody_wrote_is_never_a_message(type: str, change: str | None) -> None:
    fact = whatsapp_web.happened({"e": "message", "id": "a", "type": type, "change": change})
    assert fact is None or fact.notices


@pytest.mark.parametrize("type", sorted(whatsapp_web.MESSAGES))
def test_what_somebody_wrote_is_a_message(type: str) -> None:
    assert happened({"e": "message", "id": "a", "type": type}).type == "message"


def test_a_type_of_tomorrow_is_a_message_unless_the_page_calls_it_a_notice() -> None:
    assert happened({"e": "message", "id": "a", "type": "hologram"}).type == "message"
    assert whatsapp_web.happened({"e": "message", "id": "a", "type": "hologram_notice", "notice": True}) is None


def test_a_call_that_has_ended_is_not_taken_for_the_same_while_it_went_on() -> None:
    def logged(outcome: str) -> AccountEvent:
        return happened({"e": "message", "id": "a", "bare_id": "3A", "type": "call_log", "outcome": outcome})

    assert logged("Ongoing").key != logged("Completed").key


def test_the_people_of_a_notice_are_names_and_no_more_than_a_group_has() -> None:
    told = happened({"e": "message", "id": "a", "type": "gp2", "people": ["1@c.us", 5, None, *["2@c.us"] * 2000]})
    assert told.payload["people"][:2] == ["1@c.us", "2@c.us"]
    assert len(told.payload["people"]) <= 1024
    assert told.payload["truncated"] is True


def test_a_list_that_is_told_whole_bears_no_mark() -> None:
    told = happened({"e": "message", "id": "a", "type": "gp2", "people": ["2@c.us"] * 1024})
    assert (len(told.payload["people"]), told.payload.get("truncated")) == (1024, None)


REASON = re.compile(r"= \"([a-z_]+)\"")


def test_a_page_that_could_not_move_its_chats_to_lids_says_so() -> None:
    declared = REASON.findall((PACKAGE / "dist/whatsapp/enums/LogoutReason.d.ts").read_text("utf-8"))
    moves = [reason for reason in declared if reason.startswith("lid_")]
    assert len(moves) == 11
    for reason in (*moves, "lid_migration_unmigrated_companion"):
        fact = logged_out(reason)
        assert fact.reason is Reason.STORAGE_FAILED
        assert fact.text == f"WhatsApp Web gave its login up: it could not move its chats to LIDs: {reason}"
    assert logged_out("lid_migration_unmigrated_primary").reason is Reason.PRIMARY_NOT_MIGRATED
    assert logged_out("syncd_failure").text == "WhatsApp Web gave its login up: syncd_failure"


HOME = "https://web.whatsapp.com/"


def test_a_page_has_left_when_origin_or_path_are_no_longer_ours() -> None:
    assert left(f"{HOME}?post_logout=1#x", False, HOME) is None
    for url in ("https://web.whatsapp.com/elsewhere", "https://example.com/", "about:blank"):
        failure = left(url, False, HOME)
        assert failure is not None
        assert failure.reason is Reason.PAGE_LEFT
    failure = left(HOME, True, HOME)
    assert failure is not None
    assert failure.reason is Reason.PAGE_UNREACHABLE
