"""Operations on groups: their members, texts, rules, pictures, and links.

People have both of their addresses, as far as the page knows them: `id` is the one that WhatsApp uses in the
group, on current accounts a hidden number (`…@lid`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Generic, Literal

from actors.clients.errors import ClientRefusal, OperationRefused
from actors.clients.operations.base import Answer, Effect, Failure, Operation
from actors.clients.operations.fields import File, GroupId, InviteCode, Limits, LongText, People, Title

GROUP_REFUSALS: Mapping[str, str] = {
    "group_not_member": "The account is not in this group",
    "chat_not_found": "The account is not in this group",
    "not_a_group": "This chat is not a group",
    "group_member": "The account is in this group: leave it first, or ask with leave=true",
    "group_you_are_not_admin": "The account is not an admin of this group",
    "group_you_are_restricted_member": "Only admins may change this group, and the account is none",
    "you_are_not_allowed_set_group_subject": "Only admins may change this group, and the account is none",
    "you_are_not_allowed_set_group_description": "Only admins may change this group, and the account is none",
    "you_are_not_allowed_set_group_property": "The account is not an admin of this group",
    "you_are_not_allowed_set_ephemeral_setting": "The account is not an admin of this group",
    "group_participant_not_found": "One of the participants is not in this group",
    "not_valid_group_participants": "None of the participants is in this group",
    "invalid_invite_code": "There is no such invite link: it is mistyped, or was revoked",
    "401": "WhatsApp refused it: the account is not an admin of this group (401)",
    "403": "WhatsApp refused it: the account is not in this group, or may not do this (403)",
    "404": "WhatsApp refused it: there is no such group, or no such person in it (404)",
    "406": "There is no such invite link: it is mistyped, or was revoked (406)",
    "409": "WhatsApp refused it: it is so already (409)",
    "410": "There is no such invite link: it was revoked (410)",
    "419": "WhatsApp refused it: the group is full (419)",
    "429": "WhatsApp refused it: too many such changes for now (429)",
}
"""Codes of wa-js, and of WhatsApp's server, and our sentences. Others keep the words of the page.

The server's codes: pull requests and sources of Baileys and whatsmeow; the codes of wa-js 4.6.0: its source.
"""


@dataclass(frozen=True, slots=True)
class GroupOperation(Operation[Answer], Generic[Answer]):
    """The base of all operations on groups, whose refusals are sentences."""

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        why = GROUP_REFUSALS.get(failure.code or "")
        if failure.declined and why is not None and not failure.why.startswith("Partly"):
            return OperationRefused(why, failure.code)
        return Operation.failed(self, failure)


# --- answers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Participant:
    """A member of a group."""

    id: str
    """The member as WhatsApp names him in the group."""
    role: str
    """`participant`, `admin`, or `superadmin` (the creator)."""
    lid: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group."""

    id: str
    """The group's id."""
    subject: str | None = None
    """Its subject: the name that everybody sees."""
    description: str | None = None
    """Its description."""
    owner: str | None = None
    """The creator."""
    created: int | None = None
    """When it was made, in epoch seconds."""
    size: int = 0
    """How many members it has."""
    messages_admins_only: bool = False
    """True if only admins write."""
    info_admins_only: bool = False
    """True if only admins change subject, description and picture."""
    approval: bool = False
    """True if an admin must approve those who come by the link."""
    disappearing: int = 0
    """Seconds after which messages disappear; 0: never."""
    participants: tuple[Participant, ...] = ()
    """Its members; empty where they were not asked for."""


@dataclass(frozen=True, slots=True)
class GroupList:
    """Some of the account's groups, by subject."""

    groups: tuple[Group, ...]
    """The groups of this page, by subject."""
    total: int
    """How many groups there are."""


@dataclass(frozen=True, slots=True)
class ParticipantList:
    """The members of a group."""

    participants: tuple[Participant, ...]
    """The members."""


@dataclass(frozen=True, slots=True)
class Admission:
    """WhatsApp's answer for one person."""

    id: str
    """The person as WhatsApp names him in the group."""
    code: int
    """200 added; 403 cannot be added; 404 not on WhatsApp; 408 has left lately; 409 is in the group already; others are
    WhatsApp's.
    """
    lid: str | None = None
    phone: str | None = None
    invite_code: str | None = None
    """With 403: the code of an invite that may be sent to him."""
    invite_until: int | None = None
    """Until when that code is valid, in epoch seconds."""


@dataclass(frozen=True, slots=True)
class Admissions:
    """WhatsApp's answer for each person."""

    participants: tuple[Admission, ...]
    """WhatsApp's answer for each person."""


@dataclass(frozen=True, slots=True)
class CreatedGroup:
    """The new group, and WhatsApp's answer for each invited person."""

    group: Group
    """The new group."""
    participants: tuple[Admission, ...]
    """WhatsApp's answer for each invited person."""


