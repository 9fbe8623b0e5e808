"""Every call that is answered here, over the fake's pages: what it orders from the page, and what it answers."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.browser.fake import Fate, Habits, always
from actors.clients.errors import OperationRefused
from actors.clients.operations.changes import DeleteMessage, EditMessage
from actors.clients.operations.chats import GetChatMessage
from actors.clients.operations.groups import Group, Participant
from actors.clients.types import ClientId
from gateway.waha.calls import Missing
from gateway.waha.routes.groups import group_told
from gateway.waha.table import FILES, KEYS, SERVER, SESSIONS, WAHA_CALLS
from tests.gateway.running import Running
from tests.waha.consumer import KEY, Consumer

CHAT, GROUP = "5491122334455@c.us", "120363025246125486@g.us"
ID = f"false_{CHAT}_3AF0A9E082754536608C"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
OGG = base64.b64encode(b"OggS\0\2" + bytes(22) + b"\1\x13OpusHead").decode()
MP4 = base64.b64encode(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(16)).decode()
WEBP = base64.b64encode(b"RIFF\x1a\0\0\0WEBPVP8L\r\0\0\0/" + bytes(16)).decode()
ONE = {"participants": [{"id": CHAT}]}
G, S = f"/api/default/groups/{GROUP}", "/api/default"
M = f"{S}/chats/{CHAT}/messages"
SUCCESS = {"success": True}
CASES: dict[str, tuple[Any, str, Any]] = {
    # call: (body, operations in the page, part of the answer; ... for any)
    f"GET /api/contacts/check-exists?phone={CHAT}": (None, "CheckContact", {"numberExists": True}),
    f"GET /api/checkNumberStatus?phone={CHAT}": (None, "CheckContact", {"numberExists": True}),
    "POST /api/sendText": ({"chatId": CHAT, "text": "Hello"}, "SendText", {"body": "Hello", "fromMe": True}),
    "POST /api/reply": ({"chatId": CHAT, "text": "Hello"}, "SendText", {"body": "Hello", "ackName": "SERVER"}),
    f"GET /api/sendText?phone={CHAT}&text=Hello": (None, "SendText", {"body": "Hello", "to": CHAT}),
    "POST /api/sendLocation": (
        {"chatId": CHAT, "latitude": "-34.6", "longitude": -58.4, "title": "Here"},
        "SendLocation",
        {"location": {"latitude": -34.6, "longitude": -58.4, "name": "Here", "live": False}},
    ),
    "POST /api/sendImage": (
        {"chatId": CHAT, "caption": "Look", "file": {"data": PNG, "filename": "some/where/a.png"}, "mentions": None},
        "SendImage",
        {"body": "Look", "hasMedia": True, "_data": {"type": "image", "mimetype": "image/png", "filename": "a.png"}},
    ),
    "POST /api/sendFile": (
        {"chatId": CHAT, "file": {"data": f"data:image/png;base64,{PNG}", "mimetype": None}},
        "SendDocument",
        {"body": None, "hasMedia": True, "_data": {"type": "document", "mimetype": "image/png"}},
    ),
    "POST /api/sendVoice": ({"chatId": CHAT, "file": {"data": OGG, "mimetype": "audio/ogg"}}, "SendVoice", {"id": ...}),
    "POST /api/sendVideo": ({"chatId": CHAT, "file": {"data": MP4, "mimetype": "video/mp4"}}, "SendVideo", {"id": ...}),
    "POST /api/sendSticker": ({"chatId": CHAT, "file": {"data": WEBP}}, "SendSticker", {"hasMedia": True}),
    "POST /api/sendSeen": ({"chatId": CHAT, "messageIds": [ID], "messageId": None}, "MarkRead", {"ids": [ID]}),
    f"POST {M}/read": ({}, "MarkRead", {"ids": None}),
    "POST /api/startTyping": ({"chatId": CHAT}, "ShowTyping", {"result": True}),
    "POST /api/stopTyping": ({"chatId": CHAT}, "ShowTyping", {"result": True}),
    "PUT /api/reaction": ({"messageId": ID, "reaction": "👍"}, "ReactToMessage", SUCCESS),
    "PUT /api/star": ({"messageId": ID, "chatId": CHAT, "star": True}, "StarMessage", ""),
    f"PUT {M}/{ID}": ({"text": "Better", "linkPreview": None}, "EditMessage", {"body": "Better"}),
    f"DELETE {M}/{ID}": (None, "DeleteMessage", True),
    f"POST {M}/{ID}/pin": (None, "PinMessage", SUCCESS),
    f"POST {M}/{ID}/unpin": (None, "PinMessage", SUCCESS),
    f"POST {S}/chats/{CHAT}/unread": (None, "MarkUnread", SUCCESS),
    f"POST {S}/presence": ({"presence": "online", "chatId": None}, "ShowPresence", ""),
    f"GET {S}/presence": (None, "", []),
    f"GET {S}/presence/{CHAT}": (
        None,
        "SubscribePresence",
        {"id": CHAT, "presences": [{"participant": CHAT, "lastKnownPresence": "online"}]},
    ),
    f"GET /api/presence?chatId={CHAT}": (None, "SubscribePresence", {"id": CHAT}),
    f"POST {S}/presence/{CHAT}/subscribe": ({}, "SubscribePresence", ""),
    "POST /api/sendContactVcard": (
        {"chatId": CHAT, "contacts": [{"fullName": "Ana", "phoneNumber": "+54 9 11 2233-4455", "organization": None}]},
        "SendContacts",
        {"_data": {"type": "vcard"}},
    ),
    "POST /api/sendPoll": (
        {"chatId": CHAT, "poll": {"name": "When?", "options": ["Monday", "Tuesday"], "multipleAnswers": False}},
        "SendPoll",
        {"_data": {"pollName": "When?", "pollOptions": ["Monday", "Tuesday"]}},
    ),
    "POST /api/forwardMessage": ({"chatId": CHAT, "messageId": ID}, "ForwardMessage", {"id": ..., "fromMe": True}),
    "POST /api/send/link-custom-preview": (
        {
            "chatId": CHAT,
            "text": "See https://example.com",
            "preview": {"url": "https://example.com", "title": "Example", "image": {"data": PNG}},
        },
        "SendText",
        {"body": "See https://example.com"},
    ),
    "POST /api/sendLinkPreview": (
        {"chatId": CHAT, "url": "https://example.com", "title": "E"},
        "SendText",
        {"id": ...},
    ),
    f"GET {S}/chats?limit=2&sortBy=name&sortOrder=asc": (None, "ListChats", [{"id": CHAT, "isGroup": False}]),
    "GET /api/chats": (None, "ListChats", [{"id": CHAT, "lastMessage": {"from": CHAT}}]),
    f"GET {S}/chats/overview": (None, "ListChats", [{"id": CHAT, "_chat": {"unreadCount": 1}}]),
    f"POST {S}/chats/overview": (
        {"pagination": {"limit": 1, "offset": None}, "filter": {"ids": [CHAT]}},
        "ListChats",
        [{"lastMessage": {"body": "Good morning", "media": None}}],
    ),
    f"GET {S}/chats/{CHAT}/picture": (None, "GetPicture", {"url": ...}),
    f"GET {M}?limit=5&downloadMedia=False&filter.fromMe=false&filter.ack=SERVER": (
        None,
        "GetChatMessages",
        [{"id": ID, "body": "Good morning", "fromMe": False, "_data": {"type": "chat"}}],
    ),
    f"GET /api/messages?chatId={CHAT}": (None, "GetChatMessages", [{"id": ID, "hasMedia": False}]),
    f"GET {M}/{ID}?downloadMedia=true": (None, "GetChatMessage", {"id": ID, "timestamp": 1795551656}),
    f"POST {S}/chats/{CHAT}/archive": (None, "ArchiveChat", SUCCESS),
    f"POST {S}/chats/{CHAT}/unarchive": (None, "ArchiveChat", SUCCESS),
    f"DELETE {S}/chats/{CHAT}": (None, "DeleteChat", True),
    f"DELETE {M}": (None, "ClearChat", True),
    f"DELETE {G}": (None, "DeleteChat", True),
    "GET /api/contacts/all?limit=5": (None, "ListContacts", [{"id": CHAT, "isMyContact": True}]),
    f"GET /api/contacts?contactId={CHAT}": (None, "GetContact", {"number": "5491122334455", "isGroup": False}),
    f"GET {S}/contacts/{CHAT}": (None, "GetContact", {"id": CHAT, "isWAContact": True}),
    f"GET /api/contacts/about?contactId={CHAT}": (None, "GetAbout", {"about": "Busy"}),
    f"GET /api/contacts/profile-picture?contactId={CHAT}&refresh=True": (
        None,
        "GetPicture",
        {"profilePictureURL": ...},
    ),
    "POST /api/contacts/block": ({"contactId": CHAT, "session": "default"}, "BlockContact", ""),
    "POST /api/contacts/unblock": ({"chatId": CHAT}, "BlockContact", ""),
    f"PUT {S}/contacts/{CHAT}": ({"firstName": "Ana", "lastName": None}, "NameContact", SUCCESS),
    f"GET {S}/lids": (None, "ListContacts", [{"lid": ..., "pn": CHAT}]),
    f"GET {S}/lids/count": (None, "ListContacts", {"count": 1}),
    f"GET {S}/lids/750235343914045%40lid": (None, "FindAddresses", {"pn": CHAT}),
    f"GET {S}/lids/pn/5491122334455": (None, "FindAddresses", {"lid": ...}),
    f"POST {S}/groups": ({"name": "Team", **ONE}, "CreateGroup", {"id": GROUP, "subject": "Team"}),
    "POST /api/groups": ({"name": "Team", "participants": [CHAT]}, "CreateGroup", {"gid": ...}),
    f"GET {S}/groups": (None, "ListGroups", [{"id": GROUP, "announce": False}]),
    f"GET {S}/groups/count": (None, "ListGroups", {"count": 1}),
    f"POST {S}/groups/refresh": ({}, "", SUCCESS),
    f"GET {S}/groups/join-info?code=https%3A%2F%2Fchat.whatsapp.com%2FFk2Zr0x7QqIBWmC3yNvHtA": (
        None,
        "GetInvitedGroup",
        {"id": GROUP},
    ),
    f"POST {S}/groups/join": ({"code": "Fk2Zr0x7QqIBWmC3yNvHtA"}, "JoinGroup", {"id": GROUP}),
    f"GET {G}": (None, "GetGroup", {"id": GROUP, "size": 2}),
    f"POST {G}/leave": ({}, "LeaveGroup", ""),
    f"GET {G}/picture": (None, "GetGroupPicture", {"url": ...}),
    f"PUT {G}/picture": ({"file": {"data": PNG}}, "SetGroupPicture", SUCCESS),
    f"DELETE {G}/picture": (None, "DeleteGroupPicture", SUCCESS),
    f"PUT {G}/subject": ({"subject": "News"}, "ChangeGroup", True),
    f"PUT {G}/description": ({"description": ""}, "ChangeGroup", True),
    f"GET {G}/settings/security/messages-admin-only": (None, "GetGroup", {"adminsOnly": False}),
    f"PUT {G}/settings/security/messages-admin-only": ({"adminsOnly": True}, "ChangeGroupSettings", True),
    f"GET {G}/settings/security/info-admin-only": (None, "GetGroup", {"adminsOnly": False}),
    f"PUT {G}/settings/security/info-admin-only": ({"adminsOnly": "true"}, "ChangeGroupSettings", True),
    f"GET {G}/invite-code": (None, "GetInvite", "Fk2Zr0x7QqIBWmC3yNvHtA"),
    f"POST {G}/invite-code/revoke": ({}, "RevokeInvite", "Fk2Zr0x7QqIBWmC3yNvHtA"),
    f"GET {G}/participants": (None, "ListParticipants", [{"isAdmin": True}, {"id": CHAT, "isAdmin": False}]),
    f"GET {G}/participants/v2": (None, "ListParticipants", [{"role": "superadmin"}, {"role": "participant"}]),
    f"POST {G}/participants/add": (ONE, "AddParticipants", [{"wid": CHAT, "code": 200}]),
    f"POST {G}/participants/remove": (ONE, "RemoveParticipants", True),
    f"POST {G}/admin/promote": (ONE, "ChangeAdmins", True),
    f"POST {G}/admin/demote": (ONE, "ChangeAdmins", True),
    f"GET {G}/participants/join-requests": (None, "ListJoinRequests", [{"requesterPn": CHAT}]),
    f"POST {G}/participants/join-requests/approve": (ONE, "AnswerJoinRequests", [{"success": True}]),
    f"POST {G}/participants/join-requests/reject": (ONE, "AnswerJoinRequests", [{"success": True}]),
    f"GET {S}/profile": (None, "GetProfile", {"id": "5491100000007@c.us", "name": "Ana"}),
    f"PUT {S}/profile/name": ({"name": "Ana"}, "ChangeProfile", SUCCESS),
    f"PUT {S}/profile/status": ({"status": "At work"}, "ChangeProfile", SUCCESS),
    f"PUT {S}/profile/picture": ({"file": {"data": PNG}}, "SetProfilePicture", SUCCESS),
    f"DELETE {S}/profile/picture": (None, "DeleteProfilePicture", SUCCESS),
    f"GET {S}/labels": (None, "ListLabels", [{"id": "3", "colorHex": "#99b6c1"}]),
    f"POST {S}/labels": ({"name": "New order", "color": 4, "colorHex": None}, "CreateLabel", {"id": "3"}),
    f"PUT {S}/labels/3": ({"name": "New order"}, "ChangeLabel", {"id": "3"}),
    f"DELETE {S}/labels/3": (None, "DeleteLabel", {"result": True}),
    f"GET {S}/labels/chats/{CHAT}": (None, "ListLabelsOfChat", [{"id": "3"}]),
    f"PUT {S}/labels/chats/{CHAT}": ({"labels": [{"id": "3"}]}, "SetLabelsOfChat", {"result": True}),
    f"GET {S}/labels/3/chats": (None, "ListChatsOfLabel", [{"id": CHAT}]),
    f"POST {S}/status/text": ({"text": "Hello", "contacts": None}, "PostTextStatus", {"id": ...}),
    f"POST {S}/status/image": (
        {"file": {"data": PNG}, "caption": "Look"},
        "PostImageStatus",
        {"id": ..., "body": "Look"},
    ),
    f"POST {S}/status/video": ({"file": {"data": MP4, "mimetype": "video/mp4"}}, "PostVideoStatus", {"id": ...}),
    f"POST {S}/status/delete": ({"id": "3AF0A9E082754536608C"}, "DeleteStatus", SUCCESS),
    f"GET {S}/status/new-message-id": (None, "", {"id": ...}),
    f"GET {S}/new-message-id": (None, "", {"id": ...}),
    f"POST {S}/calls/reject": ({"from": CHAT, "id": "CAA9702723C7DB8BC07E"}, "RejectCall", ""),
}


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consumer]:
    with Running(tmp_path_factory.mktemp("waha") / "data", api_key=KEY) as service:
        consumer = Consumer(service)
        consumer.works()
        yield consumer
    assert service.code == 0


def has(found: Any, wanted: Any) -> bool:
    """Whether an answer has what is wanted of it."""
    if wanted is ...:
        return found is not None
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(name in found and has(found[name], one) for name, one in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(has, found, wanted))
    return bool(found == wanted)


@pytest.mark.parametrize("case", CASES)
def test_a_call_orders_its_operation_and_answers_in_wahas_shape(works: Consumer, case: str) -> None:
    method, path = case.split(" ")
    body, operation, answer = CASES[case]
    page = works.service.browser.page(ClientId(works.client("default")))
    before = len(page.ordered(operation)) if operation else 0
    found = works.call(method, path, **({} if body is None else {"json": body}))
    assert has(found, answer), found
    if operation:
        assert len(page.ordered(operation)) == before + 1


def test_every_call_that_is_answered_is_tried() -> None:
    elsewhere = {*SERVER, *SESSIONS, *KEYS, *FILES, *(call for call in WAHA_CALLS if "/convert/" in call.path)}
    wanted = [call for call in WAHA_CALLS if call not in elsewhere and not isinstance(call.work, Missing)]
    tried = [case.split("?")[0].split(" ") for case in CASES]
    untried = []
    for call in wanted:
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", call.path)
        if not any(method == call.method and re.fullmatch(pattern, path) for method, path in tried):
            untried.append(f"{call.method} {call.path}")
    assert untried == []


def test_a_reply_quotes_and_mentions(works: Consumer) -> None:
    page = works.service.browser.page(ClientId(works.client("default")))
    body = {"chatId": GROUP, "text": "Hello @all", "reply_to": ID, "mentions": ["all"], "linkPreview": False}
    works.call("POST", "/api/sendText", json=body)
    order = page.ordered("SendText")[-1]
    assert (order["reply_to"], order["mentions"]) == (ID, "all")
    works.call("POST", "/api/reply", json={**body, "mentions": [CHAT]})
    assert [*page.ordered("SendText")[-1]["mentions"]] == [CHAT]


def test_a_message_that_may_not_be_deleted_for_everyone_is_deleted_here(works: Consumer) -> None:
    browser = works.service.browser
    refused = OperationRefused("Only own messages can be revoked", "REVOKE_REFUSED")
    browser.answers[DeleteMessage] = lambda page, operation: refused if operation.everyone else None
    try:
        assert works.call("DELETE", f"{M}/{ID}") is True
    finally:
        del browser.answers[DeleteMessage]
    orders = browser.page(ClientId(works.client("default"))).ordered("DeleteMessage")
    assert [order["everyone"] for order in orders[-2:]] == [True, False]


def test_a_message_that_was_sent_or_was_not_names_its_place_in_the_outbox(works: Consumer) -> None:
    browser, body = works.service.browser, {"session": "default", "chatId": CHAT, "text": "Hello"}
    outbox = works.call("POST", "/api/sendText", 201, json=body)["_data"]["outbox"]
    assert (outbox["state"], outbox["final"]) == ("sent", True)
    habits, browser.habits = browser.habits, Habits(sends=always(Fate.REFUSED))
    try:
        told = works.call("POST", "/api/sendText", 500, json=body)
    finally:
        browser.habits = habits
    assert (told["state"], told["final"], told["statusCode"]) == ("failed", True, 500)
    client = works.client("default")
    assert works.service.get(f"/messages/{told['id']}", client).json()["state"] == "failed"


def test_what_whatsapp_refuses_is_told_as_an_exception(works: Consumer) -> None:
    browser = works.service.browser
    browser.answers[EditMessage] = lambda page, operation: OperationRefused("It is too old", "edit_message_error")
    try:
        told = works.call("PUT", f"{M}/{ID}", 500, json={"text": "Better", "file": {"data": PNG}})
    finally:
        del browser.answers[EditMessage]
    assert (told["statusCode"], told["exception"]["message"]) == (500, "It is too old")
    assert (told["request"]["method"], told["request"]["body"]["text"]) == ("PUT", "Better")
    assert PNG not in str(told)


def test_a_message_that_is_not_there_is_not_found(works: Consumer) -> None:
    browser = works.service.browser
    browser.answers[GetChatMessage] = lambda page, operation: OperationRefused("There is none", "MESSAGE_NOT_FOUND")
    try:
        told = works.call("GET", f"{M}/{ID}", 404)
    finally:
        del browser.answers[GetChatMessage]
    assert told == {"message": "Message not found", "error": "Not Found", "statusCode": 404}


def test_a_video_may_be_a_round_note(works: Consumer) -> None:
    page = works.service.browser.page(ClientId(works.client("default")))
    body = {"chatId": CHAT, "asNote": True, "file": {"data": MP4, "mimetype": "video/mp4"}}
    assert works.call("POST", "/api/sendVideo", json=body)["_data"]["type"] == "ptv"
    assert page.ordered("SendVideoNote")


def test_a_file_of_a_megabyte_comes_in_base64(works: Consumer) -> None:
    large = base64.b64encode(base64.b64decode(PNG) + bytes(1_000_000)).decode()
    body = {"chatId": CHAT, "session": "default", "file": {"data": large, "mimetype": "image/png", "filename": "a.png"}}
    assert works.call("POST", "/api/sendFile", json=body)["_data"]["size"] > 1_000_000


def test_a_file_that_cannot_be_had_is_told_so_without_its_bytes(works: Consumer) -> None:
    body = {"chatId": CHAT, "file": {"url": "http://127.0.0.1:1/a.png"}, "caption": "Look"}
    refused = works.raw("POST", "/api/sendImage", json=body)
    assert refused.status_code in (400, 422, 500)
    assert "127.0.0.1" not in refused.json().get("message", "")
    for file, status in (({"data": "?"}, 400), ({}, 400), ({"data": OGG}, 422)):
        assert works.call("POST", "/api/sendImage", status, json={"chatId": CHAT, "file": file})


@pytest.mark.parametrize("form", ["voice", "video"])
def test_a_conversion_is_made_or_says_what_it_lacks(works: Consumer, form: str) -> None:
    answer = works.raw("POST", f"{S}/media/convert/{form}", json={"data": OGG})
    assert answer.status_code in (201, 422, 501), answer.text
    assert answer.status_code == 201 or answer.json()["message"]


def test_a_file_that_is_not_there_is_told_in_wahas_words(works: Consumer) -> None:
    told = works.call("GET", "/api/files/default/false_5491122334455@c.us_3A00.jpeg", 404)
    assert (told["error"]["key"], told["error"]["message"]) == ("FILE_NOT_FOUND", "File not found")


def test_keys_are_made_and_masked(tmp_path: Path) -> None:
    with Running(tmp_path / "data", api_key=KEY) as service:
        waha = Consumer(service)
        waha.call("POST", "/api/sessions", json={"name": "shop", "start": False})
        made = waha.call("POST", "/api/keys", json={"session": "shop", "isAdmin": False, "actions": {"read": True}})
        assert made["key"].startswith("sm_")
        assert (made["session"], made["isActive"], made["isAdmin"]) == ("shop", True, False)
        assert (made["actions"]["read"], made["actions"]["send"]) == (True, False)
        (listed,) = waha.call("GET", "/api/keys")
        assert listed["id"] == made["id"]
        assert listed["key"] != made["key"]
        reader = {"X-Api-Key": made["key"]}
        assert waha.call("GET", "/api/sessions/shop", headers=reader)["name"] == "shop"
        assert waha.call("POST", "/api/sessions/shop/start", 403, headers=reader)
        assert waha.call("PUT", f"/api/keys/{made['id']}", 400, json={"isActive": True})
        assert waha.call("DELETE", f"/api/keys/{made['id']}") == {"result": True}
        assert waha.call("GET", "/api/sessions/shop", 401, headers=reader)
        assert waha.call("DELETE", f"/api/keys/{made['id']}", 404)
        for path in ("media", "control"):
            assert waha.call("POST", f"/api/keys/{path}", json={"session": "shop"})["key"]


def test_the_owner_of_a_group_is_told_by_number_where_a_member_says_it() -> None:
    owner = Participant("112233445566@lid", "superadmin", phone="5491100000007")
    assert group_told(Group(GROUP, owner=owner.id, participants=(owner,)))["owner"] == "5491100000007@c.us"
    assert group_told(Group(GROUP, owner=owner.id))["owner"] == owner.id
