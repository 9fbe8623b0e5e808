"""The meanings of WhatsApp Web's states, events and codes, as tables. Pure: no I/O, no clock, no pyppeteer.

The page script sends a *view* (mode, info, socket state and so on) whenever one of its parts changes, and *events* that
leave no trace in the view. Values from a page may have any shape: a value that does not fit is read as absent, and
texts are cut.

    CONDITIONS   view -> condition of the connection; the first row that holds
    LOST, ENDS   condition -> fact
    LOGOUTS      reason of a logout -> fact
    NOTICES      types of messages that WhatsApp itself writes into a chat

The declarations of account events (actors.clients.events) read those.

Sources: wa-js 4.6.0, WhatsApp Web's own bundles of 2026, and the two generations of page the sandbox plays. The tables
rely only on features of both: `conn.authenticated` and `conn.logout`, for two, are never heard on current pages, and
`main_ready` is sent while only a code shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qs, urlsplit

from actors.clients.events import AccountEvent, MessageArrived, of_notice, of_page
from actors.clients.protocol import Blocked, Conflict, LinkLost, LoggedOut, PageFact, PageFailed
from actors.clients.types import Reason
from actors.texts.readable import MARK, cut

Event = Mapping[str, Any]
"""An event or answer of the page script."""

MAX_TEXT = 65536
MAX_NAME = 512
MAX_NAMES = 1024
MAX_NUMBER = 2**53
"""The largest integer that JavaScript counts to without a gap; also beyond all instants in milliseconds."""


def text(value: object, length: int = MAX_NAME) -> str | None:
    """Return a text that is not blank, cut to its length in characters."""
    return cut(value, length) if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """Return a number. Python reads some JSON numbers as NaN or infinity, and whole numbers that no float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_NUMBER:
        return None
    return float(value)


def plain(value: object) -> object:
    """Return a value that may be passed on unchanged; of a list, the names in it."""
    if isinstance(value, str):
        return cut(value, MAX_TEXT)
    if isinstance(value, list):
        return [cut(name, MAX_NAME) for name in value[:MAX_NAMES] if isinstance(name, str)]
    return value if isinstance(value, bool) or number(value) is not None else None


def part(value: object, names: tuple[str, ...]) -> object:
    """Return an object, or a list of objects, with these names only; None for anything else."""
    if isinstance(value, Mapping):
        return {name: plain(value.get(name)) for name in names}
    if isinstance(value, list):
        return [part(one, names) for one in value[:MAX_NAMES] if isinstance(one, Mapping)]
    return None


class Condition(Enum):
    """The condition of a page's connection."""

    STARTING = auto()
    IDLE = auto()
    CODE = auto()
    VOID = auto()
    PAIRING = auto()
    READY = auto()
    OFFLINE = auto()
    UNREACHABLE = auto()
    CATCHING_UP = auto()
    TERMS = auto()
    PROXY = auto()
    LOCKED = auto()
    CONFLICT = auto()
    OUTDATED = auto()


@dataclass(frozen=True, slots=True)
class View:
    """The relevant parts of WhatsApp Web's state, as the page script reads them."""

    mode: str | None = None
    info: str | None = None
    state: str | None = None
    stream: str | None = None
    online: bool = True
    needs_update: bool = False
    hard_refresh: bool = False
    authenticated: bool = False
    full_ready: bool = False
    code: str | None = None
    lifetime: float | None = None
    """Seconds for which the code was valid when it was read."""
    phone: str | None = None
    lid: str | None = None
    push_name: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """The history of the document, as far as it changes the meaning of a view."""

    shown: bool = False
    """A code was shown in this document."""
    ready: bool = False
    """The page was ready in this document."""
    accepted: bool = False
    """The server has accepted the login since the connection was last lost."""
    update: bool = False
    """The page asks for an update and goes on working, or is about to reload itself for an update."""


def _says(*words: str) -> Callable[[View, Memory], bool]:
    """Match the mode, or the socket's state, whichever the build sets."""
    return lambda view, _: view.mode in words or view.state in words


def at_work(view: View) -> bool:
    """Return True if messages seem to pass. It looks the same before the server has accepted the login."""
    return (
        (view.mode, view.info, view.state) == ("MAIN", "NORMAL", "CONNECTED")
        and view.stream != "DISCONNECTED"
        and view.authenticated
        and view.online
    )


