"""The page contract, on real Chromium: what a page lacks is told within one loading, and by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors.browser import contract
from actors.browser.browser import ChromiumBrowser
from actors.clients.events import EVENTS, FIELD_NEEDS
from actors.clients.operations import OPERATIONS
from actors.clients.page_contract import CONNECTION, SENDING, PageContract
from actors.clients.protocol import BrowserGone, ContractRead, Ready
from actors.clients.protocol.page_facts import FACT_NEEDS
from actors.clients.types import Reason
from tests.browser.pages import GENERATIONS, Open, Opened, answer, evaluate, options, running
from tests.rig import Sandbox

SCRIPTS = Path(contract.__file__).with_name("scripts")
VERSION = "2.3000.1045000000"
DRIFTS = {
    # export that WhatsApp Web renames: (the name that is missing then, what is lost)
    "handleChatSimpleReceipt": ("handleChatSimpleReceipt", "message.ack"),
    "handleGroupSimpleReceipt": ("handleGroupSimpleReceipt", "message.ack"),
    "addOrUpdateReactionsModelCollection": ("createOrUpdateReactions", "message.reaction"),
    "addAndSendMsgToChat": ("addAndSendMsgToChat", "sendText"),
    "findOrCreateLatestChat": ("findOrCreateLatestChat", "sendText"),
    "unixTime": ("unixTime", "sendText"),
    "getEphemeralFields": ("getEphemeralFields", "sendText"),
    "ChatCollection": ("ChatStore", "sendText"),
    "getErrorCodeFromLogoutReason": ("getErrorCodeFromLogoutReason", "loggedOut"),
    "genLinkDeviceCodeForPhoneNumber": ("genLinkDeviceCodeForPhoneNumber", "requestPairingCode"),
    "getADVSecretKey": ("adv", "qrShown"),
    "MsgCollection": ("MsgStore", "message"),
}
"""Twelve names of the page that something of ours stands on."""


def test_the_names_that_are_looked_for_are_those_of_the_declarations() -> None:
    declared = {name: operation.needs for name, operation in OPERATIONS.items() if operation.needs}
    declared |= {type: event.needs for type, event in EVENTS.items() if event.needs}
    declared |= {**FACT_NEEDS, **FIELD_NEEDS}
    assert contract.uses().keys() == declared.keys()
    beneath = {name for names in declared.values() for each in names for name in contract.BENEATH.get(each, ())}
    assert set(contract.symbols()) == beneath.union(*declared.values())
    assert contract.HOOKS.keys() <= set(contract.symbols())
    assert contract.BENEATH.keys() <= set(contract.symbols())
    assert {CONNECTION, SENDING} <= contract.uses().keys()
    assert FIELD_NEEDS.keys() <= {field for event in EVENTS.values() if event.page_name for field in event.fields}


NOT_NEEDED = {
    "WPP.chat.getReactions": "reactions of a message that came while nobody looked; without it that is logged",
    "WPP.chat.getVotes": "votes in a poll that came while nobody looked; without it that is logged",
    "WPP.conn.getAuthCode": "named by the fact of a QR code through what it is made of",
    "WPP.contact.getPnLidEntry": "a mention in a group of hidden numbers goes out with the phone number",
    "WPP.group.getParticipants": "asked only where everybody is mentioned",
    "WPP.group.iAmAdmin": "only whether a refusal is told in better words",
    "WPP.conn.isAuthenticated": "named by facts through what it is made of",
    "WPP.isInjected": "part of wa-js, not of WhatsApp Web",
    "WPP.version": "part of wa-js, not of WhatsApp Web",
    "WPP.util.wrapFunction": "part of wa-js, not of WhatsApp Web",
    "WPP.isFullReady": "part of wa-js, not of WhatsApp Web",
    "WPP.whatsapp.Cmd.isMainLoaded": "older pages only",
    "WPP.whatsapp.Cmd.refreshQR": "older pages only",
    "WPP.whatsapp.MsgKey.prototype": "read by the contract itself",
    "WPP.whatsapp.MsgStore.models": "older pages only",
    "WPP.whatsapp.UserPrefs.isMeAccount": "asked only where everybody is mentioned",
    "WPP.whatsapp.enums.SYSTEM_MESSAGE_TYPES": "there is a list of ours too",
}
"""Names that a script uses and that no declaration needs: why the page does its work without them."""


def test_each_name_that_a_script_uses_is_declared() -> None:
    declared = {
        name[:end] for name in contract.symbols() for end in (*(m.start() for m in re.finditer(r"\.", name)), None)
    }
    used = {name for script in SCRIPTS.glob("*.js") for name in names_in(script.read_text(encoding="utf-8"))}
    assert len(used) > 100
    parts = {f"{name}.{part}" for name in declared for part in ("get", "on", "getModelsArray", "online")}
    assert used - declared - parts == NOT_NEEDED.keys()


def names_in(script: str) -> set[str]:
    """Return the paths from `WPP` that a script names: `window.WPP.chat.find`, `wa().ChatStore`, `const {x} = wa()`."""
    code = re.sub(r"//.*|/\*[\s\S]*?\*/", "", script)
    names = set(re.findall(r"\bWPP\.(?:\w+\.)*\w+", code.replace("?.", ".")))
    for path in re.findall(r"\bwa\(\)\.((?:\w+\.)*\w+)", code.replace("?.", ".")):
        names.add(f"WPP.whatsapp.{path}")
    for taken, below in re.findall(r"const \{([^}]*)\} = wa\(\)(\.functions)?;", code):
        names |= {f"WPP.whatsapp{below}.{each.split(':')[0].strip()}" for each in taken.split(",")}
    return names


@pytest.mark.e2e
@GENERATIONS
def test_a_page_as_it_is_now_is_whole(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str) -> None:
    sandbox.post("/settings", compat=compat, version="2.3000.1050000001", push_phase="C1")
    read = linked(shell).told.until(ContractRead).contract
    assert read == PageContract("2.3000.1050000001", 1050000001, "C1", shell.versions["wa_js"], compat)
    assert answer(shell, "window.__session_manager('contract').then((text) => JSON.parse(text).value.ms)") < 50


@pytest.mark.e2e
def test_each_renamed_export_is_caught_within_one_reload(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    assert page.told.until(ContractRead).contract.whole
    for export, (missing, lost) in DRIFTS.items():
        sandbox.post("/settings", drift={"rename": {export: f"{export}Now"}})
        evaluate(page, "location.reload()")
        read = page.told.until(ContractRead).contract
        assert any(name.split(".")[0] == missing for name in read.missing), (export, read)
        assert lost in read.lost, (export, read)
        assert missing in read.text
    sandbox.post("/settings", drift={})
    evaluate(page, "location.reload()")
    assert page.told.until(ContractRead).contract.whole


BENEATH = {
    "sendLocation": (
        "addAndSendMsgToChat",
        "findOrCreateLatestChat",
        "getEphemeralFields",
        "unixTime",
        "ChatCollection",
        "MsgCollection",
        "getMeLidUserOrThrow",
        "createWid",
    ),
    "checkContact": ("queryWidExists", "lidPnCache", "createWid"),
    "getContact": ("ContactCollection",),
    "getAbout": ("queryWidExists", "TextStatusCollection"),
    "getPicture": ("ProfilePicThumbCollection",),
    "pinChat": ("setPin", "ChatCollection"),
    "clearChat": ("sendClear",),
    "deleteChat": ("sendDelete", "findOrCreateLatestChat"),
    "nameContact": ("saveContactAction",),
}
"""Operation -> the exports that wa-js stands on for it."""
LEAVES = {
    "fetchMedia": ("LruMediaStore",),
    "createGroup": ("createGroup",),
    "addParticipants": ("addGroupParticipants",),
    "removeParticipants": ("removeParticipants",),
    "changeAdmins": ("promoteParticipants", "demoteParticipants"),
    "getInvitedGroup": ("sendQueryGroupInvite",),
    "joinGroup": ("joinGroupViaInvite",),
    "revokeInvite": ("resetGroupInviteCode",),
    "listJoinRequests": ("getMembershipApprovalRequests",),
    "leaveGroup": ("sendExitGroup",),
    "setGroupPicture": ("sendSetPicture",),
    "setProfilePicture": ("sendSetPicture",),
    "deleteGroupPicture": ("requestDeletePicture",),
    "deleteProfilePicture": ("requestDeletePicture",),
    "changeGroupSettings": ("setGroupProperty",),
    "changeGroup": ("setGroupSubject",),
    "listLabels": ("colorIndexToHex",),
    "createLabel": ("labelAddAction", "getNextLabelId"),
    "changeLabel": ("labelEditAction",),
    "deleteLabel": ("labelDeleteAction",),
    "getProfile": ("getPushname",),
    "changeProfile": ("setPushname", "setMyStatus"),
    "rejectCall": ("ensureE2ESessions", "sendSmaxStanza"),
}
"""The same for exports of one or two operations: the first places are renamed together, then the second."""


@pytest.mark.e2e
def test_each_renamed_export_beneath_an_operation_is_caught(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox
) -> None:
    page = linked(shell)
    assert page.told.until(ContractRead).contract.whole
    for export in dict.fromkeys(name for names in BENEATH.values() for name in names):
        sandbox.post("/settings", drift={"rename": {export: f"{export}Now"}})
        evaluate(page, "location.reload()")
        read = page.told.until(ContractRead).contract
        for operation, names in BENEATH.items():
            assert export not in names or operation in read.lost, (export, operation, read)


@pytest.mark.e2e
@pytest.mark.parametrize("place", [0, 1])
def test_exports_that_one_operation_needs_are_caught(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, place: int
) -> None:
    renamed = {names[place]: operation for operation, names in LEAVES.items() if place < len(names)}
    sandbox.post("/settings", drift={"rename": {export: f"{export}Now" for export in renamed}})
    read = linked(shell).told.until(ContractRead).contract
    assert set(renamed.values()) <= read.lost, (set(renamed.values()) - read.lost, read.missing)
    assert len(read.missing) >= len(renamed)
    assert not read.lost & {"sendText", "message", "checkContact"}


@pytest.mark.e2e
def test_the_contract_comes_before_the_client_is_ready(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    sandbox.post("/settings", drift={"hide": ["addAndSendMsgToChat"]})
    page = linked(shell)
    kinds = [type(fact) for fact in page.told.facts]
    assert kinds.index(ContractRead) < kinds.index(Ready)
    assert not page.told.until(ContractRead).contract.can_send


@pytest.mark.e2e
def test_a_hook_that_the_page_replaces_is_told(shell: ChromiumBrowser, linked: Open) -> None:
    page = linked(shell)
    assert page.told.until(ContractRead).contract.whole
    evaluate(page, "require('WAWebHandleDirectChatReceipt').handleChatSimpleReceipt = () => {}")
    read = page.told.until(ContractRead).contract
    assert read.unhooked == ("handleChatSimpleReceipt",)
    assert read.missing == ()
    assert read.lost == {"message.ack"}
    assert "has let go of handleChatSimpleReceipt" in read.text


@pytest.mark.e2e
def test_what_wa_js_says_that_it_did_not_find_is_kept(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    sandbox.post("/settings", drift={"hide": ["handleStatusSimpleReceipt", "handleChatSimpleReceipt"]})
    page = linked(shell)
    told = page.told.until(ContractRead, lambda fact: "handleStatusSimpleReceipt" in fact.contract.unresolved)
    assert "handleChatSimpleReceipt" in told.contract.unresolved
    assert told.contract.missing == ("handleChatSimpleReceipt",)


@pytest.mark.e2e
def test_a_page_that_never_becomes_ready_says_what_it_lacks(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", drift={"rename": {"isLoggedIn": "isLoggedInNow"}})
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, start_patience=6.0))) as browser:
        page = Opened(browser)
        read = page.told.until(ContractRead).contract
        page.close()
    assert read.missing == ("isAuthenticated",)
    assert not read.can_be_heard


@pytest.mark.e2e
@pytest.mark.parametrize("export", ["Stream", "Socket"])
def test_a_page_that_says_nothing_is_called_outdated_and_not_unready(
    tmp_path: Path, sandbox: Sandbox, export: str
) -> None:
    sandbox.post("/settings", drift={"rename": {export: f"{export}Now"}})
    with running(ChromiumBrowser(options(tmp_path, sandbox.url, start_patience=6.0))) as browser:
        gone = Opened(browser).told.until(BrowserGone)
    assert gone.reason is Reason.WA_JS_OUTDATED
    assert f"has no {export}, " in gone.text
    assert VERSION in gone.text
