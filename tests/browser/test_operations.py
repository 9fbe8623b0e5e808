"""What holds of every operation; and those around a login, asked of the fake, and of real Chromium in all worlds.

The others are in test_linked_operations.py: one page of each world serves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.browser.fake import FakeBrowser
from actors.clients.errors import OperationRefused
from actors.clients.operations import OPERATIONS, Effect, Operation
from actors.clients.operations.contacts import CheckContact, Contact
from actors.clients.operations.messages import SendLocation, SendText
from actors.clients.protocol import Answered, Refused
from actors.clients.types import ClientId, State
from tests.browser.pages import CHAT, CLIENT, FRIEND, Listener
from tests.browser.samples import APART, sample
from tests.browser.stages import IN_ALL, Stage, stage_of
from tests.browser.test_port import NOBODY, FakeWorld, RealWorld, World, before_any_test, open_page, ready, world
from tests.rig import Sandbox

__all__ = ["before_any_test", "open_page", "ready", "world"]

ORDER = "3EB0000000000000000007"


@pytest.fixture(params=IN_ALL)
def unlinked(
    request: pytest.FixtureRequest, browsers: Callable[[str], ChromiumBrowser], sandbox: Sandbox
) -> Iterator[Stage]:
    """A page that shows its code."""
    stage = stage_of(request.param, browsers, sandbox)
    yield stage
    stage.close()


@pytest.mark.parametrize("name", APART)
def test_every_operation_around_a_login_is_answered_as_it_declares(name: str, unlinked: Stage) -> None:
    operation = sample(OPERATIONS[name], unlinked)
    if State.QR_REQUIRED not in operation.states:
        unlinked.link()
    fact = unlinked.ask(operation)
    assert isinstance(fact, Answered), fact
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
