"""What a page says of its connection, for tests of what is made of it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

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


ACCEPTED: dict[str, Any] = {"e": "accepted"}
"""The server has let the login in."""
REFUSED: dict[str, Any] = MAIN | {"stream": "DISCONNECTED"}
"""Of a page that was ready, from a refusal until the next attempt."""


def view(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {"e": "view"}
    for change in (*changes, more):
        merged |= change
    return merged


def code(text: str) -> dict[str, Any]:
    return view(UNPAIRED, code=text)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.just(10**400) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
"""Anything a page can say."""