CONDITIONS: tuple[tuple[Condition, Callable[[View, Memory], bool]], ...] = (
    (Condition.TERMS, _says("TOS_BLOCK", "SMB_TOS_BLOCK")),
    (Condition.PROXY, _says("PROXYBLOCK")),
    (Condition.CONFLICT, _says("CONFLICT")),
    (
        Condition.OUTDATED,
        lambda view, was: (view.needs_update and not was.update) or "DEPRECATED_VERSION" in (view.mode, view.state),
    ),
    (Condition.LOCKED, _says("SCREEN_LOCKED")),
    # Before the code: a page may keep its last reference when it idles, as it does after it was paired.
    (Condition.IDLE, lambda view, _: view.state == "UNPAIRED_IDLE" and not view.authenticated),
    (Condition.CODE, lambda view, _: view.code is not None and not view.authenticated),
    (Condition.VOID, lambda view, was: was.shown and view.state == "UNPAIRED" and not view.authenticated),
    (Condition.READY, lambda view, was: at_work(view) and view.full_ready and was.accepted),
    (
        Condition.PAIRING,
        lambda view, was: was.shown and not was.ready and (view.authenticated or view.info == "PAIRING"),
    ),
    (
        Condition.OFFLINE,
        lambda view, _: view.authenticated and (not view.online or "OFFLINE" in (view.mode, view.info)),
    ),
    (Condition.CATCHING_UP, lambda view, was: was.ready and was.accepted and view.state == "CONNECTED"),
    (Condition.UNREACHABLE, lambda view, was: was.ready and view.authenticated),
)
"""The meanings of a view. The first row that holds counts; none: the page is starting."""

LOST: dict[Condition, LinkLost] = {
    Condition.OFFLINE: LinkLost(Reason.NETWORK_LOST, "The page has no network"),
    Condition.UNREACHABLE: LinkLost(Reason.NETWORK_LOST, "The page cannot reach WhatsApp"),
}
ENDS: dict[Condition, PageFact] = {
    Condition.TERMS: Blocked(Reason.TERMS_OF_SERVICE, "WhatsApp wants its terms of service accepted on the phone"),
    Condition.PROXY: Blocked(Reason.PROXY_BLOCKED, "WhatsApp refuses the network this host connects from"),
    Condition.LOCKED: Blocked(Reason.SCREEN_LOCKED, "WhatsApp Web's screen lock is on and wants its passcode"),
    Condition.CONFLICT: Conflict("WhatsApp Web was opened elsewhere with this login"),
    Condition.OUTDATED: PageFailed(Reason.VERSION_OUTDATED, "WhatsApp wants a newer version of WhatsApp Web"),
}


def condition(view: View, memory: Memory) -> Condition:
    """Return the condition of the connection."""
    return next((found for found, holds in CONDITIONS if holds(view, memory)), Condition.STARTING)


def view_of(event: Event) -> View:
    """Return the view in an event, of any shape."""
    return View(
        mode=text(event.get("mode")),
        info=text(event.get("info")),
        state=text(event.get("state")),
        stream=text(event.get("stream")),
        online=event.get("online") is not False,
        needs_update=event.get("needs_update") is True,
        hard_refresh=event.get("hard_refresh") is True,
        authenticated=event.get("authenticated") is True,
        full_ready=event.get("full_ready") is True,
        code=text(event.get("code"), MAX_TEXT),
        lifetime=number(event.get("lifetime")),
        phone=text(event.get("phone")),
        lid=text(event.get("lid")),
        push_name=text(event.get("push_name")),
    )


REMOVED = LoggedOut(
    Reason.LOGGED_OUT_BY_PHONE,
    "The device was removed on the phone, or WhatsApp has closed the account: the page shows both alike",
)
_BY_US = LoggedOut(Reason.LOGGED_OUT_BY_API, "Logged out on request")
_LOCKED = LoggedOut(Reason.ACCOUNT_LOCKED, "WhatsApp has locked the account")
_OUTDATED = LoggedOut(Reason.VERSION_OUTDATED, "WhatsApp no longer accepts this version of WhatsApp Web")

LOGOUTS: dict[str, LoggedOut] = {
    "user_initiated": _BY_US,
    "account_locked": _LOCKED,
    "client_version_outdated": _OUTDATED,
    # The phone, or its owner, has ended the link: the storage here is intact.
    "unknown_companion": REMOVED,
    "md_opt_out": REMOVED,
    "invalid_adv_status": REMOVED,
    "primary_identity_key_change": REMOVED,
    "lid_migration_unmigrated_primary": LoggedOut(
        Reason.PRIMARY_NOT_MIGRATED,
        "WhatsApp Web links only phones whose chats have moved to LIDs: update WhatsApp on the phone, then scan again",
    ),
}
"""Reasons that are no failure of storage or synchronisation; all others are."""
MOVES = ("lid_migration_", "lid_blocklist_")
"""The beginnings of reasons of a page that could not move its chats from phone numbers to LIDs.

Twelve of the 13 in WAWebLogoutReasonConstants of its release 2.3000.1044822804; the other one is in LOGOUTS.
"""
LOGOUT_CODES: dict[str, LoggedOut] = {"3": _LOCKED}
"""The same by the number in the address after the logout; 0, 1 and 2 are failures."""


def logged_out(reason: str | None) -> LoggedOut:
    """Return the fact of a logout with this reason; without a reason the phone removed the device, or the account is
    closed.
    """
    if reason is None:
        return REMOVED
    if reason in LOGOUTS:
        return LOGOUTS[reason]
    why = "it could not move its chats to LIDs: " if reason.startswith(MOVES) else ""
    return LoggedOut(Reason.STORAGE_FAILED, f"WhatsApp Web gave its login up: {why}{reason}")


