"""The envelope of WAHA's events: the body of its webhooks, and the text of its WebSocket.

`metadata` is that of the moment at which it is made; `me` is the account that the event happened to.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from actors.clients.registry.registry import ClientRegistry, Registered
from actors.clients.types import UNNAMED, ClientId, State
from actors.store.events import Event
from actors.store.rows.unreadable import Unreadable, complain
from actors.waha.events import EVERY_MESSAGE, WahaEvent, told, wanted
from actors.waha.messages import Json, account

VERSION = "2026.9.1"
"""The version of WAHA whose calls and events these are."""
TIER = "PLUS"
"""Consumers grey out what sends media on another tier."""
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's, of a ULID."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The surroundings that every event names. `engine` says in which form consumers read `_data`."""

    engine: str = "WEBJS"
    browser: str = "chromium"
    worker: str = "session-manager"
    base_url: str = ""
    """What the paths of files are told with."""

    @property
    def told(self) -> Json:
        """As it is told."""
        return {
            "version": VERSION,
            "engine": self.engine,
            "tier": TIER,
            "browser": self.browser,
            "platform": f"{platform.system().lower()}/{platform.machine()}",
            "worker": {"id": self.worker},
        }


def session_name(client_id: ClientId, client: Registered) -> str:
    """Return the name of a client's session: its number, where it has no name."""
    return client.config.name or str(client_id)


def me_of(client: Registered, state: State, phone: str | None) -> Json | None:
    """Return the account of a client that works; None before and after."""
    if state is not State.READY or phone is None:
        return None
    known = client.account if client.account.phone == phone else UNNAMED
    name = known.push_name or client.config.metadata.get("pushName")
    return {"id": account(phone), "pushName": name, "lid": known.lid}


def bodies(
    event: Event, registry: ClientRegistry, environment: Environment, patterns: Iterable[str]
) -> Iterator[tuple[str, bytes]]:
    """Yield name and body of each wanted WAHA event of one of ours."""
    client, patterns = registry.find(event.client_id), tuple(patterns)
    if event.phone is not None:  # the client may be linked to another account meanwhile
        client = replace(client, phone=event.phone)
    session = session_name(event.client_id, client)
    for made in _made(event, client, session):
        if wanted(patterns, made.name):
            yield made.name, _body(event, made, client, session, environment)


def _made(event: Event, client: Registered, session: str) -> tuple[WahaEvent, ...]:
    """Return WAHA's events of one of ours; none of one whose payload is not as it should be, which nobody waits for."""
    try:
        return () if isinstance(event.payload, Unreadable) else told(event, client, session)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        complain("events", event.position, error)
        return ()


def of_webhook(
    event: Event, registry: ClientRegistry, environment: Environment, patterns: Iterable[str]
) -> bytes | None:
    """Return the body of the one delivery that a webhook has of our event; None if it wants nothing of it.

    Of a message that is both `message` and `message.any`, a webhook with both names gets the first: whoever wants both
    has two webhooks (`gateway.waha.hooks` makes them).
    """
    return next((body for _, body in bodies(event, registry, environment, patterns)), None)


def at(base_url: str, message: Json) -> Json:
    """Return a WAMessage whose file has a whole address."""
    url = f"{base_url}{message['media']['url']}"
    return {**message, "media": {**message["media"], "url": url}, "mediaUrl": url}


def _body(event: Event, made: WahaEvent, client: Registered, session: str, environment: Environment) -> bytes:
    payload = made.payload
    if (payload.get("media") or {}).get("url"):
        payload = at(environment.base_url, payload)
    body = {
        "id": f"evt_{_id(event, made).lower()}",
        "timestamp": int(event.at * 1000),
        "event": made.name,
        "session": session,
        "metadata": dict(client.config.metadata),
        "me": me_of(client, client.state, client.phone),
        "payload": payload,
        "engine": environment.engine,
        "environment": environment.told,
    }
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def _id(event: Event, made: WahaEvent) -> str:
    """Return a ULID: that of our event, or its neighbour for the second of two."""
    if made.name != EVERY_MESSAGE or event.id[-1] not in _LETTERS:
        return event.id
    return event.id[:-1] + _LETTERS[(_LETTERS.index(event.id[-1]) + 1) % len(_LETTERS)]
