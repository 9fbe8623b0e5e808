"""The calls that an operation of the client answers, one row each, by subject. `gateway.api` is the whole table."""

from __future__ import annotations

from actors.clients.operations.changes import DeleteMessage, EditMessage, PinMessage, ReactToMessage, StarMessage
from actors.clients.operations.chats import (
    ArchiveChat,
    ClearChat,
    DeleteChat,
    GetChat,
    GetChatMessage,
    GetChatMessages,
    ListChats,
    MuteChat,
    PinChat,
)
from actors.clients.operations.contacts import (
    BlockContact,
    CheckContact,
    FindAddresses,
    GetAbout,
    GetContact,
    GetPicture,
    ListContacts,
    NameContact,
)
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
from actors.clients.operations.labels import (
    ChangeLabel,
    CreateLabel,
    DeleteLabel,
    ListChatsOfLabel,
    ListLabels,
    ListLabelsOfChat,
    SetLabelsOfChat,
)
from actors.clients.operations.presence import (
    GetPresence,
    MarkRead,
    MarkUnread,
    ShowPresence,
    ShowTyping,
    SubscribePresence,
)
from actors.clients.operations.profile import (
    ChangeProfile,
    DeleteProfilePicture,
    GetProfile,
    RejectCall,
    SetProfilePicture,
)
from actors.clients.operations.status import STATUS, DeleteStatus, PostImageStatus, PostTextStatus, PostVideoStatus
from gateway.calls import Call, delete, get, patch, post, put
from gateway.files.received import with_files
from gateway.security.needs import CONTROL, MARK, READ, SEND

CHATS: tuple[Call, ...] = (
    get("/chats", ListChats, READ, completed=with_files),
    get("/chats/{chat}", GetChat, READ, completed=with_files),
    delete("/chats/{chat}", DeleteChat, CONTROL),
    get("/chats/{chat}/messages", GetChatMessages, READ, completed=with_files),
    delete("/chats/{chat}/messages", ClearChat, CONTROL),
    get("/chats/{chat}/messages/{message}", GetChatMessage, READ, completed=with_files),
    put("/chats/{chat}/archive", ArchiveChat, CONTROL),
    put("/chats/{chat}/mute", MuteChat, CONTROL),
    put("/chats/{chat}/pin", PinChat, CONTROL),
)
CONTACTS: tuple[Call, ...] = (
    get("/contacts", ListContacts, READ),
    get("/contacts/{number}", CheckContact, READ),
    get("/contacts/{contact}/details", GetContact, READ),
    get("/contacts/{chat}/picture", GetPicture, READ),
    get("/contacts/{contact}/about", GetAbout, READ),
    put("/contacts/{contact}/block", BlockContact, CONTROL, const={"blocked": True}),
    delete("/contacts/{contact}/block", BlockContact, CONTROL, const={"blocked": False}),
    put("/contacts/{contact}/name", NameContact, CONTROL),
    get("/lids/{address}", FindAddresses, READ),
)
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
_MESSAGE = "/chats/{chat}/messages/{message}"

MESSAGES: tuple[Call, ...] = (
    put(f"{_MESSAGE}/reaction", ReactToMessage, MARK),
    patch(_MESSAGE, EditMessage, MARK),
    delete(_MESSAGE, DeleteMessage, MARK),
    put(f"{_MESSAGE}/star", StarMessage, MARK),
    put(f"{_MESSAGE}/pin", PinMessage, MARK),
)
PRESENCE: tuple[Call, ...] = (
    post("/chats/{chat}/read", MarkRead, MARK),
    post("/chats/{chat}/unread", MarkUnread, MARK),
    put("/chats/{chat}/typing", ShowTyping, MARK),
    put("/presence", ShowPresence, MARK),
    get("/contacts/{id}/presence", GetPresence, READ),
    post("/contacts/{id}/presence", SubscribePresence, MARK),
)
PROFILE: tuple[Call, ...] = (
    get("/profile", GetProfile, READ),
    patch("/profile", ChangeProfile, CONTROL),
    put("/profile/picture", SetProfilePicture, CONTROL),
    delete("/profile/picture", DeleteProfilePicture, CONTROL),
    get("/labels", ListLabels, READ),
    post("/labels", CreateLabel, CONTROL),
    patch("/labels/{label}", ChangeLabel, CONTROL),
    delete("/labels/{label}", DeleteLabel, CONTROL),
    get("/labels/{label}/chats", ListChatsOfLabel, READ),
    get("/chats/{chat}/labels", ListLabelsOfChat, READ),
    put("/chats/{chat}/labels", SetLabelsOfChat, CONTROL),
    post("/status/text", PostTextStatus, SEND, const={"chat": STATUS}),
    post("/status/image", PostImageStatus, SEND, const={"chat": STATUS}),
    post("/status/video", PostVideoStatus, SEND, const={"chat": STATUS}),
    delete("/status/{message}", DeleteStatus, CONTROL),
    post("/calls/{call}/reject", RejectCall, CONTROL),
)
