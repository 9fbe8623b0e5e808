"""What the page answered to an order. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from actors.browser.interpret.shapes import Event, number, text
from actors.clients.protocol import PairingCodeRefused, PairingCodeShown, SendRefused, SendUnsettled, Sent


def pairing_code(answer: Event) -> PairingCodeShown | PairingCodeRefused:
    """What the page answered to `requestPairingCode`."""
    code, error = text(answer.get("code")), answer.get("error")
    if code is not None:
        return PairingCodeShown(code.replace("-", ""))
    words = text(error.get("message")) if isinstance(error, Mapping) else None
    return PairingCodeRefused(words or "WhatsApp Web gave no code")


UNSURE = frozenset({"ERROR_NETWORK", "ERROR_CANCELLED", "ERROR_EXPIRED"})
"""Results of a send after which the message may still have left, or may still leave."""


NO_SUCH_CHAT = "There is no such chat on WhatsApp"
NOT_FOUND = ("findChat: new chat not found", "No LID for user")
"""How wa-js, and the page of accounts that have moved to LIDs, begin to say so."""


def settled(order: str, answer: Event) -> Sent | SendRefused | SendUnsettled:
    """What became of a message, by the page's answer to `send`.

    WhatsApp Web resolves a message that its server refused: only an ack and the result OK say that it has it, and only
    another result says that it has not. An answer without any, as a build of tomorrow may give, says nothing.
    """
    ack, result = number(answer.get("ack")), text(answer.get("result"))
    error = answer.get("error")
    words = text(error.get("message")) if isinstance(error, Mapping) else None
    message_id, chat = text(answer.get("id")), text(answer.get("chat"))
    if words is not None:
        # Refused before it was filed: it never left. Once it is filed, only its ack tells.
        if message_id is None or (ack is not None and ack < 0):
            return SendRefused(order, f"{NO_SUCH_CHAT} ({words})" if words.startswith(NOT_FOUND) else words)
        return SendUnsettled(order, words)
    if message_id and chat and ack is not None and ack >= 1 and result == "OK":
        return Sent(order, message_id, chat)
    if ack is not None and ack < 0:
        return SendRefused(order, f"WhatsApp refused the message ({result or 'no reason given'})")
    if result is None or result == "OK" or result in UNSURE or (ack is not None and ack >= 1):
        known = "nothing of an ack" if ack is None else f"ack {ack:g}"
        return SendUnsettled(order, f"WhatsApp Web answered {result or 'no result'} with {known}")
    return SendRefused(order, f"WhatsApp refused the message ({result})")
