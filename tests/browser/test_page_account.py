"""Real Chromium on the sandbox: the account's profile, its labels, its statuses, and calls to it."""

from __future__ import annotations

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations.labels import (
    ChangeLabel,
    CreateLabel,
    DeleteLabel,
    ListChatsOfLabel,
    ListLabels,
    ListLabelsOfChat,
    SetLabelsOfChat,
)
from actors.clients.operations.messages import LookUp, SendText
from actors.clients.operations.profile import (
    ChangeProfile,
    DeleteProfilePicture,
    GetProfile,
    RejectCall,
    SetProfilePicture,
)
from actors.clients.operations.status import STATUS, DeleteStatus, PostImageStatus, PostTextStatus
from actors.clients.protocol import Answered, Ready
from tests.browser.pages import ADDRESSING, CHAT, FRIEND, NUMBER, PICTURE, Open
from tests.browser.test_page_groups import Asked
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

BARE = "3EB0000000000000000001"


@ADDRESSING
def test_the_profile_is_told_and_changed(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    opened = linked(shell, lids=lids, name="Ana")
    assert [fact.push_name for fact in opened.told.told(Ready)] == ["Ana"]
    page = Asked(opened, sandbox)
    before = page(GetProfile())
    assert (before.phone, before.name, before.picture, before.business) == (NUMBER, "Ana", None, False)
    page(ChangeProfile(name="Bea"))
    page(ChangeProfile(about="At work"))
    page(SetProfilePicture(PICTURE))
    account = sandbox.get(f"/accounts/{NUMBER}")
    assert (account["name"], account["about"]) == ("Bea", "At work")
    after = page(GetProfile())
    assert (after.name, after.about) == ("Bea", "At work")
    assert after.picture is not None
    assert sandbox.api.get(after.picture).content.startswith(b"\xff\xd8\xff")
    page(DeleteProfilePicture())
    assert sandbox.get(f"/accounts/{NUMBER}")["picture"] is None
    assert page(GetProfile()).picture is None
    sandbox.post(f"/accounts/{NUMBER}/acts", act="profile.about", code=429, left=1)
    assert page.refused(ChangeProfile("Cleo", "Away")).startswith("Partly done: the name is changed")


def test_only_accounts_of_whatsapp_business_have_labels(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> None:
    page = Asked(linked(shell), sandbox)
    for operation in (
        ListLabels(),
        CreateLabel("New order"),
        ChangeLabel("1", "New"),
        DeleteLabel("1"),
        ListLabelsOfChat(CHAT),
        SetLabelsOfChat(CHAT, ()),
        SetLabelsOfChat(CHAT, ("1",)),
        ListChatsOfLabel("1"),
    ):
        assert page.refused(operation) == "Only accounts of WhatsApp Business have labels, and this account is none"


@ADDRESSING
def test_labels_are_made_given_and_taken_away(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    opened = linked(shell, lids=lids)
    page = Asked(opened, sandbox)
    sandbox.post(f"/accounts/{NUMBER}/labels", business=True)
    page(SendText(CHAT, "hello"))
    order = page(CreateLabel("New order", 0))
    assert (order.name, order.color, order.hex) == ("New order", 0, "#ff9485")
    paid = page(CreateLabel("Paid"))
    assert [one.name for one in page(ListLabels()).labels] == ["New order", "Paid"]
    changed = page(ChangeLabel(paid.id, "All paid", 0))
    assert (changed.name, changed.color) == ("All paid", 0)
    assert page(ChangeLabel(paid.id, color=7)).name == "All paid"

    assert [one.id for one in page(SetLabelsOfChat(CHAT, (order.id, paid.id))).labels] == [order.id, paid.id]
    added = opened.told.until(AccountEvent, lambda fact: fact.type == "label.chat").payload
    assert (added["label"], added["phone"], added["added"]) == (order.id, FRIEND, True)
    assert [one.id for one in page(SetLabelsOfChat(CHAT, (paid.id,))).labels] == [paid.id]
    assert [one.id for one in page(ListLabelsOfChat(CHAT)).labels] == [paid.id]
    (chat,) = page(ListChatsOfLabel(paid.id)).chats
    assert chat.phone == FRIEND
    kept = {label["name"]: label["chats"] for label in sandbox.get(f"/accounts/{NUMBER}")["labels"]}
    assert kept == {"New order": [], "All paid": [FRIEND]}

    page(DeleteLabel(order.id))
    assert page.refused(DeleteLabel(order.id)) == "There is no such label"
    assert page.refused(SetLabelsOfChat(CHAT, (order.id,))) == "There is no such label"
    gone = opened.told.until(AccountEvent, lambda fact: fact.type == "label.changed" and bool(fact.payload["deleted"]))
    assert (gone.payload["id"], gone.payload["name"]) == (order.id, "New order")


@ADDRESSING
def test_a_status_is_sent_once_and_deleted(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    page = Asked(linked(shell, lids=lids), sandbox)
    page(SendText(CHAT, "hello"))
    page._page.page.call(BARE, PostTextStatus(STATUS, "Open until eight", "#38b42f", 2))
    sent = page._page.told.until(Answered, lambda fact: fact.order == BARE).value
    assert (sent.chat, sent.message_id) == (STATUS, f"true_{STATUS}_{BARE}_{NUMBER}@c.us")
    page._page.told.until(AccountEvent, lambda fact: fact.payload.get("bare_id") == BARE)
    looked = page(LookUp(STATUS, BARE))
    assert looked.complete
    assert looked.ack >= 1
    (status,) = [one for one in sandbox.get(f"/phones/{FRIEND}")["received"] if one["chat"] == STATUS]
    assert (status["id"], status["text"]) == (BARE, "Open until eight")
    assert status["style"] == {"font": 2, "background": 0xFF38B42F}
    page(DeleteStatus(BARE))
    (status,) = [one for one in sandbox.get(f"/phones/{FRIEND}")["received"] if one["chat"] == STATUS]
    assert status["revoked"]
    assert page.refused(DeleteStatus(BARE)).startswith("There is no such status")


@ADDRESSING
def test_a_picture_is_a_status_under_our_own_id(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    page = Asked(linked(shell, lids=lids), sandbox)
    page(SendText(CHAT, "hello"))
    page._page.page.call(BARE, PostImageStatus(STATUS, PICTURE, "Look"))
    sent = page._page.told.until(Answered, lambda fact: fact.order == BARE).value
    assert (sent.chat, sent.message_id) == (STATUS, f"true_{STATUS}_{BARE}_{NUMBER}@c.us")
    (status,) = [one for one in sandbox.get(f"/phones/{FRIEND}")["received"] if one["chat"] == STATUS]
    assert (status["id"], status["type"], status["text"]) == (BARE, "image", "Look")
    assert status["media"]["sha256"] == PICTURE.digest
    page(DeleteStatus(BARE))
    assert page.refused(DeleteStatus(BARE)).startswith("There is no such status")


@ADDRESSING
def test_a_call_is_rejected(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool) -> None:
    sandbox.post("/settings", compat=compat)
    opened = linked(shell, lids=lids)
    page = Asked(opened, sandbox)
    sandbox.post(f"/phones/{FRIEND}/call", to=NUMBER)
    call = str(opened.told.until(AccountEvent, lambda fact: fact.type == "call").payload["id"])
    page(RejectCall(call))
    told = opened.told.until(AccountEvent, lambda fact: fact.type == "call.rejected").payload
    assert (told["id"], told["phone"], told["video"]) == (call, FRIEND, False)
    assert sandbox.get(f"/accounts/{NUMBER}")["calls"] == {call: "rejected"}
    for other in (call, "CA00000000000000AAAA"):
        assert page.refused(RejectCall(other)) == "No such call rings: it has ended, or was answered"