@dataclass(frozen=True, slots=True)
class Invite:
    """The invite link of a group."""

    code: str
    """The end of the link."""
    link: str
    """The whole link."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The group that was joined."""

    id: str
    """The group's id."""
    pending: bool = False
    """True if an admin has yet to let the account in."""


@dataclass(frozen=True, slots=True)
class PictureUrl:
    """The address of a picture at WhatsApp, valid for a while; null where there is none, or none to be seen."""

    url: str | None = None
    """Where WhatsApp has the picture, for a while; null where there is none, or none to be seen."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A person who wants to join."""

    id: str
    """The person as WhatsApp names him in the group."""
    lid: str | None = None
    phone: str | None = None
    method: str | None = None
    """How he came: `InviteLink`, `LinkedGroupJoin` or `NonAdminAdd`, in WhatsApp's words."""
    since: int | None = None
    """When he asked, in epoch seconds."""


@dataclass(frozen=True, slots=True)
class JoinRequests:
    """The requests to join a group."""

    requests: tuple[JoinRequest, ...]
    """The people who want to join."""


_ME = Participant("750235343914045@lid", "superadmin", "750235343914045@lid", "5491100000007")
_FRIEND = Participant("99999999999@lid", "participant", "99999999999@lid", "5491122334455")
_ID = "120363025246125486@g.us"
_GROUP = Group(_ID, "Team", "Our news", _ME.id, 1796049062, 2, participants=(_ME, _FRIEND))
_ADMITTED = Admission(_FRIEND.id, 200, _FRIEND.lid, _FRIEND.phone)
_INVITE = Invite("Fk2Zr0x7QqIBWmC3yNvHtA", "https://chat.whatsapp.com/Fk2Zr0x7QqIBWmC3yNvHtA")
_PEOPLE = ("WPP.group.ensureGroup", "WPP.whatsapp.GroupMetadataStore")
_FIND = ("WPP.chat.find", "WPP.whatsapp.GroupMetadataStore")


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListGroups(GroupOperation[GroupList]):
    """List the groups that the account is in.

    In the order of their subjects. With `participants`, each with its members; of groups in which nothing has happened
    yet, WhatsApp is asked once a minute at most, and of very big ones it may give no members.
    """

    limit: Annotated[int, Limits(ge=1, le=1000)] = 100
    offset: Annotated[int, Limits(ge=0)] = 0
    participants: bool = False
    """True: each group with its members."""

    effect = Effect.READ
    example = GroupList((_GROUP,), 1)
    needs = ("WPP.chat.list", "WPP.whatsapp.functions.queryAllGroups")


@dataclass(frozen=True, slots=True)
class GetGroup(GroupOperation[Group]):
    """Return a group with its members."""

    group: GroupId

    effect = Effect.READ
    example = _GROUP
    needs = _FIND


@dataclass(frozen=True, slots=True)
class ListParticipants(GroupOperation[ParticipantList]):
    """List the members of a group."""

    group: GroupId

    effect = Effect.READ
    example = ParticipantList((_ME, _FRIEND))
    needs = _FIND


@dataclass(frozen=True, slots=True)
class GetInvite(GroupOperation[Invite]):
    """Return the invite link of a group."""

    group: GroupId

    effect = Effect.READ
    example = _INVITE
    needs = (*_FIND, "WPP.group.getInviteCode")


@dataclass(frozen=True, slots=True)
class GetInvitedGroup(GroupOperation[Group]):
    """Return the group behind an invite link."""

    code: InviteCode

    effect = Effect.READ
    example = _GROUP
    needs = ("WPP.group.getGroupInfoFromInviteCode",)


@dataclass(frozen=True, slots=True)
class GetGroupPicture(GroupOperation[PictureUrl]):
    """Return the address of a group's picture."""

    group: GroupId

    effect = Effect.READ
    example = PictureUrl("https://pps.whatsapp.net/v/t61.24694-24/picture.jpg")
    needs = (*_FIND, "WPP.contact.getProfilePictureUrl")


@dataclass(frozen=True, slots=True)
class ListJoinRequests(GroupOperation[JoinRequests]):
    """List the requests to join a group."""

    group: GroupId

    effect = Effect.READ
    example = JoinRequests((JoinRequest(_FRIEND.id, _FRIEND.lid, _FRIEND.phone, "InviteLink", 1796049062),))
    needs = (*_FIND, "WPP.group.getMembershipRequests")


# --- changing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateGroup(GroupOperation[CreatedGroup]):
    """Create a group.

    All members may write and change its subject, description and picture, until that is changed. No group is created
    if a participant is not on WhatsApp; for every other one there is WhatsApp's answer.
    """

    subject: Title
    participants: People
    """The people to be in it: numbers or ids."""

    effect = Effect.CHANGE
    example = CreatedGroup(_GROUP, (_ADMITTED,))
    needs = (*_FIND, "WPP.group.create", "WPP.group.setProperty")


