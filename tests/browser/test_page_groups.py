"""Real Chromium on the sandbox: groups, from both sides."""

from __future__ import annotations

from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.events import AccountEvent
from actors.clients.operations.base import Failure, Operation
from actors.clients.operations.chats import ListChats
from actors.clients.operations.groups import (
    AddParticipants,
    AnswerJoinRequests,
    ChangeAdmins,
    ChangeGroup,
    ChangeGroupSettings,
    CreateGroup,
    DeleteGroup,
    DeleteGroupPicture,
    GetGroup,
    GetGroupPicture,
    GetInvite,
    GetInvitedGroup,
    JoinGroup,
    LeaveGroup,
    ListGroups,
    ListJoinRequests,
    ListParticipants,
    RemoveParticipants,
    RevokeInvite,
    SetGroupPicture,
)
from actors.clients.operations.media import SendImage
from actors.clients.operations.messages import SendText
from actors.clients.protocol import Answered, OutcomeUnknown, Refused
from actors.clients.types import State
from tests.browser.pages import ADDRESSING, CHAT, FRIEND, NUMBER, PICTURE, Open, Opened
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

OTHER, CLOSED, NOBODY = "5491166778899", "5491177889900", "5491133333333"
GROUP = "120363000000000009@g.us"


def _ends(fact: object, order: str) -> bool:
    """Return True if the fact is the end of this order."""
    return isinstance(fact, Answered | Refused | OutcomeUnknown) and fact.order == order


class Asked:
    """A page that is asked one thing after the other."""

    def __init__(self, page: Opened, sandbox: Sandbox) -> None:
        self._page, self._sandbox, self._count = page, sandbox, 0

    def _call(self, operation: Operation[Any]) -> str:
        self._count += 1
        order = f"order-{self._count}"
        self._page.page.call(order, operation)
        return order

    def __call__(self, operation: Operation[Any]) -> Any:
        """What the page answers. A refusal is an error here."""
        order = self._call(operation)
        fact = self._page.told.until(object, lambda fact: _ends(fact, order))
        assert isinstance(fact, Answered), fact
        return fact.value

    def refused(self, operation: Operation[Any]) -> str:
        """The sentence in which the caller is told of the page's refusal."""
        order = self._call(operation)
        fact = self._page.told.until(object, lambda fact: _ends(fact, order))
        assert isinstance(fact, Refused), fact
        return str(operation.failed(Failure(fact.why, State.READY, order, declined=True, code=fact.code)))

    def change(self, kind: str) -> dict[str, Any]:
        """The payload of the next change of this kind in a group."""
        return dict(
            self._page.told.until(
                AccountEvent, lambda fact: fact.type == "group.changed" and fact.payload["change"] == kind
            ).payload
        )

    def group(self, id: str = GROUP) -> dict[str, Any]:
        """The group as the server has it."""
        return dict(self._sandbox.get(f"/groups/{id}"))

    def phone(self, number: str, act: str, **said: Any) -> dict[str, Any]:
        """A phone acts in a group."""
        return dict(self._sandbox.post(f"/phones/{number}/groups", act=act, **said))


def there_is(sandbox: Sandbox, **said: Any) -> None:
    """A group of the account and FRIEND."""
    group = {"subject": "Us", "participants": [NUMBER, FRIEND], "owner": NUMBER, **said}
    sandbox.api.put(f"/api/groups/{GROUP}", json=group).raise_for_status()


@pytest.fixture
def page(shell: ChromiumBrowser, linked: Open, sandbox: Sandbox) -> Asked:
    return Asked(linked(shell), sandbox)


