"""Events of a page, one after the other, and its answers, as facts: every signature there is."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from actors.browser import whatsapp_web
from actors.browser.interpreter import HANDLERS, Interpreter, answer_of, settled
from actors.clients.events import EVENTS, AccountEvent
from actors.clients.operations import OPERATIONS
from actors.clients.operations.account import PAIRING_REFUSALS, RequestPairingCode
from actors.clients.operations.base import Failure
from actors.clients.protocol import (
    Answered,
    Blocked,
    Conflict,
    LinkLost,
    LinkResumed,
    LoggedOut,
    OutcomeUnknown,
    PageFact,
    PageFailed,
    PageReloaded,
    PairingCodeRenewed,
    PairingHindered,
    QrIdle,
    QrScanned,
    QrShown,
    QrVoid,
    Ready,
    Refused,
    UpdateWanted,
)
from actors.clients.types import Reason, State
from tests.browser.views import ACCEPTED, JSON, MAIN, PAIRING, REFUSED, UNPAIRED, code, view

NOW = 1_800_000_000.0
READY = Ready("5491100000007", "1@lid")


def told(*events: dict[str, Any]) -> list[PageFact]:
    interpreter = Interpreter(lambda: NOW)
    return [fact for event in events for fact in interpreter.hear(event)]


LOADED = {"e": "loaded", "search": ""}
OUT = {"e": "loaded", "search": "?post_logout=1"}
LOST = LinkLost(Reason.NETWORK_LOST, "The page has no network")
UNREACHABLE = LinkLost(Reason.NETWORK_LOST, "The page cannot reach WhatsApp")

SERVICE = LinkLost(Reason.SERVICE_UNAVAILABLE, "WhatsApp says that its service is unavailable")
BAN = LinkLost(Reason.TEMPORARILY_BANNED, "WhatsApp has banned the account for a while: calm down", NOW + 60)
BANNED = {"e": "temporary_ban", "banned": True, "until": NOW + 60, "text": "calm down"}
LET_IN = {"e": "temporary_ban", "banned": False}
"""What WhatsApp's page says at each login that its server accepts."""
ATTEMPT = [view(MAIN, stream="DISCONNECTED", state="OPENING", info="OPENING"), view(REFUSED)]
"""The socket is opened again, and the login waits for the server's word."""

LOOP = PageFailed(Reason.PAGE_RELOADED, "The page has loaded itself 6 times in a row")

