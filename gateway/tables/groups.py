"""The calls about groups, and about invite links."""

from __future__ import annotations

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
from gateway.calls import Call, delete, get, patch, post, put
from gateway.tables.needs import CONTROL, READ

GROUPS: tuple[Call, ...] = (
    get("/groups", ListGroups, READ),
    post("/groups", CreateGroup, CONTROL),
    get("/groups/{group}", GetGroup, READ),
    patch("/groups/{group}", ChangeGroup, CONTROL),
    delete("/groups/{group}", DeleteGroup, CONTROL),
    get("/groups/{group}/participants", ListParticipants, READ),
    post("/groups/{group}/participants", AddParticipants, CONTROL),
    delete("/groups/{group}/participants", RemoveParticipants, CONTROL),
    put("/groups/{group}/admins", ChangeAdmins, CONTROL),
    put("/groups/{group}/settings", ChangeGroupSettings, CONTROL),
    get("/groups/{group}/picture", GetGroupPicture, READ),
    put("/groups/{group}/picture", SetGroupPicture, CONTROL),
    delete("/groups/{group}/picture", DeleteGroupPicture, CONTROL),
    get("/groups/{group}/invite", GetInvite, READ),
    delete("/groups/{group}/invite", RevokeInvite, CONTROL),
    get("/groups/{group}/requests", ListJoinRequests, READ),
    post("/groups/{group}/requests", AnswerJoinRequests, CONTROL),
    post("/groups/{group}/leave", LeaveGroup, CONTROL),
    get("/invites/{code}", GetInvitedGroup, READ),
    post("/invites/{code}", JoinGroup, CONTROL),
)
