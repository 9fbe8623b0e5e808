"""What WhatsApp Web says, in the words of the protocol. Pure: no I/O, no clock but the one it is given, no pyppeteer.

The page script tells a *view* (mode, info, socket state and so on) whenever one of its parts changes, and *events* that
leave no trace in the view. Four tables say what they mean:

    conditions   CONDITIONS  view -> what the connection is in; the first row that holds
    logouts      LOGOUTS     reason of a logout -> fact
    happenings   HAPPENINGS  event -> kind and payload of a Happened
    notices      MEANING     what WhatsApp itself writes into a chat -> the event it is, or nothing

    interpreter  remembers what was told, so that a fact is told when something changes and not again
    answers      what the page answered to an order
    addresses    whether the page is still where it was opened
    shapes       what pages say is not trusted to have the shape it should have

Where the signatures come from: wa-js 4.6.0, WhatsApp Web's own bundles of 2026, and the two generations of page the
sandbox plays. Only what both have is relied on: `conn.authenticated` and `conn.logout`, for two, are never heard on
current pages, and `main_ready` is told while only a code shows.
"""

from actors.browser.interpret.addresses import home_of, left
from actors.browser.interpret.answers import UNSURE, answer_of, settled
from actors.browser.interpret.conditions import (
    CONDITIONS,
    ENDS,
    LOST,
    Condition,
    Memory,
    View,
    at_work,
    condition,
    view_of,
)
from actors.browser.interpret.happenings import HAPPENINGS, PAYLOADS, happened, identity, is_happening
from actors.browser.interpret.interpreter import HANDLERS, MOST_LOADINGS, Interpreter
from actors.browser.interpret.logouts import LOGOUT_CODES, LOGOUTS, REMOVED, logged_out, logged_out_by_address
from actors.browser.interpret.shapes import MAX_NAME, MAX_TEXT, Event, number, text

__all__ = [
    "CONDITIONS",
    "ENDS",
    "HANDLERS",
    "HAPPENINGS",
    "LOGOUTS",
    "LOGOUT_CODES",
    "LOST",
    "MAX_NAME",
    "MAX_TEXT",
    "MOST_LOADINGS",
    "PAYLOADS",
    "REMOVED",
    "UNSURE",
    "Condition",
    "Event",
    "Interpreter",
    "Memory",
    "View",
    "answer_of",
    "at_work",
    "condition",
    "happened",
    "home_of",
    "identity",
    "is_happening",
    "left",
    "logged_out",
    "logged_out_by_address",
    "number",
    "settled",
    "text",
    "view_of",
]
