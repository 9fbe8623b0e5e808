"""What the page answered to an order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from actors.browser.interpret.shapes import Event, number, text
from actors.clients.operations import Operation
from actors.clients.operations.messages import Sent
from actors.clients.protocol import Answered, OutcomeUnknown, Refused


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def answer_of(operation: Operation[Any], value: object) -> Any:
    """Return the answer that an operation declares, made of the page's. Raises ValueError where it does not fit."""
    kind: Any = operation.answer if operation.by_page else None
    return None if kind is None else _adapter(kind).validate_python(value)


UNSURE = frozenset({"ERROR_NETWORK", "ERROR_CANCELLED", "ERROR_EXPIRED"})
"""Results of a send after which the message may still have left, or may still leave."""


NO_SUCH_CHAT = "There is no such chat on WhatsApp"
NOT_FOUND = ("findChat: new chat not found", "No LID for user")
"""How wa-js, and the page of accounts that have moved to LIDs, begin to say so."""


RATE_LIMITED = "ERROR_RATE_LIMIT"
"""A result of WhatsApp's."""
NACKS: Mapping[int, str] = {
    429: "too many messages",
    463: "no first messages to strangers for now",
    475: "no more new chats this month",
    479: "the contact's privacy token is not valid",
}
"""What codes of WhatsApp's server mean. Source: NackReason of WAWebCreateNackFromStanza, and public reports (Baileys
issue 2441). Others are told as they are.
"""


def _refused(order: str, result: str | None, code: float | None) -> Refused:
    """WhatsApp's server, or the page in its name, has said no."""
    if code is None:
        limited = str(429) if result == RATE_LIMITED else None
        return Refused(order, f"WhatsApp refused the message ({result or 'no reason given'})", limited)
    said = NACKS.get(int(code), result or "no reason given")
    return Refused(order, f"WhatsApp refused the message (error {code:g}: {said})", f"{code:g}")


def settled(order: str, answer: Event) -> Answered | Refused | OutcomeUnknown:
    """What became of a message, by the page's answer to whatever sends one.

    WhatsApp Web resolves a message that its server refused: only an ack and the result OK say that it has it, and only
    another result says that it has not. An answer without any, as a build of tomorrow may give, says nothing.
    """
    ack, result, code = number(answer.get("ack")), text(answer.get("result")), number(answer.get("code"))
    error = answer.get("error")
    words = text(error.get("message")) if isinstance(error, Mapping) else None
    message_id, chat = text(answer.get("id")), text(answer.get("chat"))
    if words is not None:
        # Refused before it was filed: it never left. Once it is filed, only its ack tells.
        if message_id is None or (ack is not None and ack < 0):
            why = f"{NO_SUCH_CHAT} ({words})" if words.startswith(NOT_FOUND) else words
            return Refused(order, why, text(error.get("code")) if isinstance(error, Mapping) else None)
        return OutcomeUnknown(order, words)
    if message_id and chat and ack is not None and ack >= 1 and result == "OK":
        return Answered(order, Sent(message_id, chat))
    if ack is not None and ack < 0:
        return _refused(order, result, code)
    if result is None or result == "OK" or result in UNSURE or (ack is not None and ack >= 1):
        known = "nothing of an ack" if ack is None else f"ack {ack:g}"
        return OutcomeUnknown(order, f"WhatsApp Web answered {result or 'no result'} with {known}")
    return _refused(order, result, code)
