"""The names of wa-js and WhatsApp Web that the driver uses, and the contract made of what a page was found to have.

Each name stands once, beside the declaration that uses it:

    operations   `needs` of each operation (actors.clients.operations)
    events       `needs` of each account event, and FIELD_NEEDS (actors.clients.events)
    facts        `needs` of the facts of a connection (actors.clients.protocol.page_facts)

Here stands only what wa-js needs itself:

    HOOKS        functions of WhatsApp Web that wa-js wraps to hear of something
    BENEATH      the names of WhatsApp Web beneath a function of wa-js

A name is a path from `WPP`. One whose last part begins with a small letter leads to a function.

Source of BENEATH and HOOKS: which of its getters wa-js 4.6.0 had resolved before and after each order, on the sandbox's
page, and its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from actors.browser.whatsapp_web import Event, number, text
from actors.clients.events import EVENTS, FIELD_NEEDS
from actors.clients.operations import OPERATIONS
from actors.clients.page_contract import PageContract
from actors.clients.protocol.page_facts import FACT_NEEDS, Ready

_WA = "WPP.whatsapp."
_FUNCTIONS = f"{_WA}functions."
_MODULES = "multidevice."

HOOKS: Mapping[str, str] = {
    f"{_FUNCTIONS}handleChatSimpleReceipt": "wrapped",
    f"{_FUNCTIONS}handleGroupSimpleReceipt": "wrapped",
    f"{_FUNCTIONS}createOrUpdateReactions": "wrapped",
    f"{_FUNCTIONS}getErrorCodeFromLogoutReason": "wrapped",
    f"{_FUNCTIONS}upsertVotes": "wrapped",
    f"{_WA}MsgStore.processMultipleMessages": "own",
    f"{_WA}BackendEventBus.trigger": "own",
}
"""Function -> how wa-js put its own in the place: by its wrapper, or as a property of the object itself."""
_FIND = (f"{_FUNCTIONS}findOrCreateLatestChat", f"{_WA}WidFactory.createWid", f"{_WA}Wid", f"{_WA}ChatStore")
_RAW = (
    *_FIND,
    f"{_FUNCTIONS}addAndSendMsgToChat",
    f"{_FUNCTIONS}getEphemeralFields",
    f"{_FUNCTIONS}unixTime",
    f"{_WA}UserPrefs.getMaybeMePnUser",
    f"{_WA}UserPrefs.getMeLidUserOrThrow",
    f"{_WA}MsgKey",
    f"{_WA}MsgStore",
)
"""What wa-js's `sendRawMessage` uses, through which each kind of message goes, given a key of ours and no quotation."""
BENEATH: Mapping[str, tuple[str, ...]] = {
    "WPP.chat.find": _FIND,
    "WPP.chat.generateMessageID": (f"{_FUNCTIONS}randomMessageId", f"{_WA}MsgKey", f"{_WA}UserPrefs"),
    "WPP.chat.sendTextMessage": (*_RAW, f"{_WA}MsgKey.fromString"),
    "WPP.chat.sendLocationMessage": _RAW,
    "WPP.chat.sendFileMessage": (
        *_FIND,
        f"{_FUNCTIONS}getEphemeralFields",
        f"{_FUNCTIONS}unixTime",
        f"{_WA}UserPrefs.getMaybeMePnUser",
        f"{_WA}UserPrefs.getMeLidUserOrThrow",
        f"{_WA}MsgKey",
        f"{_WA}OpaqueData.createFromData",
        f"{_WA}MediaPrep.prepRawMedia",
    ),
    "WPP.chat.sendRawMessage": _RAW,
    "WPP.chat.sendCreatePollMessage": _RAW,
    "WPP.chat.sendReactionToMessage": (f"{_FUNCTIONS}sendReactionToMsg", f"{_WA}MsgModel"),
    "WPP.chat.editMessage": (
        f"{_FUNCTIONS}canEditMsg",
        f"{_FUNCTIONS}canEditCaption",
        f"{_FUNCTIONS}addAndSendMessageEdit",
    ),
    "WPP.chat.deleteMessage": (f"{_WA}Cmd.sendRevokeMsgs", f"{_WA}Cmd.sendDeleteMsgs", f"{_WA}enums.MSG_TYPE"),
    "WPP.chat.starMessage": (f"{_WA}Cmd.sendStarMsgs", f"{_WA}Cmd.sendUnstarMsgs"),
    "WPP.chat.pinMsg": (
        f"{_FUNCTIONS}sendPinInChatMsg",
        f"{_WA}PinInChatStore",
        f"{_WA}enums.PIN_STATE",
        f"{_WA}enums.PinExpiryDurationOption",
    ),
    "WPP.chat.markIsRead": (f"{_FUNCTIONS}sendSeen",),
    "WPP.chat.markIsUnread": (f"{_FUNCTIONS}markUnread",),
    "WPP.chat.markIsComposing": (f"{_WA}ChatPresence.markComposing",),
    "WPP.chat.markIsRecording": (f"{_WA}ChatPresence.markRecording",),
    "WPP.chat.markIsPaused": (f"{_WA}ChatPresence.markPaused",),
    "WPP.conn.markAvailable": (f"{_WA}Stream.markAvailable", f"{_WA}Stream.markUnavailable"),
    "WPP.contact.subscribePresence": (f"{_FUNCTIONS}subscribePresence", f"{_WA}PresenceStore"),
    "WPP.status.sendTextStatus": _RAW,
    f"{_FUNCTIONS}queryWidExists": (
        f"{_WA}WidFactory.createWid",
        f"{_WA}lidPnCache.getCurrentLid",
        f"{_WA}lidPnCache.getPhoneNumber",
    ),
    "WPP.chat.getMessages": (f"{_WA}MsgKey.fromString", f"{_WA}MsgModel", f"{_WA}MsgStore"),
    "WPP.chat.archive": (f"{_WA}Cmd.archiveChat",),
    "WPP.chat.pin": (f"{_FUNCTIONS}setPin",),
    "WPP.chat.delete": (*_FIND, f"{_FUNCTIONS}sendDelete"),
    "WPP.blocklist.blockContact": (f"{_FUNCTIONS}blockContact", f"{_WA}BlocklistStore", f"{_WA}ContactStore"),
    "WPP.blocklist.unblockContact": (f"{_FUNCTIONS}unblockContact", f"{_WA}BlocklistStore", f"{_WA}ContactStore"),
    "WPP.contact.save": (f"{_FUNCTIONS}saveContactAction", f"{_WA}ApiContact.getAlternateUserWid"),
    "WPP.contact.getProfilePictureUrl": (f"{_WA}ProfilePicThumbStore.find",),
    "WPP.chat.getMessageById": (f"{_WA}MsgKey.fromString", f"{_WA}ChatStore", f"{_WA}MsgStore"),
    "WPP.conn.genLinkDeviceCodeForPhoneNumber": (
        f"{_FUNCTIONS}genLinkDeviceCodeForPhoneNumber",
        f"{_FUNCTIONS}initializeAltDeviceLinking",
    ),
    "WPP.conn.logout": (f"{_WA}Socket.logout",),
}
"""Function of wa-js -> what it uses of WhatsApp Web."""


