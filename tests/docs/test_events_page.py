"""docs/events.md tells of every type of event, with the fields it has, and of every setting by its name."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from actors.clients.canary import Canary
from actors.clients.events import (
    EVENTS,
    AccountChanged,
    ClientErased,
    ClientQrRenewed,
    ClientRestricted,
    ClientStateChanged,
    MessageStateChanged,
)
from actors.clients.page_contract import PageContract
from actors.clients.ports import Transition
from actors.clients.protocol import Restriction
from actors.clients.types import ClientId
from actors.runtime import SYSTEM_CLOCK
from actors.settings import Settings, env_name
from actors.store.events import Event, of_transition
from actors.webhooks.bodies import body_of
from actors.webhooks.signature import sign
from gateway.streaming.feed import Told

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")
EXAMPLES: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]


def told_of_states() -> set[str]:
    values: dict[str, Any] = {field.name: None for field in fields(Transition)} | {"client_id": ClientId(1), "at": 0.0}
    return set(of_transition(Transition(**values), "id").payload)


def of_the_canary() -> dict[str, set[str]]:
    canary = Canary(SYSTEM_CLOCK)
    canary.read(ClientId(1), PageContract("1"))
    return {
        event.type: set(event.payload) for event in canary.read(ClientId(1), PageContract("2", missing=("Stream",)))
    }


def test_every_type_has_its_example() -> None:
    assert [example["type"] for example in EXAMPLES] == list(EVENTS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["type"]))
def test_an_example_has_the_fields_that_such_an_event_has(example: dict[str, Any]) -> None:
    assert tuple(example["payload"]) == EVENTS[example["type"]].fields
    event = Event(1, "id", ClientId(1), 1, 0.0, "message", {})
    assert set(example) == set(json.loads(Told.of(event).text))
    assert set(example) - {"position"} == set(json.loads(body_of(event)))


def test_what_the_service_itself_tells_has_the_fields_that_are_declared() -> None:
    restricted = {"restricted", *(field.name for field in fields(Restriction))}
    told = {**of_the_canary(), ClientStateChanged.type: told_of_states(), ClientRestricted.type: restricted}
    assert told == {type: set(EVENTS[type].fields) for type in told}
    of_no_page = {event.type for event in EVENTS.values() if event.page_name is None and not event.notices}
    assert of_no_page == {
        *told,
        MessageStateChanged.type,
        ClientErased.type,
        ClientQrRenewed.type,
        AccountChanged.type,
    }


def test_settings_are_called_by_their_names() -> None:
    there = {env_name(field) for field in Settings.model_fields}
    assert set(re.findall(r"\bSM_[A-Z_]+\b", PAGE)) <= there


def test_the_signature_in_the_example_is_one_of_ours() -> None:
    body = "".join(re.findall(r"^    b'(.*)'$", PAGE, re.MULTILINE)).encode()
    signature = "".join(re.findall(r'^    "([0-9a-f]{64})"$', PAGE, re.MULTILINE))
    assert sign("a secret of both of us", body) == signature
