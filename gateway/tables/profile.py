"""The calls about the account's own: its profile, labels, statuses, and calls to it."""

from __future__ import annotations

from actors.clients.operations.labels import (
    ChangeLabel,
    CreateLabel,
    DeleteLabel,
    ListChatsOfLabel,
    ListLabels,
    ListLabelsOfChat,
    SetLabelsOfChat,
)
from actors.clients.operations.profile import (
    ChangeProfile,
    DeleteProfilePicture,
    GetProfile,
    RejectCall,
    SetProfilePicture,
)
from actors.clients.operations.status import (
    STATUS,
    DeleteStatus,
    PostImageStatus,
    PostTextStatus,
    PostVideoStatus,
)
from gateway.calls import Call, delete, get, patch, post, put
from gateway.tables.needs import CONTROL, READ, SEND

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
