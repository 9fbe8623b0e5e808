"""Groups, labels and the profile over HTTP: what a request orders from the page, and what a refusal says."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.browser.fake import FakeBrowser
from actors.clients.errors import OperationRefused
from actors.clients.operations import Operation
from actors.clients.operations.groups import ChangeGroup, CreateGroup, GetGroup, JoinGroup
from actors.clients.operations.labels import CreateLabel
from actors.clients.types import ClientId
from tests.browser.pages import PICTURE, PICTURE_DATA
from tests.gateway.running import Running

GROUP = "120363025246125486@g.us"
LID = "99999999999@lid"
ORDERS: list[tuple[str, str, Any, str, dict[str, Any]]] = [
    ("GET", "/groups?limit=5&participants=true", None, "ListGroups", {"limit": 5, "participants": True, "offset": 0}),
    ("POST", "/groups", {"subject": "Us", "participants": ["5491122334455"]}, "CreateGroup", {"subject": "Us"}),
    ("GET", "/groups/120363025246125486", None, "GetGroup", {"group": GROUP}),
    ("PATCH", f"/groups/{GROUP}", {"description": ""}, "ChangeGroup", {"subject": None, "description": ""}),
    (
        "DELETE",
        f"/groups/{GROUP}/participants?participants=5491122334455,{LID}",
        None,
        "RemoveParticipants",
        {"participants": ("5491122334455@c.us", LID)},
    ),
    (
        "PUT",
        f"/groups/{GROUP}/admins",
        {"participants": [LID], "admin": False},
        "ChangeAdmins",
        {"participants": (LID,), "admin": False},
    ),
    (
        "PUT",
        f"/groups/{GROUP}/settings",
        {"approval": True},
        "ChangeGroupSettings",
        {"approval": True, "messages_admins_only": None},
    ),
    ("DELETE", f"/groups/{GROUP}/invite", None, "RevokeInvite", {"group": GROUP}),
    ("POST", "/invites/Fk2Zr0x7QqIBWmC3yNvHtA", None, "JoinGroup", {"code": "Fk2Zr0x7QqIBWmC3yNvHtA"}),
    ("POST", f"/groups/{GROUP}/leave", None, "LeaveGroup", {"group": GROUP}),
    ("DELETE", f"/groups/{GROUP}", None, "DeleteGroup", {"group": GROUP, "leave": False}),
    ("DELETE", f"/groups/{GROUP}?leave=true", None, "DeleteGroup", {"leave": True}),
    ("POST", f"/groups/{GROUP}/requests", {"participants": [LID]}, "AnswerJoinRequests", {"approve": True}),
    ("PATCH", "/profile", {"about": "At work"}, "ChangeProfile", {"name": None, "about": "At work"}),
    ("PUT", "/chats/5491122334455/labels", {"labels": []}, "SetLabelsOfChat", {"labels": ()}),
    ("POST", "/labels", {"name": "New", "color": 0}, "CreateLabel", {"color": 0}),
    ("POST", "/calls/CAA9702723C7DB8BC07E/reject", None, "RejectCall", {"call": "CAA9702723C7DB8BC07E"}),
]
WRONG: list[tuple[str, str, Any]] = [
    ("GET", "/groups?limit=0", None),
    ("GET", "/groups/5491122334455@c.us", None),
    ("POST", "/groups", {"subject": "Us", "participants": []}),
    ("POST", "/groups", {"subject": " ", "participants": [LID]}),
    ("POST", "/groups", {"subject": "Us", "participants": [GROUP]}),
    ("DELETE", f"/groups/{GROUP}/participants", None),
    ("PUT", f"/groups/{GROUP}/picture", {"picture": {"url": "ftp://example.org/picture.jpg"}}),
    ("PUT", f"/groups/{GROUP}/settings", {"disappearing": -1}),
    ("POST", "/labels", {"name": "New", "color": 20}),
    ("PATCH", "/profile", {"name": "x" * 26}),
    ("POST", "/status/text", {"text": "Hello", "background": "red"}),
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FakeBrowser()) as running:
        running.ready(1)
        yield running


@pytest.mark.parametrize(("method", "path", "body", "name", "arguments"), ORDERS)
def test_a_request_orders_what_it_says(
    with_page: Running, method: str, path: str, body: Any, name: str, arguments: dict[str, Any]
) -> None:
    answer = with_page.call(method, path, 1, json=body) if body is not None else with_page.call(method, path, 1)
    assert answer.status_code == 200, answer.text
    (order,) = with_page.browser.page(ClientId(1)).ordered(name)
    assert {name: order[name] for name in arguments} == arguments


@pytest.mark.parametrize(("method", "path", "body"), WRONG)
def test_what_can_be_no_such_thing_is_refused_before_it_is_ordered(
    with_page: Running, method: str, path: str, body: Any
) -> None:
    answer = with_page.call(method, path, 1, json=body) if body is not None else with_page.call(method, path, 1)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST"), answer.text


@pytest.mark.parametrize(
    ("operation", "call", "code", "sentence"),
    [
        (GetGroup, ("GET", f"/groups/{GROUP}"), "group_not_member", "The account is not in this group"),
        (ChangeGroup, ("PATCH", f"/groups/{GROUP}"), "group_you_are_not_admin", "The account is not an admin of"),
        (JoinGroup, ("POST", "/invites/AAAAAAAAAAAA"), "406", "There is no such invite link"),
        (CreateLabel, ("POST", "/labels"), "is_not_business", "Only accounts of WhatsApp Business have labels"),
        (CreateGroup, ("POST", "/groups"), "participant_not_exists", "5491133333333@c.us is not on WhatsApp"),
    ],
)
def test_a_refusal_says_why_in_a_sentence(
    with_page: Running, operation: type[Operation[Any]], call: tuple[str, str], code: str, sentence: str
) -> None:
    with_page.browser.answers[operation] = lambda _page, _: OperationRefused(f"{sentence}: no group was made", code)
    body = {"subject": "Us", "participants": [LID]} if operation is CreateGroup else {"name": "New"}
    answer = with_page.call(*call, 1, json=body if operation in (CreateGroup, CreateLabel) else {})
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (409, "OPERATION_REFUSED", code)
    assert answer.json()["message"].startswith(sentence)


def test_a_status_is_a_message_of_the_outbox(service: Running) -> None:
    body = {"text": "Open until eight", "background": "#38b42f", "font": 2}
    answer = service.call("POST", "/status/text", 1, json=body, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json()["chat"]) == (200, "status@broadcast"), answer.text
    again = service.call("POST", "/status/text", 1, json=body, headers={"Idempotency-Key": "once"})
    assert again.json() == answer.json()
    assert [one.operation.arguments for one in service.browser.whatsapp.deliveries] == [
        {"chat": "status@broadcast", **body}
    ]


def test_a_picture_is_given_as_base64_or_as_a_part(service: Running) -> None:
    for path, name in ((f"/groups/{GROUP}/picture", "SetGroupPicture"), ("/profile/picture", "SetProfilePicture")):
        data = base64.b64encode(PICTURE_DATA).decode()
        answer = service.call("PUT", path, 1, json={"picture": {"data": data}})
        assert answer.status_code == 200, answer.text
        answer = service.call("PUT", path, 1, files={"picture": ("me.png", PICTURE_DATA, "image/png")})
        assert answer.status_code == 200, answer.text
        given = [order["picture"] for order in service.browser.page(ClientId(1)).ordered(name)]
        assert [file["digest"] for file in given] == [PICTURE.digest] * 2
        text = base64.b64encode(b"no picture at all").decode()
        answer = service.call("PUT", path, 1, json={"picture": {"data": text, "mimetype": "image/png"}})
        assert answer.status_code == 422, answer.text


def test_what_is_no_object_is_no_file(service: Running) -> None:
    for method, path, name in (
        ("PUT", f"/groups/{GROUP}/picture", "picture"),
        ("PUT", "/profile/picture", "picture"),
        ("POST", "/status/image", "file"),
        ("POST", "/status/video", "file"),
    ):
        for given in ("x", "", 5, True, [], [["url", "x"]]):
            answer = service.call(method, path, 1, json={name: given})
            assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
            assert answer.json()["message"].startswith(f"{name} should be an object")


def test_a_picture_is_a_status(service: Running) -> None:
    answer = service.call("POST", "/status/image", 1, files={"file": ("menu.png", PICTURE_DATA, "image/png")})
    assert (answer.status_code, answer.json()["chat"]) == (200, "status@broadcast"), answer.text
    (delivery,) = service.browser.whatsapp.deliveries
    assert delivery.operation.arguments["file"]["digest"] == PICTURE.digest
