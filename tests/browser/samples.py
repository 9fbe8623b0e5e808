"""An operation of every kind, to be ordered from a page: its arguments are made of the types of its fields.

Where that does not do, the operation has a row in CASES. A new operation without either fails its test.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from itertools import count
from typing import Any, get_type_hints

from actors.clients.operations import OPERATIONS, Operation
from actors.clients.operations.account import LogOut
from actors.clients.operations.fields import (
    Chat,
    File,
    Future,
    GroupId,
    InviteCode,
    Label,
    Latitude,
    Line,
    Longitude,
    MessageId,
    MessageRef,
    MessageText,
    Number,
    People,
    Person,
    PersonName,
    PollQuestion,
    Reaction,
    Title,
)
from actors.clients.operations.groups import DeleteGroup
from actors.clients.operations.labels import LabelId, LabelIds, LabelOperation
from actors.clients.operations.messages import Cards, ContactCard, PollOptions, draw_message_id
from actors.clients.operations.presence import Typing
from actors.clients.operations.received import FetchMedia
from actors.clients.operations.status import STATUS, DeleteStatus, PostTextStatus, StatusChat
from actors.clients.types import State
from tests.browser.pages import CHAT, FRIEND, NUMBER, PICTURE, PICTURE_DATA
from tests.browser.stages import Stage


@dataclass(frozen=True, slots=True)
class Made:
    """A value that is made on the stage; without one, `value` is it."""

    value: str
    make: Callable[[Stage], str]


def _chat(stage: Stage) -> str:
    """A chat with a message in it."""
    stage.own_message()
    return CHAT


def _ringing(stage: Stage) -> str:
    """A call that rings."""
    if stage.sandbox is not None:
        stage.sandbox.post(f"/phones/{OTHER}/call", to=NUMBER, id=CALL)
        stage.heard()
    return CALL


def _group(stage: Stage) -> str:
    """A group of the account's, new for each operation."""
    group = f"12036300{next(_numbers):010}@g.us"
    _group_at(stage, group, f"Fk2Zr0x7QqIBWmC3{next(_numbers):06}")
    return group


def _invite(stage: Stage) -> str:
    """The invite code of such a group."""
    code = f"Fk2Zr0x7QqIBWmC3{next(_numbers):06}"
    _group_at(stage, f"12036300{next(_numbers):010}@g.us", code)
    return code


def _group_at(stage: Stage, group: str, invite: str) -> None:
    if stage.sandbox is None:
        return
    made = {"subject": "Us", "participants": [NUMBER, FRIEND], "owner": NUMBER, "invite": invite}
    stage.sandbox.api.put(f"/api/groups/{group}", json=made).raise_for_status()


def _label(stage: Stage) -> str:
    """A label of a business account."""
    if stage.sandbox is not None:
        labels = [{"id": "1", "name": "New", "color": 3}]
        stage.sandbox.post(f"/accounts/{NUMBER}/labels", business=True, labels=labels)
        stage.heard()
    return "1"


def _status(stage: Stage) -> str:
    """A status of the account's."""
    order = draw_message_id()
    stage.done(PostTextStatus(STATUS, "hello"), order)
    return order


def _received(stage: Stage | None) -> FetchMedia:
    """The order to fetch the file of a message that came in."""
    if stage is None or stage.sandbox is None:
        return FetchMedia(CHAT, CALL)
    bare_id = f"3A{next(_numbers):018}"
    file = {"name": "a.png", "mimetype": "image/png", "base64": base64.b64encode(PICTURE_DATA).decode()}
    stage.sandbox.post(f"/phones/{OTHER}/send", to=NUMBER, id=bare_id, file=file)
    told = stage.event("message", bare_id=bare_id)
    return FetchMedia(told["chat"], told["id"])


_numbers = count(1)
OTHER = "5491133334444"
"""A phone that no operation blocks."""
CALL = "3EB0000000000000000001"
ARGUMENTS: list[tuple[Any, Any]] = [
    (Chat, Made(CHAT, _chat)),
    (Number, FRIEND),
    (MessageId, Made(CALL, _ringing)),  # a call's id has the same form
    (MessageRef, Made(CALL, lambda stage: stage.own_message())),
    (MessageText, "hello"),
    (Reaction, "👍"),
    (Latitude, -34.6037),
    (Longitude, -58.3816),
    (Label, "Obelisco"),
    (Line, "Obelisco"),
    (Cards, (ContactCard("Ana", FRIEND),)),
    (PollQuestion, "Lunch?"),
    (PollOptions, ("yes", "no")),
    (Typing, Typing.TYPING),
    (bool, True),
    (GroupId, Made("120363000000000009@g.us", _group)),
    (InviteCode, Made("Fk2Zr0x7QqIBWmC3yNvHtA", _invite)),
    (People, (CHAT,)),
    (Title, "Team"),
    (LabelId, Made("1", _label)),
    (LabelIds, ("1",)),
    (StatusChat, STATUS),
    (File, PICTURE),
    (Person, CHAT),
    (PersonName, "Ana"),
    (Future | None, -1),
]
"""The types that fields have, and a value of each."""
CASES: dict[type[Operation[Any]], Callable[[Stage | None], Operation[Any]]] = {
    FetchMedia: _received,
    DeleteGroup: lambda stage: DeleteGroup("120363000000000009@g.us" if stage is None else _group(stage), leave=True),
    DeleteStatus: lambda stage: DeleteStatus(CALL if stage is None else _status(stage)),
}
"""Operations whose arguments are made by hand, with what has to be there before."""
APART = [name for name, kind in OPERATIONS.items() if State.READY not in kind.states or kind is LogOut]
"""Operations that need a page of their own: before a login, or at its end."""


def sample(kind: type[Operation[Any]], stage: Stage | None = None) -> Operation[Any]:
    """Return an operation with an argument for each field that needs one; on a stage, about what is there."""
    if issubclass(kind, LabelOperation) and stage is not None:
        _label(stage)
    if kind in CASES:
        return CASES[kind](stage)
    types = get_type_hints(kind, include_extras=True)
    needed = [one.name for one in fields(kind) if one.default is MISSING]
    values = {name: _value_of(kind, name, types[name]) for name in needed}
    return kind(**{name: _made(value, stage) if isinstance(value, Made) else value for name, value in values.items()})


def _made(value: Made, stage: Stage | None) -> str:
    return value.value if stage is None else value.make(stage)


def _value_of(kind: type[Operation[Any]], name: str, wanted: Any) -> Any:
    for type_, value in ARGUMENTS:
        if type_ == wanted:
            return value
    raise AssertionError(f"{kind.__name__}.{name}: add its type to ARGUMENTS, or the operation to CASES")
