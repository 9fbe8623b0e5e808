"""What WhatsApp Web's signatures mean: the whole table, and what is told when one follows another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.browser import interpret
from actors.browser.interpret import CONDITIONS, Condition, Interpreter, Memory, View
from actors.clients.protocol import (
    Blocked,
    Conflict,
    LinkLost,
    LinkResumed,
    LoggedOut,
    PageFact,
    PageFailed,
    PairingCodeRefused,
    PairingCodeShown,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
    SendRefused,
    SendUnsettled,
    Sent,
)
from actors.clients.types import Reason

NOW = 1_800_000_000.0
MAIN: dict[str, Any] = {
    "mode": "MAIN",
    "info": "NORMAL",
    "state": "CONNECTED",
    "stream": "CONNECTED",
    "online": True,
    "authenticated": True,
    "full_ready": True,
    "phone": "5491100000007",
    "lid": "1@lid",
}
UNPAIRED: dict[str, Any] = {"mode": "QR", "info": "NORMAL", "state": "UNPAIRED", "online": True, "full_ready": True}
PAIRING: dict[str, Any] = {"mode": "SYNCING", "info": "PAIRING", "state": "PAIRING", "authenticated": True}
READY = Ready("5491100000007", "1@lid")


def view(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {"e": "view"}
    for change in (*changes, more):
        merged |= change
    return merged


def code(text: str) -> dict[str, Any]:
    return view(UNPAIRED, code=text)


def told(*events: dict[str, Any]) -> list[PageFact]:
    interpreter = Interpreter(lambda: NOW)
    return [fact for event in events for fact in interpreter.hear(event)]


LOADED = {"e": "loaded", "search": ""}
OUT = {"e": "loaded", "search": "?post_logout=1"}
LOST = LinkLost(Reason.NETWORK_LOST, "The page has no network")
UNREACHABLE = LinkLost(Reason.NETWORK_LOST, "The page cannot reach WhatsApp")

SIGNATURES: dict[str, tuple[list[dict[str, Any]], list[PageFact]]] = {
    "while only a code shows, wa-js calls itself ready": ([code("2@a")], [QrShown("2@a", 60.0)]),
    "not yet synchronised": ([view(MAIN, mode="SYNCING", info="SYNCING")], []),
    "not before wa-js hooks the acks": ([view(MAIN, full_ready=False)], []),
    "a timed-out socket looks normal": ([view(MAIN, state="TIMEOUT")], []),
    "a resume": ([LOADED, view(MAIN, mode="SYNCING", state="OPENING"), view(MAIN)], [READY]),
    "ready is told once": ([view(MAIN), view(MAIN, stream="SYNCING"), view(MAIN)], [READY]),
    "codes rotate": (
        [code("2@a"), code("2@a"), view(UNPAIRED), code("2@b")],
        [QrShown("2@a", 60.0), QrShown("2@b", 20.0)],
    ),
    "codes end, and begin again": (
        [code("2@a"), view(UNPAIRED, state="UNPAIRED_IDLE"), view(UNPAIRED, state="UNPAIRED_IDLE"), code("2@b")],
        [QrShown("2@a", 60.0), QrIdle(), QrShown("2@b", 60.0)],
    ),
    "a scan, on both generations": (
        [code("2@a"), view(UNPAIRED, state="OPENING", authenticated=True, code="2@a"), view(PAIRING), view(MAIN)],
        [QrShown("2@a", 60.0), QrScanned(), READY],
    ),
    "the network is gone": (
        [view(MAIN), view(MAIN, online=False), view(MAIN, online=False, info="OFFLINE")],
        [READY, LOST],
    ),
    "the network is gone before the first sync": ([view(mode="OFFLINE", authenticated=True)], [LOST]),
    "WhatsApp is out of reach": (
        [view(MAIN), view(MAIN, state="OPENING", info="OPENING"), view(MAIN, state="PAIRING", info="RESUMING")],
        [READY, UNREACHABLE],
    ),
    "and back": (
        [view(MAIN), view(MAIN, info="OFFLINE"), view(MAIN, info="SYNCING"), view(MAIN)],
        [READY, LOST, LinkResumed(), READY],
    ),
    "removed from the phone": ([view(MAIN), {"e": "logout"}, OUT], [READY, interpret.REMOVED]),
    "removed, and the event was missed": ([LOADED, view(MAIN), OUT], [READY, interpret.REMOVED]),
    "removed before anything could be heard": ([LOADED, OUT], [interpret.REMOVED]),
    "the address goes on saying so": (
        [LOADED, OUT, code("2@a"), OUT, code("2@a")],
        [interpret.REMOVED, *[QrShown("2@a", 60.0)] * 2],
    ),
    "removed twice": (
        [view(MAIN), {"e": "logout"}, OUT, code("2@b"), view(MAIN), {"e": "logout"}, OUT],
        [READY, interpret.REMOVED, QrShown("2@b", 60.0), READY, interpret.REMOVED],
    ),
    "logged out by ourselves": (
        [view(MAIN), {"e": "logout_reason", "reason": "user_initiated"}, {"e": "logout"}, OUT],
        [READY, LoggedOut(Reason.LOGGED_OUT_BY_API, "Logged out on request")],
    ),
    "account locked": (
        [{"e": "logout_reason", "reason": "account_locked"}, {"e": "logout"}],
        [LoggedOut(Reason.ACCOUNT_LOCKED, "WhatsApp has locked the account")],
    ),
    "account locked, by the address": (
        [LOADED, {"e": "loaded", "search": "?post_logout=1&logout_reason=3&logout_message_header=x"}],
        [LoggedOut(Reason.ACCOUNT_LOCKED, "WhatsApp has locked the account")],
    ),
    "synchronisation failed": (
        [{"e": "logout_reason", "reason": "syncd_failure"}, {"e": "logout"}],
        [LoggedOut(Reason.STORAGE_FAILED, "WhatsApp Web gave its login up: syncd_failure")],
    ),
    "storage failed": (
        [{"e": "storage_initialization_error"}, {"e": "logout"}],
        [LoggedOut(Reason.STORAGE_FAILED, "WhatsApp Web gave its login up: storage_initialization_error")],
    ),
    "temporarily banned, and the loop of attempts after it": (
        [
            view(MAIN),
            {"e": "temporary_ban", "banned": True, "until": NOW + 60, "text": "calm down"},
            view(MAIN, state="OPENING", info="OPENING"),
            view(MAIN, state="PAIRING", info="RESUMING"),
            {"e": "temporary_ban", "banned": False},
            view(MAIN),
        ],
        [
            READY,
            LinkLost(Reason.TEMPORARILY_BANNED, "WhatsApp has banned the account for a while: calm down", NOW + 60),
            LinkResumed(),
            READY,
        ],
    ),
    "a ban's end may be told as a duration": (
        [{"e": "temporary_ban", "banned": True, "until": 90}],
        [LinkLost(Reason.TEMPORARILY_BANNED, "WhatsApp has banned the account for a while", NOW + 90)],
    ),
    "service unavailable": (
        [view(MAIN), {"e": "unavailable"}, view(MAIN, state="OPENING", info="OPENING"), {"e": "unavailable"}],
        [READY, LinkLost(Reason.SERVICE_UNAVAILABLE, "WhatsApp says that its service is unavailable")],
    ),
    "opened elsewhere, old builds": (
        [
            view(MAIN),
            view(MAIN, mode="CONFLICT", state="CONFLICT"),
            view(MAIN, mode="CONFLICT", state="CONFLICT", stream="X"),
        ],
        [READY, Conflict("WhatsApp Web was opened elsewhere with this login")],
    ),
    "version too old": (
        [view(MAIN), view(MAIN, needs_update=True)],
        [READY, PageFailed(Reason.VERSION_OUTDATED, "WhatsApp wants a newer version of WhatsApp Web")],
    ),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_told_as(name: str) -> None:
    events, facts = SIGNATURES[name]
    assert told(*events) == facts


BLOCKS = {
    "TOS_BLOCK": Reason.TERMS_OF_SERVICE,
    "SMB_TOS_BLOCK": Reason.TERMS_OF_SERVICE,
    "PROXYBLOCK": Reason.PROXY_BLOCKED,
    "SCREEN_LOCKED": Reason.SCREEN_LOCKED,
}


@pytest.mark.parametrize("where", ["mode", "state"])
@pytest.mark.parametrize("word", BLOCKS)
def test_what_only_a_human_can_lift_is_blocked_wherever_the_build_says_it(word: str, where: str) -> None:
    (fact,) = told(view(MAIN, {where: word}))
    assert isinstance(fact, Blocked)
    assert fact.reason is BLOCKS[word]


def test_every_row_of_the_table_can_be_reached() -> None:
    samples = {
        Condition.TERMS: View(mode="TOS_BLOCK"),
        Condition.PROXY: View(state="PROXYBLOCK"),
        Condition.LOCKED: View(state="SCREEN_LOCKED"),
        Condition.CONFLICT: View(mode="CONFLICT"),
        Condition.OUTDATED: View(mode="DEPRECATED_VERSION"),
        Condition.CODE: View(code="2@a"),
        Condition.IDLE: View(state="UNPAIRED_IDLE"),
        Condition.READY: interpret.view_of(MAIN),
        Condition.PAIRING: View(authenticated=True),
        Condition.OFFLINE: View(authenticated=True, online=False),
        Condition.CATCHING_UP: View(authenticated=True, state="CONNECTED"),
        Condition.UNREACHABLE: View(authenticated=True, state="OPENING"),
    }
    memories = {
        Condition.PAIRING: Memory(shown=True),
        Condition.CATCHING_UP: Memory(ready=True),
        Condition.UNREACHABLE: Memory(ready=True),
    }
    assert list(samples) == list(dict.fromkeys(samples))
    assert set(samples) == {found for found, _ in CONDITIONS}
    for expected, sample in samples.items():
        assert interpret.condition(sample, memories.get(expected, Memory())) is expected
    assert interpret.condition(View(), Memory()) is Condition.STARTING


def test_a_stream_that_is_gone_while_all_looks_well_may_be_a_conflict() -> None:
    interpreter = Interpreter(lambda: NOW)

    def suspected(event: dict[str, Any]) -> bool:
        interpreter.hear(event)
        return interpreter.may_be_replaced

    assert suspected(view(MAIN, stream="DISCONNECTED"))
    assert not suspected(view(MAIN))
    assert suspected(view(MAIN, stream="DISCONNECTED"))
    assert isinstance(interpreter.replaced()[0], Conflict)
    assert not suspected({"e": "trouble"})


@pytest.mark.parametrize("change", [{"online": False}, {"state": "OPENING"}])
def test_a_stream_that_is_gone_because_the_link_is_gone_is_no_conflict(change: dict[str, Any]) -> None:
    interpreter = Interpreter(lambda: NOW)
    interpreter.hear(view(MAIN))
    interpreter.hear(view(MAIN, {"stream": "DISCONNECTED"}, change))
    assert not interpreter.may_be_replaced


ID, CHAT = "true_5491@c.us_3EB0AA", "5491@c.us"
ANSWERS: list[tuple[dict[str, Any], type]] = [
    ({"id": ID, "chat": CHAT, "ack": 1, "result": "OK"}, Sent),
    ({"id": ID, "chat": CHAT, "ack": 3, "result": "OK"}, Sent),
    ({"id": ID, "chat": CHAT, "ack": 0, "result": "OK"}, SendUnsettled),
    ({"id": ID, "chat": CHAT, "ack": 1, "result": "ERROR_UNKNOWN"}, SendUnsettled),
    ({"id": ID, "chat": CHAT, "ack": 0, "result": "ERROR_NETWORK"}, SendUnsettled),
    ({"id": ID, "chat": CHAT, "ack": 0, "result": "ERROR_UNKNOWN"}, SendRefused),
    ({"id": ID, "chat": CHAT, "ack": -1, "result": "ERROR_UNKNOWN"}, SendRefused),
    ({"error": {"message": "findChat: new chat not found"}}, SendRefused),
    ({"error": {"message": "it broke"}, "id": ID, "chat": CHAT, "ack": 0}, SendUnsettled),
    ({"error": {"message": "it broke"}, "id": ID, "chat": CHAT, "ack": -1}, SendRefused),
    ({}, SendRefused),
]


@pytest.mark.parametrize(("answer", "kind"), ANSWERS)
def test_only_an_ack_and_ok_mean_that_whatsapp_has_a_message(answer: dict[str, Any], kind: type) -> None:
    assert type(interpret.settled("order", answer)) is kind


def test_a_pairing_code_is_told_without_its_dash_or_why_there_is_none() -> None:
    assert interpret.pairing_code({"code": "ABCD-EFGH"}) == PairingCodeShown("ABCDEFGH")
    assert interpret.pairing_code({"error": {"message": "no"}}) == PairingCodeRefused("no")
    assert isinstance(interpret.pairing_code({"code": 5}), PairingCodeRefused)


HOME = "https://web.whatsapp.com/"


def test_a_page_has_left_when_origin_or_path_are_no_longer_ours() -> None:
    assert interpret.left(f"{HOME}?post_logout=1#x", False, HOME) is None
    for url in ("https://web.whatsapp.com/elsewhere", "https://example.com/", "about:blank"):
        failure = interpret.left(url, False, HOME)
        assert failure is not None
        assert failure.reason is Reason.PAGE_LEFT
    failure = interpret.left(HOME, True, HOME)
    assert failure is not None
    assert failure.reason is Reason.PAGE_UNREACHABLE


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


json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
kinds = st.sampled_from([*interpret._HANDLERS, *interpret.HAPPENINGS, "trouble"]) | json
fields = st.sampled_from(
    ["mode", "state", "info", "code", "online", "authenticated", "full_ready", "search", "reason", "until"]
)


@settings(max_examples=40)
@given(st.lists(st.builds(lambda kind, rest: {**rest, "e": kind}, kinds, st.dictionaries(fields, json))))
def test_nothing_a_page_can_say_raises(events: list[dict[str, Any]]) -> None:
    told(*events)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["id", "chat", "ack", "result", "error", "code"]), json))
def test_no_answer_of_a_page_raises(answer: dict[str, Any]) -> None:
    interpret.settled("order", answer)
    interpret.pairing_code(answer)
