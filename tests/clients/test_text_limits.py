"""Each text of an operation has a limit, refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from actors.clients.operations import OPERATIONS
from actors.clients.operations.fields import ACCEPTED, MessageText, PollOption, PollQuestion
from actors.clients.operations.messages import SendPoll

MESSAGE = "5491122334455@c.us"


@pytest.mark.parametrize(("kind", "most"), [(MessageText, 65_536), (PollQuestion, 255), (PollOption, 100)])
def test_a_text_is_as_long_as_whatsapp_takes_it(kind: Any, most: int) -> None:
    text: TypeAdapter[str] = TypeAdapter(kind)
    for good in ("x" * most, "\U0001f600" * (most // 2)):
        assert text.validate_python(good) == good
    for bad, length in (("x" * (most + 1), most + 1), ("\U0001f600" * (most // 2 + 1), most // 2 * 2 + 2)):
        with pytest.raises(ValidationError, match=f"should have at most {most} characters, and has {length}, as Wh"):
            text.validate_python(bad)


def test_a_message_that_was_accepted_before_a_limit_came_still_leaves() -> None:
    values = {"chat": MESSAGE, "name": "x" * 300, "options": ("a" * 101, "b")}
    poll: TypeAdapter[SendPoll] = TypeAdapter(SendPoll)
    assert poll.validate_python(values, context=ACCEPTED).name == "x" * 300
    with pytest.raises(ValidationError, match="at most 255"):
        poll.validate_python(values)


BOUND = ("maxLength", "pattern", "enum", "const")
BY_CHECK = {"chat", "contact", "contacts", "participants", "mentions", "text", "caption", "number"}
"""Fields whose limit is a function's: ids of chats and people, and the texts of messages."""
OF_THE_STORE = {"digest", "mimetype", "filename"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_text_is_without_a_limit(name: str) -> None:
    schema = TypeAdapter(OPERATIONS[name]).json_schema()
    unbounded = {field for field, part in _texts(schema) if not any(one in part for one in BOUND)}
    assert unbounded <= BY_CHECK | OF_THE_STORE


def _texts(schema: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for one in schema:
            yield from _texts(one, name)
    elif isinstance(schema, dict):
        if schema.get("type") == "string":
            yield name, schema
        for key, one in schema.items():
            if key in ("properties", "$defs"):
                for field, part in one.items():
                    yield from _texts(part, field)
            elif key in ("items", "anyOf", "prefixItems"):
                yield from _texts(one, name)