SIGNATURES: dict[str, tuple[list[dict[str, Any]], list[PageFact]]] = {
    "while only a code shows, wa-js calls itself ready": ([code("2@a")], [QrShown("2@a", 60.0)]),
    "not yet synchronised": ([ACCEPTED, view(MAIN, mode="SYNCING", info="SYNCING")], []),
    "not before wa-js hooks the acks": ([ACCEPTED, view(MAIN, full_ready=False)], []),
    "a timed-out socket looks normal": ([ACCEPTED, view(MAIN, state="TIMEOUT")], []),
    "a page without a stream looks normal": ([ACCEPTED, view(MAIN, stream="DISCONNECTED")], []),
    "all looks well before the server has accepted the login": ([view(MAIN)], []),
    "the server's word comes first": ([view(REFUSED), LET_IN, view(REFUSED), view(MAIN)], [READY]),
    "the server's word comes last": ([view(MAIN), LET_IN], [READY]),
    "a resume": ([LOADED, view(MAIN, mode="SYNCING", state="OPENING"), LET_IN, view(MAIN)], [READY]),
    "ready is told once": ([ACCEPTED, view(MAIN), view(MAIN, stream="SYNCING"), view(MAIN)], [READY]),
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
            whatsapp_web.LOGOUTS["lid_migration_unmigrated_primary"],
            QrShown("2@b", 60.0),
        ],
    ),
    "codes end, and begin again": (
        [code("2@a"), view(UNPAIRED, state="UNPAIRED_IDLE"), view(UNPAIRED, state="UNPAIRED_IDLE"), code("2@b")],
        [QrShown("2@a", 60.0), QrIdle(), QrShown("2@b", 60.0)],
    ),
    "a scan, on both generations": (
        [
            code("2@a"),
            view(UNPAIRED, state="OPENING", authenticated=True, code="2@a"),
            view(PAIRING),
            ACCEPTED,
            view(MAIN),
        ],
        [QrShown("2@a", 60.0), QrScanned(), READY],
    ),
    "the network is gone": (
        [ACCEPTED, view(MAIN), view(MAIN, online=False), view(MAIN, online=False, info="OFFLINE")],
        [READY, LOST],
    ),
    "the network is gone before the first sync": ([view(mode="OFFLINE", authenticated=True)], [LOST]),
    "WhatsApp is out of reach": (
        [
            ACCEPTED,
            view(MAIN),
            view(MAIN, state="OPENING", info="OPENING"),
            view(MAIN, state="PAIRING", info="RESUMING"),
        ],
        [READY, UNREACHABLE],
    ),
    "and back": (
        [ACCEPTED, view(MAIN), view(MAIN, info="OFFLINE"), view(MAIN, info="SYNCING"), view(MAIN)],
        [READY, LOST, LinkResumed(), READY],
    ),
    "a drop, and the attempts after it": (
        [LET_IN, view(MAIN), view(REFUSED), *ATTEMPT * 10, LET_IN, view(MAIN, stream="SYNCING"), view(MAIN)],
        [READY, UNREACHABLE, LinkResumed(), READY],
    ),
    "removed from the phone": ([ACCEPTED, view(MAIN), {"e": "logout"}, OUT], [READY, whatsapp_web.REMOVED]),
    "removed, and the event was missed": ([LOADED, ACCEPTED, view(MAIN), OUT], [READY, whatsapp_web.REMOVED]),
    "a reason that was told before the logout itself could be heard": (
        [LOADED, {"e": "logout_reason", "reason": "account_locked"}, OUT],
        [LoggedOut(Reason.ACCOUNT_LOCKED, "WhatsApp has locked the account")],
    ),
    "removed before anything could be heard": ([LOADED, OUT], [whatsapp_web.REMOVED]),
    "the address goes on saying so": (
        [LOADED, OUT, code("2@a"), OUT, code("2@a")],
        [whatsapp_web.REMOVED, QrShown("2@a", 60.0), PageReloaded(), QrShown("2@a", 60.0)],
    ),
    "removed twice": (
        [ACCEPTED, view(MAIN), {"e": "logout"}, OUT, code("2@b"), ACCEPTED, view(MAIN), {"e": "logout"}, OUT],
        [READY, whatsapp_web.REMOVED, QrShown("2@b", 60.0), READY, whatsapp_web.REMOVED, PageReloaded()],
    ),
    "logged out by ourselves": (
        [ACCEPTED, view(MAIN), {"e": "logout_reason", "reason": "user_initiated"}, {"e": "logout"}, OUT],
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
        [LET_IN, view(MAIN), *[BANNED, view(REFUSED), *ATTEMPT] * 10, LET_IN, view(MAIN)],
        [READY, BAN, LinkResumed(), READY],
    ),
    "temporarily banned where a login is resumed": (
        [LOADED, view(REFUSED, mode="SYNCING", info="SYNCING"), BANNED, *ATTEMPT, BANNED, LET_IN, view(MAIN)],
        [BAN, LinkResumed(), READY],
    ),
    "a ban's end may be told as a duration": (
        [{"e": "temporary_ban", "banned": True, "until": 90}],
        [LinkLost(Reason.TEMPORARILY_BANNED, "WhatsApp has banned the account for a while", NOW + 90)],
    ),
    "service unavailable, ten times": (
        [LET_IN, view(MAIN), *[{"e": "unavailable"}, view(REFUSED), *ATTEMPT] * 10],
        [READY, SERVICE],
    ),
    "opened elsewhere, old builds": (
        [
            ACCEPTED,
            view(MAIN),
            view(MAIN, mode="CONFLICT", state="CONFLICT"),
            view(MAIN, mode="CONFLICT", state="CONFLICT", stream="X"),
        ],
        [READY, Conflict("WhatsApp Web was opened elsewhere with this login")],
    ),
    "loaded anew by itself": (
        [LOADED, LET_IN, view(MAIN), LOADED, view(MAIN), LET_IN],
        [READY, PageReloaded(), READY],
    ),
    "a soft update stops nothing, nor does a loss after it": (
        [LET_IN, view(MAIN), view(MAIN, needs_update=True), view(MAIN, needs_update=True, online=False)],
        [READY, UpdateWanted(), LOST],
    ),
    "a hard update after a soft one": (
        [LET_IN, view(MAIN), view(MAIN, needs_update=True), view(MAIN, needs_update=True, hard_refresh=True), LOADED],
        [READY, UpdateWanted(), UpdateWanted(hard=True)],
    ),
    "a version too old, for which the page loads itself": (
        [LOADED, LET_IN, view(MAIN), view(REFUSED), view(REFUSED, needs_update=True, hard_refresh=True), LOADED],
        [READY, UNREACHABLE, UpdateWanted(hard=True), PageReloaded()],
    ),
    "a version too old, and the page has stopped": (
        [LET_IN, view(MAIN), view(REFUSED), view(REFUSED, needs_update=True)],
        [READY, UNREACHABLE, PageFailed(Reason.VERSION_OUTDATED, "WhatsApp wants a newer version of WhatsApp Web")],
    ),
    "a version too old, as old builds say it": (
        [LET_IN, view(MAIN), view(MAIN, state="DEPRECATED_VERSION", mode="DEPRECATED_VERSION")],
        [READY, PageFailed(Reason.VERSION_OUTDATED, "WhatsApp wants a newer version of WhatsApp Web")],
    ),
    "a page that goes on loading itself": ([LOADED] * 8, [*[PageReloaded()] * 5, LOOP, LOOP]),
    "codes end the row of loadings": (
        [LOADED, code("2@a")] * 8,
        [QrShown("2@a", 60.0), *(PageReloaded(), QrShown("2@a", 60.0)) * 7],
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

    interpreter.hear(ACCEPTED)
    assert not suspected(view(MAIN))
    assert suspected(view(MAIN, stream="DISCONNECTED"))
    assert not suspected(view(MAIN))
    assert suspected(view(MAIN, stream="DISCONNECTED"))
    assert isinstance(interpreter.replaced()[0], Conflict)
    assert not suspected({"e": "trouble"})


@pytest.mark.parametrize("change", [{"online": False}, {"state": "OPENING"}])
def test_a_stream_that_is_gone_because_the_link_is_gone_is_no_conflict(change: dict[str, Any]) -> None:
    interpreter = Interpreter(lambda: NOW)
    for event in (ACCEPTED, view(MAIN), view(MAIN, {"stream": "DISCONNECTED"}, change)):
        interpreter.hear(event)
    assert not interpreter.may_be_replaced


@pytest.mark.parametrize("event", [BANNED, {"e": "unavailable"}])
def test_a_stream_that_is_gone_because_the_login_is_refused_is_no_conflict(event: dict[str, Any]) -> None:
    interpreter = Interpreter(lambda: NOW)
    for heard in (ACCEPTED, view(MAIN), event, view(REFUSED)):
        interpreter.hear(heard)
    assert not interpreter.may_be_replaced


def test_a_page_that_looks_well_without_the_servers_word_is_unproven() -> None:
    interpreter = Interpreter(lambda: NOW)
    for event, unproven in (
        (view(MAIN, full_ready=False), False),
        (view(MAIN), True),
        (ACCEPTED, False),
        (view(REFUSED), False),
        (view(MAIN), True),
    ):
        interpreter.hear(event)
        assert interpreter.unproven is unproven


of_the_account = [event.page_name for event in EVENTS.values() if event.page_name]
kinds = st.sampled_from([*HANDLERS, *of_the_account, "trouble"]) | JSON
fields = st.sampled_from(
    ["mode", "state", "info", "code", "online", "authenticated", "full_ready", "search", "reason", "until", "ack", "t"]
)


events = st.builds(lambda kind, rest: {**rest, "e": kind}, kinds, st.dictionaries(fields, JSON, max_size=5))


@settings(max_examples=40)
@given(st.lists(events, max_size=6))
def test_nothing_a_page_can_say_raises(events: list[dict[str, Any]]) -> None:
    for fact in told(*events):
        if isinstance(fact, AccountEvent):
            json.dumps(dict(fact.payload), allow_nan=False)


ID, CHAT = "true_5491@c.us_3EB0AA", "5491@c.us"
ANSWERS: list[tuple[dict[str, Any], type]] = [
    ({"id": ID, "chat": CHAT, "ack": 1, "result": "OK"}, Answered),
    ({"id": ID, "chat": CHAT, "ack": 3, "result": "OK"}, Answered),
    ({"id": ID, "chat": CHAT, "ack": 0, "result": "OK"}, OutcomeUnknown),
    ({"id": ID, "chat": CHAT, "ack": 1, "result": "ERROR_UNKNOWN"}, OutcomeUnknown),
    ({"id": ID, "chat": CHAT, "ack": 0, "result": "ERROR_NETWORK"}, OutcomeUnknown),
    ({"id": ID, "chat": CHAT, "ack": 0, "result": "ERROR_UNKNOWN"}, Refused),
    ({"id": ID, "chat": CHAT, "ack": -1, "result": "ERROR_UNKNOWN"}, Refused),
    ({"error": {"message": "findChat: new chat not found"}}, Refused),
    ({"error": {"message": "it broke"}, "id": ID, "chat": CHAT, "ack": 0}, OutcomeUnknown),
    ({"error": {"message": "it broke"}, "id": ID, "chat": CHAT, "ack": -1}, Refused),
    ({"id": ID, "chat": CHAT, "ack": -1, "result": "OK"}, Refused),
    ({"id": ID, "chat": CHAT, "ack": 0}, OutcomeUnknown),
    ({}, OutcomeUnknown),
]


@pytest.mark.parametrize(("answer", "kind"), ANSWERS)
def test_only_an_ack_and_ok_mean_that_whatsapp_has_a_message(answer: dict[str, Any], kind: type) -> None:
    assert type(settled("order", answer)) is kind


@pytest.mark.parametrize("words", ["findChat: new chat not found 5491122334455@c.us", "No LID for user"])
def test_a_number_that_is_not_on_whatsapp_is_told_in_words_a_caller_knows(words: str) -> None:
    fact = settled("order", {"error": {"message": words}})
    assert fact == Refused("order", f"There is no such chat on WhatsApp ({words})")


@pytest.mark.parametrize("value", [{}, {"code": 5}, {"code": None}, [], "ABCD", None])
def test_an_answer_of_another_shape_is_none(value: object) -> None:
    with pytest.raises(ValueError, match="PairingCode"):
        answer_of(RequestPairingCode("1"), value)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "takeScreenshot"])
def test_every_example_can_be_read_from_json(name: str) -> None:
    operation = OPERATIONS[name]
    kind: Any = operation.answer or type(None)
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    assert adapter.validate_json(adapter.dump_json(operation.example)) == operation.example


def test_what_the_server_answers_instead_of_a_pairing_code_is_told_in_words() -> None:
    for name, (_, why) in PAIRING_REFUSALS.items():
        words = f"alt pairing: Got an error from alt paring: companion hello: {name}"
        assert str(RequestPairingCode("1").failed(Failure(words, State.QR_REQUIRED, order="1"))) == why
    assert str(RequestPairingCode("1").failed(Failure("no", State.QR_REQUIRED, order="1"))) == "no"


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["id", "chat", "ack", "result", "error", "code"]), JSON))
def test_no_answer_of_a_page_raises(answer: dict[str, Any]) -> None:
    settled("order", answer)
    with contextlib.suppress(ValueError):
        answer_of(RequestPairingCode("1"), answer)
