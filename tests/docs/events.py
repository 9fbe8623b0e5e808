"""The part of `docs/events.md` that tells of each type of event, made from the declarations of the events."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from inspect import cleandoc
from pathlib import Path

from ulid import ULID

from actors.clients.events import EVENTS, AccountEvent

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
BEGIN, END = "<!-- made from actors/clients/events.py: `make docs` -->\n", "<!-- end of what is made -->\n"
_FIRST = datetime(2026, 11, 24, 20, 20, 56, 473_000, UTC)


def events_page() -> str:
    """Return the page, with what is between the two marks made anew."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    sections = [_section(number, event) for number, event in enumerate(EVENTS.values(), 1)]
    return f"{before}{BEGIN}\n{''.join(sections)}{END}{after}"


def _section(number: int, event: type[AccountEvent]) -> str:
    title, _, text = cleandoc(event.__doc__ or "").partition("\n\n")
    title = title.rstrip(".")
    heading = f"### `{event.type}`: {title if title.startswith('WhatsApp') else title[0].lower() + title[1:]}\n\n"
    return heading + (f"{text}\n\n" if text else "") + _example(number, event) + "\n"


def _example(number: int, event: type[AccountEvent]) -> str:
    at = _FIRST + timedelta(seconds=number)
    id = ULID.from_bytes(ULID.from_datetime(at).bytes[:6] + sha256(event.type.encode()).digest()[:10])
    payload = json.dumps(dict(event.example), ensure_ascii=False, indent=2).replace("\n", "\n  ")
    for name, value in event.example.items():
        if isinstance(value, list):  # a list takes one line
            text = json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n    ")
            payload = payload.replace(f'"{name}": {text}', f'"{name}": {json.dumps(value)}')
    return (
        f'```json\n{{\n  "id": "{id}", "type": "{event.type}", "cliente_id": 1, "sequence": {number},\n'
        f'  "at": "{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z", "position": {number},\n'
        f'  "payload": {payload}\n}}\n```\n'
    )
