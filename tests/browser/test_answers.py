"""What the page's answers to orders mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.browser.interpret import pairing_code, settled
from actors.clients.protocol import PairingCodeRefused, PairingCodeShown, SendRefused, SendUnsettled, Sent
from tests.browser.views import JSON

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
    ({"id": ID, "chat": CHAT, "ack": -1, "result": "OK"}, SendRefused),
    ({"id": ID, "chat": CHAT, "ack": 0}, SendUnsettled),
    ({}, SendUnsettled),
]


@pytest.mark.parametrize(("answer", "kind"), ANSWERS)
def test_only_an_ack_and_ok_mean_that_whatsapp_has_a_message(answer: dict[str, Any], kind: type) -> None:
    assert type(settled("order", answer)) is kind


@pytest.mark.parametrize("words", ["findChat: new chat not found 5491122334455@c.us", "No LID for user"])
def test_a_number_that_is_not_on_whatsapp_is_told_in_words_a_caller_knows(words: str) -> None:
    fact = settled("order", {"error": {"message": words}})
    assert fact == SendRefused("order", f"There is no such chat on WhatsApp ({words})")


def test_a_pairing_code_is_told_without_its_dash_or_why_there_is_none() -> None:
    assert pairing_code({"code": "ABCD-EFGH"}) == PairingCodeShown("ABCDEFGH")
    assert pairing_code({"error": {"message": "no"}}) == PairingCodeRefused("no")
    assert isinstance(pairing_code({"code": 5}), PairingCodeRefused)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["id", "chat", "ack", "result", "error", "code"]), JSON))
def test_no_answer_of_a_page_raises(answer: dict[str, Any]) -> None:
    settled("order", answer)
    pairing_code(answer)