@cache
def uses() -> Mapping[str, frozenset[str]]:
    """Return the names that each operation, event, fact or field needs, all of them."""
    operations = {name: operation.needs for name, operation in OPERATIONS.items()}
    events = {type: event.needs for type, event in EVENTS.items()}
    needs = {**FACT_NEEDS, **FIELD_NEEDS, **operations, **events}
    return {use: frozenset(_all(names)) for use, names in needs.items() if names}


def _all(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield from BENEATH.get(name, ())


def symbols() -> tuple[str, ...]:
    """Return every name, once."""
    return tuple(sorted(set[str]().union(*uses().values())))


def asked() -> Mapping[str, Any]:
    """Return the names that the page script is to look for."""
    return {"symbols": symbols(), "hooks": HOOKS}


def short(name: str) -> str:
    """Return a name as people look for it: `handleChatSimpleReceipt`, `Stream`, `chat.sendTextMessage`."""
    path = name.removeprefix(_FUNCTIONS).removeprefix(_WA).removeprefix("WPP.")
    return path.removeprefix(_MODULES).removesuffix(".on")


def read(event: Event, unresolved: Iterable[str] = ()) -> PageContract:
    """Return the contract in what a page has told, of any shape."""
    absent, no_functions = _known(event.get("missing"), symbols()), _known(event.get("no_functions"), symbols())
    unhooked = _known(event.get("unhooked"), HOOKS)
    gone = {*absent, *no_functions, *unhooked}
    revision = number(event.get("revision"))
    return PageContract(
        version=text(event.get("version"), 64),
        revision=None if revision is None else int(revision),
        push_phase=text(event.get("push_phase"), 64),
        wa_js=text(event.get("wa_js"), 64),
        generation=_generation(event),
        missing=_unique(short(name) for name in (*absent, *no_functions)),
        no_functions=_unique(short(name) for name in no_functions),
        unhooked=_unique(short(name) for name in unhooked),
        lost=frozenset(use for use, names in uses().items() if names & gone),
        unresolved=tuple(unresolved),
    )


def _generation(event: Event) -> str | None:
    """Older pages keep the text of a message's id in `_serialized`, and have `Cmd.isMainLoaded`."""
    field = text(event.get("key_field"), 64)
    if event.get("is_main_loaded") is True or field == "_serialized":
        return "classic"
    return None if field is None else "modern"


def starts(event: Event) -> bool:
    """Return True if the page has what it needs to report its connection."""
    return not set(Ready.needs) & set(_known(event.get("missing"), symbols()))


def _known(said: object, among: Iterable[str]) -> list[str]:
    told = set(map(str, said)) if isinstance(said, list) else set()
    return [name for name in among if name in told]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once; what lies below a name says no more than that name."""
    known = list(dict.fromkeys(names))
    return tuple(name for name in known if not any(name.startswith(f"{other}.") for other in known))
