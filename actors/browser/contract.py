"""The names of wa-js and WhatsApp Web that the driver uses, and the contract made of what a page was found to have.

Each name stands once, beside the declaration that uses it:

    operations   `needs` of each operation (actors.clients.operations)
    events       `needs` of each account event, and FIELD_NEEDS (actors.clients.events)
    facts        `needs` of the facts of a connection (actors.clients.protocol.page_facts)

Here stands only what wa-js needs itself:

    HOOKS        functions of WhatsApp Web that wa-js wraps to hear of something
    BENEATH      the names of WhatsApp Web beneath a function of wa-js

A name is a path from `WPP`. One whose last part begins with a small letter leads to a function.

Source of BENEATH and HOOKS: the source of wa-js 4.6.0, and which of its getters it had resolved before and after orders
on the sandbox's page.
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
_GROUP = (f"{_WA}ChatStore.get", f"{_WA}WidFactory.createWid", f"{_WA}GroupMetadataStore.find")
"""What wa-js's `ensureGroup` uses, with which each of its functions about a group begins."""
_ME = (f"{_WA}UserPrefs.getMaybeMePnUser",)
_LABEL = (f"{_WA}LabelStore", f"{_FUNCTIONS}colorIndexToHex", f"{_WA}ChatStore")
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
    # Not `functions.forwardMessages`: wa-js loads its module when it is first needed.
    "WPP.chat.forwardMessages": (*_FIND, f"{_WA}MsgModel", f"{_WA}MsgKey.fromString", f"{_WA}MsgStore"),
    "WPP.chat.downloadMedia": (f"{_WA}MsgKey.fromString", f"{_WA}MsgStore", f"{_WA}LruMediaStore"),
    "WPP.chat.list": (f"{_WA}ChatStore.getModelsArray",),
    "WPP.chat.mute": (f"{_WA}ChatStore.get", f"{_FUNCTIONS}unixTime"),
    "WPP.chat.unmute": (f"{_WA}ChatStore.get",),
    "WPP.group.ensureGroup": _GROUP,
    "WPP.group.ensureGroupAndParticipants": (*_GROUP, f"{_WA}ParticipantModel"),
    "WPP.group.create": (
        *_FIND,
        *_ME,
        f"{_WA}ContactStore.get",
        f"{_FUNCTIONS}queryWidExists",
        f"{_FUNCTIONS}createGroup",
    ),
    "WPP.group.addParticipants": (*_GROUP, f"{_WA}ParticipantModel", f"{_FUNCTIONS}sendAddParticipants"),
    "WPP.group.removeParticipants": (*_GROUP, f"{_FUNCTIONS}removeParticipants"),
    "WPP.group.promoteParticipants": (*_GROUP, f"{_FUNCTIONS}promoteParticipants"),
    "WPP.group.demoteParticipants": (*_GROUP, f"{_FUNCTIONS}demoteParticipants"),
    "WPP.group.getGroupInfoFromInviteCode": (f"{_FUNCTIONS}sendQueryGroupInvite",),
    # wa-js has a function of its own where the page has no `fetchMexGroupInviteCode`.
    "WPP.group.getInviteCode": _GROUP,
    "WPP.group.revokeInviteCode": (*_GROUP, f"{_FUNCTIONS}resetGroupInviteCode"),
    "WPP.group.join": (f"{_FUNCTIONS}sendQueryGroupInvite", f"{_FUNCTIONS}joinGroupViaInvite"),
    "WPP.group.getMembershipRequests": (
        f"{_WA}GroupMetadataStore.find",
        f"{_FUNCTIONS}getMembershipApprovalRequests",
    ),
    "WPP.group.leave": (*_GROUP, f"{_FUNCTIONS}sendExitGroup"),
    "WPP.group.setIcon": (*_GROUP, f"{_FUNCTIONS}sendSetPicture"),
    "WPP.group.removeIcon": (*_GROUP, f"{_FUNCTIONS}requestDeletePicture"),
    "WPP.group.setProperty": (*_GROUP, f"{_FUNCTIONS}sendSetGroupProperty"),
    "WPP.group.setSubject": (*_GROUP, f"{_FUNCTIONS}sendSetGroupSubject"),
    "WPP.labels.getAllLabels": _LABEL,
    "WPP.labels.getLabelById": _LABEL,
    "WPP.labels.addNewLabel": (
        *_LABEL,
        f"{_WA}Conn",
        f"{_FUNCTIONS}getAllLabelColors",
        f"{_FUNCTIONS}getNextLabelId",
        f"{_FUNCTIONS}labelAddAction",
    ),
    "WPP.labels.deleteLabel": (f"{_WA}Conn", f"{_WA}LabelStore", f"{_FUNCTIONS}labelDeleteAction"),
    "WPP.labels.addOrRemoveLabels": (
        f"{_WA}Conn",
        f"{_WA}ChatStore.get",
        f"{_WA}LabelStore.addOrRemoveLabels",
    ),
    "WPP.profile.isBusiness": (f"{_WA}Conn",),
    "WPP.profile.getMyProfileName": (f"{_FUNCTIONS}getPushname",),
    "WPP.profile.getMyStatus": (*_ME, f"{_WA}StatusStore.find"),
    "WPP.profile.setMyProfileName": (f"{_FUNCTIONS}setPushname",),
    "WPP.profile.setMyStatus": (*_ME, f"{_WA}StatusStore.find", f"{_FUNCTIONS}setMyStatus"),
    "WPP.profile.setMyProfilePicture": (*_ME, f"{_FUNCTIONS}sendSetPicture"),
    "WPP.profile.removeMyProfilePicture": (*_ME, f"{_FUNCTIONS}requestDeletePicture"),
    "WPP.call.reject": (
        *_ME,
        f"{_WA}CallStore",
        f"{_WA}enums.CALL_STATES",
        f"{_WA}websocket.ensureE2ESessions",
        f"{_WA}websocket.sendSmaxStanza",
        f"{_WA}websocket.smax",
        f"{_WA}websocket.generateId",
    ),
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