def logged_out_by_address(search: str) -> LoggedOut | None:
    """Return the logout in the page's address; None if it has none."""
    query = parse_qs(search.removeprefix("?"))
    if "post_logout" not in query:
        return None
    code = query.get("logout_reason", [None])[0]
    if code is None:
        return REMOVED
    return LOGOUT_CODES.get(code) or LoggedOut(
        Reason.STORAGE_FAILED, f"WhatsApp Web gave its login up (code {code[:8]})"
    )


# Notices: messages that no person wrote. WhatsApp Web writes them into chats itself: that a chat is encrypted, that a
# group has changed, that a call came. Source: `MSG_TYPE` and `SYSTEM_MESSAGE_TYPES` of WAWebMsgType, and the subtypes
# of WAWebCommonMsgSubtypeTypes and WAWebFormatE2ENotification, as in its release 2.3000.1044822804.

NOTICES = frozenset(
    {
        "broadcast_notification",
        "call_log",
        "debug",
        "e2e_notification",
        "gp2",
        "group_notification",
        "guest_upsell_system_msg",
        "history_bundle",
        "newsletter_notification",
        "notification",
        "notification_template",
        "pinned_message",
        "poll_add_option_decrypted",
        "protocol",
        "status_notification",
    }
)
"""Types of messages that WhatsApp itself writes."""
UNREADABLE = frozenset({"ciphertext", "debug_placeholder", "loading_media"})
"""Types that come again under their own type once they can be read."""
ADDITIONS = frozenset(
    {
        "comment",
        "event_edit_encrypted",
        "event_response",
        "group-history",
        "keep_in_chat",
        "message_edit_encrypted",
        "message_history_notice",
        "pin_message",
        "poll_add_option_encrypted",
        "poll_edit_encrypted",
        "poll_result_snapshot",
        "poll_update",
        "reaction",
        "reaction_enc",
        "request_phone_number",
    }
)
"""Types of additions to another message, or requests of an app, which are not messages to read."""
MESSAGES = frozenset(
    {
        "album",
        "audio",
        "automated_greeting_message",
        "biz-cover-photo",
        "biz_content_placeholder",
        "buttons_response",
        "chat",
        "document",
        "event_creation",
        "groups_v4_invite",
        "hsm",
        "image",
        "interactive",
        "interactive_response",
        "list",
        "list_response",
        "location",
        "multi_vcard",
        "native_flow",
        "newsletter_admin_invite",
        "newsletter_follower_invite",
        "newsletter_question_response",
        "order",
        "oversized",
        "payment",
        "poll_creation",
        "product",
        "ptt",
        "ptv",
        "quarantined",
        "revoked",
        "rich_response",
        "sharable_event_invite",
        "status",
        "sticker",
        "sticker-pack",
        "template_button_reply",
        "unknown",
        "vcard",
        "video",
    }
)
"""Types that a person or a business has written.

A type in none of these tables is reported as a message too, unless the page calls it a notice.
"""


def is_message(kind: str, *, notice: bool) -> bool:
    """Return True if somebody wrote a message of this type; `notice`: the page calls it a notice of its own."""
    return not notice and kind not in NOTICES | UNREADABLE | ADDITIONS


def happened(event: Event, *, live: bool = True) -> AccountEvent | None:
    """Return the account event in an event of the page script; None if it is no such event, or a notice of WhatsApp's
    without meaning.

    `live` is False for events found in the page after a start.
    """
    kind = of_page(event.get("e"))
    if kind is MessageArrived:
        kind = _kind_of_message(event)
    if kind is None:
        return None
    read = {
        name: part(event.get(name), kind.parts[name]) if name in kind.parts else plain(event.get(name))
        for name in kind.fields
    }
    longer = event.get(MARK) is True or any(_more_than_told(event.get(name)) for name in kind.fields)
    return kind(read | {"live": live} | ({MARK: True} if longer else {}))


def _more_than_told(value: object) -> bool:
    return isinstance(value, list) and len(value) > MAX_NAMES


def _kind_of_message(event: Event) -> type[AccountEvent] | None:
    type_ = text(event.get("type")) or "unknown"
    if is_message(type_, notice=event.get("notice") is True):
        return MessageArrived
    return of_notice(type_, text(event.get("change")))


def home_of(url: str) -> str:
    """Return origin and path: a page's address must keep them to be the page we opened."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"


def left(url: str, unreachable: bool, home: str) -> PageFailed | None:
    """Return the failure in the main frame's new address, if any."""
    if unreachable or url.startswith("chrome-error:"):
        return PageFailed(Reason.PAGE_UNREACHABLE, "WhatsApp Web could not be loaded again")
    if home_of(url) != home:
        return PageFailed(Reason.PAGE_LEFT, f"The page has gone to {home_of(url)[:200]}")
    return None
