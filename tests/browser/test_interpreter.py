"""What is told when one event of a page follows another: every signature there is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.browser import interpret
from actors.browser.interpret import Interpreter
from actors.clients.operations.account import PAIRING_REFUSALS
from actors.clients.protocol import (
    Blocked,
    Conflict,
    Happened,
    LinkLost,
    LinkResumed,
    LoggedOut,
    PageFact,
    PageFailed,
    PairingCodeRenewed,
    PairingHindered,
    QrIdle,
    QrScanned,
    QrShown,
    QrVoid,
    Ready,
)
from actors.clients.types import Reason
from tests.browser.views import JSON, MAIN, PAIRING, UNPAIRED, code, view

NOW = 1_800_000_000.0
READY = Ready("5491100000007", "1@lid")


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
        [code("2@a"), code("2@a"), code("2@b")],
        [QrShown("2@a", 60.0), QrShown("2@b", 20.0)],
    ),
    "a code lasts for what the page says is left of it": (
        [view(UNPAIRED, code="2@a", lifetime=41.5), view(UNPAIRED, code="2@b", lifetime=-1)],
        [QrShown("2@a", 41.5), QrShown("2@b", 0.0)],
    ),
    "no code can be scanned once a pairing code was asked for": (
        [code("2@a"), view(UNPAIRED), view(UNPAIRED), code("2@b")],
        [QrShown("2@a", 60.0), QrVoid(), QrShown("2@b", 20.0)],
    ),
    "codes end, though the page keeps the last": (
        [code("2@a"), view(code("2@a"), state="UNPAIRED_IDLE")],
        [QrShown("2@a", 60.0), QrIdle()],
    ),
    "a pairing code is renewed, and over in the end": (
        [
            code("2@a"),
            view(UNPAIRED),
            {"e": "pairing_code", "code": "ABCD-EFGH", "lifetime": 180},
            {"e": "pairing_code", "code": "JKLMNPQR"},
            {"e": "pairing_code"},
            {"e": "pairing_code_over", "text": "No further code"},
            {"e": "pairing_refused", "name": "IQErrorRateOverlimit"},
            {"e": "pairing_refused"},
            {"e": "pairing_refused", "name": "IQErrorBadRequest"},
        ],
        [
            QrShown("2@a", 60.0),
            QrVoid(),
            PairingCodeRenewed("ABCDEFGH", 180.0),
            PairingCodeRenewed("JKLMNPQR", 180.0),
            PairingHindered(Reason.PAIRING_CODE_OVER, "No further code: ask for another one, or scan the QR"),
            PairingHindered(Reason.PLATFORM_REFUSED, PAIRING_REFUSALS["IQErrorBadRequest"][1]),
        ],
    ),
    "a primary whose chats have not moved to LIDs": (
        [
            code("2@a"),
            view(PAIRING),
            {"e": "logout_reason", "reason": "lid_migration_unmigrated_primary"},
            {"e": "logout"},
            OUT,
            code("2@b"),
        ],
        [
            QrShown("2@a", 60.0),
            QrScanned(),
            interpret.LOGOUTS["lid_migration_unmigrated_primary"],
            QrShown("2@b", 60.0),
        ],
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


kinds = st.sampled_from([*interpret.HANDLERS, *interpret.HAPPENINGS, "trouble"]) | JSON
fields = st.sampled_from(
    ["mode", "state", "info", "code", "online", "authenticated", "full_ready", "search", "reason", "until", "ack", "t"]
)


events = st.builds(lambda kind, rest: {**rest, "e": kind}, kinds, st.dictionaries(fields, JSON, max_size=5))


@settings(max_examples=40)
@given(st.lists(events, max_size=6))
def test_nothing_a_page_can_say_raises(events: list[dict[str, Any]]) -> None:
    for fact in told(*events):
        if isinstance(fact, Happened):
            json.dumps(dict(fact.payload), allow_nan=False)
