"""What the page's answers to orders mean."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from actors.browser.interpret import answer_of, settled
from actors.clients.operations import OPERATIONS
from actors.clients.operations.account import PAIRING_REFUSALS, RequestPairingCode
from actors.clients.operations.base import Failure
from actors.clients.protocol import Answered, OutcomeUnknown, Refused
from actors.clients.types import State
from tests.browser.views import JSON

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
