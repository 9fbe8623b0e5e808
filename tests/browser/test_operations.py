"""Every operation there is, asked of both browsers: the fake, and real Chromium on the sandbox.

A new operation is tested here without anybody thinking of it: its arguments are made of the types of its fields.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import pytest

from actors.browser.fake import FakeBrowser
from actors.clients.errors import OperationRefused
from actors.clients.operations import OPERATIONS, Effect, Operation
from actors.clients.operations.contacts import CheckContact, Contact
from actors.clients.operations.fields import (
    Chat,
    File,
    GroupId,
    InviteCode,
    Label,
    Latitude,
    Longitude,
    MessageId,
    MessageText,
    Number,
    People,
    Picture,
    Title,
)
from actors.clients.operations.labels import LabelId, LabelIds
from actors.clients.operations.messages import SendLocation, SendText
from actors.clients.operations.status import STATUS, DeleteStatus, PostTextStatus, StatusChat
from actors.clients.protocol import Answered, QrShown, Ready, Refused
from actors.clients.types import ClientId, State
from tests.browser.pages import CHAT, CLIENT, FRIEND, NUMBER, PICTURE, Listener
from tests.browser.test_port import NOBODY, FakeWorld, Open, RealWorld, World, before_any_test, open_page, ready, world

__all__ = ["before_any_test", "open_page", "ready", "world"]

GROUP, INVITE, CALL = "120363000000000009@g.us", "Fk2Zr0x7QqIBWmC3yNvHtA", "3EB0000000000000000001"
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
ARGUMENTS: list[tuple[Any, Any]] = [
    (Chat, CHAT),
    (Number, FRIEND),
    (MessageId, CALL),  # of the same form
    (MessageText, "hello"),
    (Latitude, -34.6037),
    (Longitude, -58.3816),
    (Label, "Obelisco"),
    (GroupId, GROUP),
    (InviteCode, INVITE),
    (People, (CHAT,)),
    (Title, "Team"),
    (Picture, PIXEL),
    (LabelId, "1"),
    (LabelIds, ("1",)),
    (StatusChat, STATUS),
    (File, PICTURE),
]
"""The types that fields have, and a value of each."""
ORDER = "3EB0000000000000000007"
BEFORE: dict[str, tuple[str, Operation[Any]]] = {
    DeleteStatus.operation_name: ("3EB0000000000000000001", PostTextStatus(STATUS, "hello")),
}
"""What is ordered before an operation that needs it, and under which id."""


def furnish(world: World) -> None:
    """Give a real account what operations are about: a group, a label, a call that rings."""
    if not isinstance(world, RealWorld):
        return
    sandbox = world._sandbox
    group = {"subject": "Us", "participants": [NUMBER, FRIEND], "owner": NUMBER, "invite": INVITE}
    sandbox.api.put(f"/api/groups/{GROUP}", json=group).raise_for_status()
    sandbox.post(f"/accounts/{NUMBER}/labels", business=True, labels=[{"id": "1", "name": "New", "color": 3}])
    sandbox.post(f"/phones/{FRIEND}/call", to=NUMBER, id=CALL)


def sample(kind: type[Operation[Any]]) -> Operation[Any]:
    """An operation with an argument for each field that needs one."""
    types = get_type_hints(kind, include_extras=True)
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    return kind(**{name: next(value for type_, value in ARGUMENTS if type_ == types[name]) for name in needed})


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_answered_as_it_declares(name: str, world: World, open_page: Open) -> None:
    operation = sample(OPERATIONS[name])
    page, told = open_page()
    code = told.until(QrShown).code
    if State.QR_REQUIRED not in operation.states:
        world.scan(code)
        told.until(Ready)
        furnish(world)
    if name in BEFORE:
        page.call(*BEFORE[name])
        told.until(Answered)
    page.call(ORDER, operation)
    fact = told.until(Answered)
    assert fact.order == ORDER
    if operation.by_page:
        assert isinstance(fact.value, operation.answer or type(None))


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_it_is(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.__doc__
    assert isinstance(operation.example, operation.answer or type(None))
    assert operation.states
    if operation.effect is Effect.SEND:
        assert "chat" in {field.name for field in fields(operation)}


def test_a_place_on_the_map_arrives(world: World, ready: tuple[Any, Listener]) -> None:
    page, told = ready
    page.call(ORDER, SendLocation(CHAT, -34.6037, -58.3816, "Obelisco", "Av. 9 de Julio"))
    assert told.until(Answered).value.message_id.endswith(ORDER)
    if isinstance(world, RealWorld):
        (message,) = world._sandbox.get(f"/phones/{FRIEND}")["received"]
        assert message["type"] == "location"
        assert message["location"] == {"lat": -34.6037, "lng": -58.3816, "loc": "Obelisco\nAv. 9 de Julio"}
    elif isinstance(world, FakeWorld):
        (delivery,) = world.fake.whatsapp.deliveries
        assert delivery.operation == SendLocation(CHAT, -34.6037, -58.3816, "Obelisco", "Av. 9 de Julio")


def test_who_is_on_whatsapp_is_told_with_both_addresses(world: World, ready: tuple[Any, Listener]) -> None:
    page, told = ready
    world.nobody()
    page.call("1", CheckContact(FRIEND))
    found = told.until(Answered).value
    assert (found.on_whatsapp, found.phone, found.id) == (True, FRIEND, CHAT)
    if isinstance(world, RealWorld):
        page.call("2", CheckContact(NOBODY))
        assert told.until(Answered).value == Contact(on_whatsapp=False)


def test_a_test_says_what_the_fake_answers() -> None:
    browser = FakeBrowser()
    told = Listener()
    page = browser.open(ClientId(CLIENT), told)
    browser.scan(CLIENT)
    browser.answers[CheckContact] = lambda _page, asked: Contact(on_whatsapp=asked.number == FRIEND)
    page.call("1", CheckContact(NOBODY))
    assert told.until(Answered).value == Contact(on_whatsapp=False)
    browser.answers[CheckContact] = lambda _page, _: OperationRefused("It says no", "E_NO")
    page.call("2", CheckContact(NOBODY))
    assert told.until(Refused) == Refused("2", "It says no", "E_NO")


def test_messages_of_all_kinds_leave_in_the_order_in_which_they_were_ordered() -> None:
    browser = FakeBrowser()
    page = browser.open(CLIENT, Listener())
    browser.scan(CLIENT)
    orders: list[Operation[Any]] = [SendText(CHAT, "a"), SendLocation(CHAT, 1.0, 2.0), SendText(CHAT, "b")]
    for number, operation in enumerate(orders):
        page.call(f"3EB0{number}", operation)
    assert [delivery.operation for delivery in browser.whatsapp.deliveries] == orders