@ADDRESSING
def test_a_group_is_made_with_everybody_free_to_write_and_each_persons_answer_is_told(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    sandbox.post(f"/phones/{CLOSED}", addable=False)
    page = Asked(linked(shell, lids=lids), sandbox)
    created = page(CreateGroup("Team", (CHAT, f"{OTHER}@c.us", f"{CLOSED}@c.us")))
    group = page.group(created.group.id)
    assert (group["subject"], group["participants"]) == ("Team", [NUMBER, FRIEND, OTHER])
    assert not group["announce"]
    assert not group["restrict"]
    answers = {one.phone: one for one in created.participants}
    assert {phone: one.code for phone, one in answers.items()} == {FRIEND: 200, OTHER: 200, CLOSED: 403}
    assert answers[CLOSED].invite_code
    assert answers[CLOSED].invite_until
    told = {one.phone: one.role for one in created.group.participants}
    assert told == {NUMBER: "superadmin", FRIEND: "participant", OTHER: "participant"}
    assert created.group.participants[0].id.endswith("@lid" if lids else "@c.us")
    assert page(GetGroup(created.group.id)).participants == created.group.participants
    assert [one.id for one in page(ListGroups()).groups] == [created.group.id]
    change = page.change("create")
    assert (change["chat"], change["value"], change["from_me"]) == (created.group.id, "Team", True)


def test_a_group_with_somebody_who_is_not_on_whatsapp_is_not_made(page: Asked, sandbox: Sandbox) -> None:
    sandbox.api.put(f"/api/absent/{NOBODY}")
    assert NOBODY in page.refused(CreateGroup("Team", (CHAT, f"{NOBODY}@c.us")))
    assert sandbox.get("/groups") == []


def test_a_group_whose_making_takes_too_long_may_have_been_made(
    page: Asked, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.browser.page.ANSWER", 1.0)
    sandbox.post(f"/accounts/{NUMBER}/acts", act="group.create", delay=30)
    page._call(CreateGroup("Team", (CHAT,)))
    assert page._page.told.until(OutcomeUnknown).order == "order-1"
    assert [one["subject"] for one in sandbox.get("/groups")] == ["Team"]


@ADDRESSING
def test_an_admin_changes_all_there_is(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    there_is(sandbox)
    page = Asked(linked(shell, lids=lids), sandbox)
    page(ChangeGroup(GROUP, "News", "What is new"))
    assert (page.group()["subject"], page.group()["description"]) == ("News", "What is new")
    assert page(GetGroup(GROUP)).description == "What is new"
    page(ChangeGroup(GROUP, description=""))
    assert (page.group()["subject"], page.group()["description"]) == ("News", "")
    page(ChangeGroupSettings(GROUP, True, True, True, 86400))
    rules = (True, True, True, 86400)
    assert tuple(page.group()[name] for name in ("announce", "restrict", "approval", "ephemeral")) == rules
    told = page(GetGroup(GROUP))
    assert (told.messages_admins_only, told.info_admins_only, told.approval, told.disappearing) == rules
    page(ChangeGroupSettings(GROUP, messages_admins_only=False))
    assert [page.group()[name] for name in ("announce", "restrict")] == [False, True]

    assert [(one.phone, one.code) for one in page(AddParticipants(GROUP, (f"{OTHER}@c.us", CHAT))).participants] == [
        (OTHER, 200),
        (FRIEND, 409),
    ]
    page(ChangeAdmins(GROUP, (f"{OTHER}@c.us",)))
    page(ChangeAdmins(GROUP, (f"{OTHER}@c.us", CHAT)))
    assert page.group()["roles"] == {NUMBER: "superadmin", FRIEND: "admin", OTHER: "admin"}
    page(ChangeAdmins(GROUP, (CHAT,), admin=False))
    page(RemoveParticipants(GROUP, (f"{OTHER}@c.us",)))
    assert page.group()["roles"] == {NUMBER: "superadmin", FRIEND: "member"}
    assert [one.phone for one in page(ListParticipants(GROUP)).participants] == [NUMBER, FRIEND]

    assert page(GetGroupPicture(GROUP)).url is None
    page(SetGroupPicture(GROUP, PICTURE))
    url = page(GetGroupPicture(GROUP)).url
    assert sandbox.api.get(url).content.startswith(b"\xff\xd8\xff")
    page(DeleteGroupPicture(GROUP))
    assert page(GetGroupPicture(GROUP)).url is None

    code = page(GetInvite(GROUP)).code
    assert code == page.group()["invite"]
    new = page(RevokeInvite(GROUP))
    assert new.code != code
    assert new.link == f"https://chat.whatsapp.com/{page.group()['invite']}"
    page.phone(OTHER, "join", code=new.code)
    (request,) = page(ListJoinRequests(GROUP)).requests
    assert (request.phone, request.method) == (OTHER, "InviteLink")
    (admission,) = page(AnswerJoinRequests(GROUP, (request.id,))).participants
    assert (admission.phone, admission.code) == (OTHER, 200)
    page.phone(CLOSED, "join", code=new.code)
    page(AnswerJoinRequests(GROUP, (f"{CLOSED}@c.us",), approve=False))
    assert page.group()["participants"] == [NUMBER, FRIEND, OTHER]


def test_who_is_no_admin_may_not_do_what_admins_do(page: Asked, sandbox: Sandbox) -> None:
    there_is(sandbox, owner=FRIEND, restrict=True, everybody_adds=False)
    page(GetGroup(GROUP))
    for operation in (
        ChangeGroup(GROUP, "Mine"),
        ChangeGroup(GROUP, description="Mine"),
        ChangeGroupSettings(GROUP, messages_admins_only=True),
        AddParticipants(GROUP, (f"{OTHER}@c.us",)),
        RemoveParticipants(GROUP, (CHAT,)),
        ChangeAdmins(GROUP, (CHAT,)),
        SetGroupPicture(GROUP, PICTURE),
        GetInvite(GROUP),
        RevokeInvite(GROUP),
        ListJoinRequests(GROUP),
    ):
        why = page.refused(operation)
        assert "admin" in why, (operation, why)
    assert page.group()["roles"] == {NUMBER: "member", FRIEND: "superadmin"}


def test_of_a_group_that_the_account_is_not_in_it_is_told_just_that(page: Asked, sandbox: Sandbox) -> None:
    there_is(sandbox, participants=[FRIEND, OTHER], owner=FRIEND)
    for group in (GROUP, "120363999999999999@g.us"):
        for operation in (GetGroup(group), ChangeGroup(group, "Mine"), LeaveGroup(group), GetInvite(group)):
            assert page.refused(operation) == "The account is not in this group"
    assert page(ListGroups()).groups == ()


def test_a_message_that_a_group_does_not_take_is_refused_in_a_sentence(page: Asked, sandbox: Sandbox) -> None:
    there_is(sandbox, owner=FRIEND, announce=True)
    for send in (SendText, SendImage):
        content: Any = "hello" if send is SendText else PICTURE
        assert page.refused(send(GROUP, content)).startswith("Only admins may write in this group: WhatsApp refused")
    page.phone(FRIEND, "remove", group=GROUP, participants=[NUMBER])
    page.change("remove")
    assert page.refused(SendText(GROUP, "hello")).startswith("The account is not in this group: WhatsApp refused")
    assert page.refused(SendText("120363999999999999@g.us", "hello")).startswith("There is no such chat on WhatsApp")
    assert sandbox.get(f"/phones/{FRIEND}")["received"] == []


@ADDRESSING
def test_who_lets_nobody_add_it_is_told_with_an_invitation_and_the_others_are_in(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    sandbox.post(f"/phones/{CLOSED}", addable=False)
    there_is(sandbox)
    page = Asked(linked(shell, lids=lids), sandbox)
    added = page(AddParticipants(GROUP, (f"{CLOSED}@c.us", f"{OTHER}@c.us")))
    answers = {one.phone: one for one in added.participants}
    assert {phone: one.code for phone, one in answers.items()} == {CLOSED: 403, OTHER: 200}
    assert answers[CLOSED].invite_code
    assert answers[CLOSED].invite_until
    assert answers[OTHER].invite_code is None
    assert page.group()["participants"] == [NUMBER, FRIEND, OTHER]


def test_a_group_is_joined_by_its_link_and_left(page: Asked, sandbox: Sandbox) -> None:
    there_is(sandbox, participants=[FRIEND], owner=FRIEND, invite="Fk2Zr0x7QqIBWmC3yNvHtA")
    link = "Fk2Zr0x7QqIBWmC3yNvHtA"
    told = page(GetInvitedGroup(link))
    assert (told.id, told.subject, told.size) == (GROUP, "Us", 1)
    joined = page(JoinGroup(link))
    assert (joined.id, joined.pending) == (GROUP, False)
    assert page.change("invite")["me"]
    page(SendText(GROUP, "hello"))
    assert page(JoinGroup(link)).id == GROUP
    page(LeaveGroup(GROUP))
    assert page.change("leave")["me"]
    assert page.group()["participants"] == [FRIEND]
    assert page.refused(GetGroup(GROUP)) == "The account is not in this group"
    wrong = "AAAAAAAAAAAAAAAAAAAAAA"
    for operation in (GetInvitedGroup(wrong), JoinGroup(wrong)):
        assert page.refused(operation).startswith("There is no such invite link")


@ADDRESSING
def test_a_group_is_deleted_by_whoever_is_out_of_it_or_leaves_it_first(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    there_is(sandbox)
    page = Asked(linked(shell, lids=lids), sandbox)
    assert "leave it first" in page.refused(DeleteGroup(GROUP))
    assert NUMBER in page.group()["participants"]
    page(DeleteGroup(GROUP, leave=True))
    assert page.group()["participants"] == [FRIEND]
    page(DeleteGroup(GROUP))  # it is as wanted
    page.phone(FRIEND, "add", group=GROUP, participants=[NUMBER])
    page.change("add")
    page(LeaveGroup(GROUP))
    page(DeleteGroup(GROUP))
    assert GROUP not in [one.id for one in page(ListChats()).chats]


def test_a_link_that_an_admin_must_approve_leaves_the_account_waiting(page: Asked, sandbox: Sandbox) -> None:
    link = "Fk2Zr0x7QqIBWmC3yNvHtA"
    there_is(sandbox, participants=[FRIEND], owner=FRIEND, invite=link, approval=True)
    assert page(JoinGroup(link)).pending
    assert page.group()["asking"] == [NUMBER]
    page.phone(FRIEND, "answer", group=GROUP, participants=[NUMBER], approve=True)
    assert page.change("add")["me"]
    assert page(GetGroup(GROUP)).size == 2


@ADDRESSING
def test_what_phones_do_in_groups_is_told(
    shell: ChromiumBrowser, linked: Open, sandbox: Sandbox, compat: str, lids: bool
) -> None:
    sandbox.post("/settings", compat=compat)
    page = Asked(linked(shell, lids=lids), sandbox)
    page.phone(FRIEND, "create", id=GROUP, subject="Us", participants=[NUMBER, OTHER])
    change = page.change("create")
    assert change["me"]
    assert [one["phone"] for one in change["participants"]] == [NUMBER, OTHER]
    assert change["people"][1].endswith("@lid" if lids else "@c.us")
    page.phone(FRIEND, "subject", group=GROUP, subject="News")
    assert page.change("subject")["value"] == "News"
    page.phone(FRIEND, "promote", group=GROUP, participants=[NUMBER])
    assert page.change("promote")["me"]
    page.phone(FRIEND, "demote", group=GROUP, participants=[NUMBER])
    assert page.change("demote")["me"]
    page.phone(FRIEND, "add", group=GROUP, participants=[CLOSED])
    change = page.change("add")
    assert (change["me"], [one["phone"] for one in change["participants"]]) == (False, [CLOSED])
    page.phone(OTHER, "leave", group=GROUP)
    assert not page.change("leave")["me"]
    page(SendText(GROUP, "hello"))
    page.phone(FRIEND, "remove", group=GROUP, participants=[NUMBER])
    assert page.change("remove")["me"]
    page.refused(SendText(GROUP, "hello again"))
    texts = [message["text"] for message in sandbox.get(f"/phones/{FRIEND}")["received"]]
    assert texts == ["hello"]


def test_a_refusal_by_the_server_is_told_with_its_code(page: Asked, sandbox: Sandbox) -> None:
    there_is(sandbox)
    page(GetGroup(GROUP))
    for act, operation in (
        ("group.subject", ChangeGroup(GROUP, "Mine")),
        ("group.leave", LeaveGroup(GROUP)),
        ("group.remove", RemoveParticipants(GROUP, (CHAT,))),
        ("group.revoke", RevokeInvite(GROUP)),
    ):
        sandbox.post(f"/accounts/{NUMBER}/acts", act=act, code=403, left=1)
        assert "(403)" in page.refused(operation), operation
    sandbox.post(f"/accounts/{NUMBER}/acts", act="group.description", code=500, left=1)
    assert page.refused(ChangeGroup(GROUP, "Half", "done")).startswith("Partly done: subject yes, description not")
    assert page.group()["subject"] == "Half"


def test_every_group_is_listed_with_one_question_to_the_server(page: Asked, sandbox: Sandbox) -> None:
    for number in range(30):
        group = {"subject": f"Group {number:02}", "participants": [FRIEND, NUMBER], "owner": FRIEND}
        sandbox.api.put(f"/api/groups/1203630000000000{number:02}@g.us", json=group).raise_for_status()
    sandbox.post(f"/accounts/{NUMBER}/acts", act="group.info", code=500)
    found = page(ListGroups(limit=10, offset=25, participants=True))
    assert ([one.subject for one in found.groups], found.total) == ([f"Group {n}" for n in range(25, 30)], 30)
    assert [one.phone for one in found.groups[0].participants] == [FRIEND, NUMBER]
    assert page(ListGroups(limit=1)).groups[0].participants == ()
    sandbox.post(f"/accounts/{NUMBER}/acts", act="group.info", code=None)
    page(ChangeGroup(found.groups[0].id, "A new one"))
    assert page(ListGroups(limit=1)).groups[0].subject == "A new one"
    page(LeaveGroup(found.groups[0].id))
    assert page(ListGroups()).total == 29
