"""Calls about groups: their members, texts, rules, pictures, and links."""

from __future__ import annotations

from typing import Any

from actors.clients.errors import NotInAccount, OperationRefused
from actors.clients.operations.chats import DeleteChat
from actors.clients.operations.groups import (
    AddParticipants,
    Admission,
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
    Group,
    JoinGroup,
    LeaveGroup,
    ListGroups,
    ListJoinRequests,
    ListParticipants,
    Participant,
    RemoveParticipants,
    RevokeInvite,
    SetGroupPicture,
)
from actors.waha.messages import Json, account, person
from gateway.waha.answers import NOTHING, BareText
from gateway.waha.calls import WahaRequest, checked
from gateway.waha.errors import BadRequest, NotFound
from gateway.waha.given import address
from gateway.waha.routes.files import its_picture

MOST = 1000
_GONE = frozenset({"chat_not_found", "not_a_group", "404"})


async def create(request: WahaRequest) -> Any:
    """Create a group."""
    given = request.given
    subject = given.optional_text("name") or given.text("subject")
    made = await request.operate(checked(CreateGroup, subject=subject, participants=given.people()))
    told = group_told(made.group)
    user, _, server = made.group.id.partition("@")
    gid = {"server": server, "user": user, "_serialized": made.group.id}
    return {**told, "gid": gid, "participants": [_admitted(one) for one in made.participants]}


async def groups(request: WahaRequest) -> Any:
    """List the groups that the account is in, with their members unless `exclude` says otherwise."""
    given = request.given
    found = await request.operate(
        ListGroups(
            limit=given.whole("limit", MOST, 1, MOST),
            offset=given.whole("offset", 0),
            participants="participants" not in given.items("exclude"),
        )
    )
    return [group_told(one) for one in found.groups]


async def count(request: WahaRequest) -> Any:
    """Count the groups that the account is in."""
    return {"count": (await request.operate(ListGroups(limit=1))).total}


async def refresh(request: WahaRequest) -> Any:
    """Answer as done: the page itself keeps its groups up to date."""
    return {"success": True}


async def group(request: WahaRequest) -> Any:
    """Return a group, with its members."""
    return group_told(await _found(request))


async def delete(request: WahaRequest) -> Any:
    """Delete a group's chat for this account, which stays a member; with `leave` it leaves first."""
    found = its_group(request)
    await request.operate(DeleteGroup(found, leave=True) if request.given.flag("leave") else DeleteChat(found))
    return True


async def leave(request: WahaRequest) -> Any:
    """Leave a group."""
    await request.operate(LeaveGroup(its_group(request)))
    return NOTHING


async def participants(request: WahaRequest) -> Any:
    """List the members of a group."""
    return [_member(one) for one in (await request.operate(ListParticipants(its_group(request)))).participants]


async def participants_with_roles(request: WahaRequest) -> Any:
    """List the members of a group with their roles."""
    found = await request.operate(ListParticipants(its_group(request)))
    return [{"id": one.id, "pn": account(one.phone), "role": one.role} for one in found.participants]


async def add(request: WahaRequest) -> Any:
    """Add people to a group."""
    wanted = {"group": its_group(request), "participants": request.given.people()}
    return [_admitted(one) for one in (await request.operate(checked(AddParticipants, **wanted))).participants]


async def remove(request: WahaRequest) -> Any:
    """Remove people from a group."""
    wanted = {"group": its_group(request), "participants": request.given.people()}
    await request.operate(checked(RemoveParticipants, **wanted))
    return True


async def promote(request: WahaRequest) -> Any:
    """Make members admins."""
    return await _admins(request, admin=True)


async def demote(request: WahaRequest) -> Any:
    """Make admins mere members again."""
    return await _admins(request, admin=False)


async def subject(request: WahaRequest) -> Any:
    """Change the subject of a group."""
    await request.operate(checked(ChangeGroup, group=its_group(request), subject=request.given.text("subject")))
    return True


async def description(request: WahaRequest) -> Any:
    """Change the description of a group."""
    text = request.given.optional_text("description", "") or ""
    await request.operate(checked(ChangeGroup, group=its_group(request), description=text))
    return True


async def messages_admin_only(request: WahaRequest) -> Any:
    """Return whether only admins may write."""
    return {"adminsOnly": (await _found(request)).messages_admins_only}


async def set_messages_admin_only(request: WahaRequest) -> Any:
    """Change whether only admins write."""
    wanted = request.given.flag("adminsOnly")
    await request.operate(ChangeGroupSettings(its_group(request), messages_admins_only=wanted))
    return True


async def info_admin_only(request: WahaRequest) -> Any:
    """Return whether only admins may change subject, description and picture."""
    return {"adminsOnly": (await _found(request)).info_admins_only}


