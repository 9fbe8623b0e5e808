"""Has things happen, straight in the store: what streams tell is not theirs to make."""

from __future__ import annotations

from actors.clients.types import ClientId
from actors.store.events import AppendEvent, Event, PruneEvents
from tests.gateway.running import PATIENCE, Running

ONE, TWO = ClientId(1), ClientId(2)


def happen(
    service: Running, count: int, client: int = 1, type: str = "message", size: int = 10, first: int = 0
) -> list[Event]:
    """So many events, numbered from `first`, all on disk."""
    replies = [
        service.system.store.ask(
            AppendEvent(ClientId(client), type, {"number": first + number, "text": "x" * size}, 100.0)
        )
        for number in range(count)
    ]
    return [event for reply in replies if (event := reply.get(timeout=PATIENCE)) is not None]


def forget(service: Running, keep: int) -> None:
    """Retention leaves the newest few."""
    service.system.store.ask(PruneEvents(before=0.0, keep=keep, keys_before=0.0, limit=100_000)).get(timeout=PATIENCE)


def numbers(events: list[dict[str, dict[str, int]]]) -> list[int]:
    """Which events these are."""
    return [event["payload"]["number"] for event in events]