@dataclass(frozen=True, slots=True)
class AddParticipants(GroupOperation[Admissions]):
    """Add people to a group."""

    group: GroupId
    participants: People
    """The people to add: numbers or ids."""

    effect = Effect.CHANGE
    example = Admissions((_ADMITTED,))
    needs = (*_PEOPLE, "WPP.group.addParticipants")


@dataclass(frozen=True, slots=True)
class RemoveParticipants(GroupOperation[None]):
    """Remove people from a group."""

    group: GroupId
    participants: People
    """The people to remove: numbers or ids, with commas between them."""

    effect = Effect.CHANGE
    example = None
    needs = (*_PEOPLE, "WPP.group.removeParticipants")


@dataclass(frozen=True, slots=True)
class ChangeAdmins(GroupOperation[None]):
    """Make members admins, or admins mere members again.

    Members who are so already stay so.
    """

    group: GroupId
    participants: People
    """The members: numbers or ids."""
    admin: bool = True
    """True: admins; false: mere members."""

    effect = Effect.CHANGE
    example = None
    needs = (
        *_PEOPLE,
        "WPP.group.ensureGroupAndParticipants",
        "WPP.group.promoteParticipants",
        "WPP.group.demoteParticipants",
    )


@dataclass(frozen=True, slots=True)
class ChangeGroup(GroupOperation[None]):
    """Change the subject or the description of a group.

    Fields that are left out stay as they are; an empty description removes it.
    """

    group: GroupId
    subject: Title | None = None
    """The new subject. Left out, it stays."""
    description: LongText | None = None
    """The new description; empty for none. Left out, it stays."""

    effect = Effect.CHANGE
    example = None
    needs = (*_FIND, "WPP.group.setSubject", "WPP.whatsapp.functions.sendSetGroupDescription")


@dataclass(frozen=True, slots=True)
class ChangeGroupSettings(GroupOperation[None]):
    """Change the rules of a group.

    Fields that are left out stay as they are.
    """

    group: GroupId
    messages_admins_only: bool | None = None
    """Only admins write. Left out, it stays."""
    info_admins_only: bool | None = None
    """Only admins change subject, description and picture. Left out, it stays."""
    approval: bool | None = None
    """An admin must approve those who come by the link. Left out, it stays."""
    disappearing: Literal[0, 86_400, 604_800, 7_776_000] | None = None
    """Seconds after which messages disappear: a day, a week, 90 days, or 0 for never. Left out, it stays."""

    effect = Effect.CHANGE
    example = None
    needs = (*_FIND, "WPP.group.setProperty", "WPP.whatsapp.functions.sendSetGroupProperty")


@dataclass(frozen=True, slots=True)
class SetGroupPicture(GroupOperation[None]):
    """Set the picture of a group."""

    group: GroupId
    picture: File

    effect = Effect.CHANGE
    example = None
    needs = (*_FIND, "WPP.group.setIcon")


@dataclass(frozen=True, slots=True)
class DeleteGroupPicture(GroupOperation[None]):
    """Take the picture of a group away."""

    group: GroupId

    effect = Effect.CHANGE
    example = None
    needs = (*_FIND, "WPP.group.removeIcon")


@dataclass(frozen=True, slots=True)
class RevokeInvite(GroupOperation[Invite]):
    """Revoke the invite link of a group: there is a new one."""

    group: GroupId

    effect = Effect.CHANGE
    example = _INVITE
    needs = (*_FIND, "WPP.group.revokeInviteCode")


@dataclass(frozen=True, slots=True)
class JoinGroup(GroupOperation[Joined]):
    """Join a group by its invite link.

    A member gets its id again.
    """

    code: InviteCode

    effect = Effect.CHANGE
    example = Joined(_ID)
    needs = ("WPP.group.join",)


@dataclass(frozen=True, slots=True)
class LeaveGroup(GroupOperation[None]):
    """Leave a group."""

    group: GroupId

    effect = Effect.CHANGE
    example = None
    needs = (*_FIND, "WPP.group.leave")


@dataclass(frozen=True, slots=True)
class DeleteGroup(GroupOperation[None]):
    """Delete the chat of a group for this account, with its messages.

    While the account is in the group it is refused (`group_member`), unless `leave` is true: the account then leaves
    first. The group itself goes on for its other members.
    """

    group: GroupId
    leave: bool = False
    """Leave the group first."""

    effect = Effect.CHANGE
    example = None
    needs = (*_FIND, "WPP.group.leave", "WPP.chat.delete", "WPP.whatsapp.ChatStore.get")


@dataclass(frozen=True, slots=True)
class AnswerJoinRequests(GroupOperation[Admissions]):
    """Approve or reject requests to join a group."""

    group: GroupId
    participants: People
    """The people to answer: numbers or ids."""
    approve: bool = True
    """True: let them in; false: turn them away."""

    effect = Effect.CHANGE
    example = Admissions((_ADMITTED,))
    needs = (*_FIND, "WPP.whatsapp.functions.membershipApprovalRequestAction")