async def set_info_admin_only(request: WahaRequest) -> Any:
    """Change whether only admins change subject, description and picture."""
    wanted = request.given.flag("adminsOnly")
    await request.operate(ChangeGroupSettings(its_group(request), info_admins_only=wanted))
    return True


async def invite_code(request: WahaRequest) -> Any:
    """Return the code of a group's invite link."""
    return BareText((await request.operate(GetInvite(its_group(request)))).code)


async def revoke_invite_code(request: WahaRequest) -> Any:
    """Revoke a group's invite link, and return the code of the new one."""
    return BareText((await request.operate(RevokeInvite(its_group(request)))).code)


async def join_info(request: WahaRequest) -> Any:
    """Return the group behind an invite link."""
    return group_told(await request.operate(checked(GetInvitedGroup, code=_code(request))))


async def join(request: WahaRequest) -> Any:
    """Join a group by its invite link."""
    return {"id": (await request.operate(checked(JoinGroup, code=_code(request)))).id}


async def picture(request: WahaRequest) -> Any:
    """Return the address of a group's picture."""
    return {"url": (await request.operate(GetGroupPicture(its_group(request)))).url}


async def set_picture(request: WahaRequest) -> Any:
    """Set the picture of a group."""
    await request.operate(SetGroupPicture(its_group(request), await its_picture(request)))
    return {"success": True}


async def delete_picture(request: WahaRequest) -> Any:
    """Take the picture of a group away."""
    await request.operate(DeleteGroupPicture(its_group(request)))
    return {"success": True}


async def join_requests(request: WahaRequest) -> Any:
    """List who wants to join a group."""
    found = await request.operate(ListJoinRequests(its_group(request)))
    return [
        {
            "requesterId": one.id,
            "requesterPn": account(one.phone),
            "addedById": None,
            "parentGroupId": None,
            "requestMethod": one.method,
            "timestamp": one.since,
        }
        for one in found.requests
    ]


async def approve(request: WahaRequest) -> Any:
    """Approve requests to join."""
    return await _answer(request, approve=True)


async def reject(request: WahaRequest) -> Any:
    """Turn people away who want to join."""
    return await _answer(request, approve=False)


def its_group(request: WahaRequest) -> str:
    """Return the group in the path. Raises BadRequest."""
    id = request.given.text("id")
    found = address(id if "@" in id else f"{id}@g.us", "id")
    if not found.endswith("@g.us"):
        raise BadRequest("id must be a group's id such as 120363000000000000@g.us")
    return found


def group_told(found: Group) -> Json:
    """Return a group in WAHA's form."""
    members = [_member(one) for one in found.participants]
    owner = next((person(one.id, one.phone) for one in found.participants if one.id == found.owner), found.owner)
    told: Json = {
        "id": found.id,
        "name": found.subject,
        "subject": found.subject,
        "description": found.description,
        "owner": owner,
        "creation": found.created,
        "size": found.size,
        "announce": found.messages_admins_only,
        "restrict": found.info_admins_only,
        "participants": members,
    }
    return {**told, "groupMetadata": dict(told)}


async def _found(request: WahaRequest) -> Group:
    try:
        found: Group = await request.operate(GetGroup(its_group(request)))
    except NotInAccount as refused:
        raise NotFound("Group not found") from refused
    except OperationRefused as refused:
        if refused.code in _GONE:
            raise NotFound("Group not found") from refused
        raise
    return found


async def _admins(request: WahaRequest, *, admin: bool) -> Any:
    wanted = {"group": its_group(request), "participants": request.given.people(), "admin": admin}
    await request.operate(checked(ChangeAdmins, **wanted))
    return True


async def _answer(request: WahaRequest, *, approve: bool) -> Any:
    wanted = {"group": its_group(request), "participants": request.given.people(), "approve": approve}
    answered = await request.operate(checked(AnswerJoinRequests, **wanted))
    return [
        {"requesterId": one.id, "success": one.code == 200, "error": None if one.code == 200 else str(one.code)}
        for one in answered.participants
    ]


def _code(request: WahaRequest) -> str:
    """Return the code in an invite link, or the code alone."""
    return request.given.text("code").rstrip("/").rpartition("/")[2].partition("?")[0]


def _member(one: Participant) -> Json:
    admin = one.role in ("admin", "superadmin")
    return {
        "id": person(one.id, one.phone),
        "isAdmin": admin,
        "isSuperAdmin": one.role == "superadmin",
        "pn": account(one.phone),
    }


def _admitted(one: Admission) -> Json:
    who = person(one.id, one.phone)
    return {
        "id": who,
        "wid": who,
        "code": one.code,
        "message": "" if one.code == 200 else f"WhatsApp answered {one.code}",
        "invite_code": one.invite_code,
        "pn": account(one.phone),
    }
