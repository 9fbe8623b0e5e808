"""The webhooks: created, changed, deleted, read.

A webhook gets events from its creation on, and a client's events only from the moment it includes that client: its
progress begins at the client's sequence of that moment. Changes go through the sender
(`actors.webhooks.sender.Change`), which passes them to the store and acts on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, Work
from actors.store.database import insert
from actors.store.requests import Read, Write
from actors.store.rows.unreadable import complain, list_in
from actors.store.schema import event_counts, webhook_lines, webhooks


class NoSuchWebhook(Refusal):
    """No webhook has this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"There is no webhook {id}")


class WebhookExists(Refusal):
    """A webhook with this id exists, or one that sends the same events to the same URL in another manner."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook. No `clients` means all of them; a `retry_…` of None is the operator's default.

    `secret` and `headers` hold secrets: they are not in the repr, and are shown masked
    (`actors.webhooks.definition.shown`). `format` names the form of its bodies, and of the names in `events`
    (`actors.webhooks.delivery_queue.FORMATS`).
    """

    id: str
    url: str
    created_at: Seconds
    updated_at: Seconds
    events: tuple[str, ...] = ("*",)
    clients: tuple[ClientId, ...] = ()
    secret: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    retry_growth: str | None = None
    retry_delay: Seconds | None = None
    retry_attempts: int | None = None
    active: bool = True
    format: str = "native"
    key_id: str | None = None

    @property
    def subject(self) -> tuple[object, ...]:
        """The events it sends, and their target: two webhooks with the same would send every event twice."""
        return self.url, frozenset(self.events), self.clients, self.format

    def wants_client(self, client_id: ClientId) -> bool:
        """Return True if events of this client are for this webhook."""
        return not self.clients or client_id in self.clients


@dataclass(frozen=True, slots=True)
class CreateWebhook(Write[Webhook], Work):
    """Create a webhook, which gets events from now on.

    Answers it; with `once`, the one that is the same but for its id, its times and a secret that was `drawn`, where
    there is one. Refuses WebhookExists. Check it first (`definition`).
    """

    webhook: Webhook
    once: bool = False
    drawn: bool = False

    def run(self, connection: Connection) -> Webhook:
        for known in GetWebhooks().run(connection) if self.once else ():
            if known.subject == self.webhook.subject and known.id != self.webhook.id:
                return self._same(known)
        row = {column.name: getattr(self.webhook, column.name) for column in webhooks.columns}
        statement = insert(connection, webhooks).values(row).on_conflict_do_nothing()
        if connection.execute(statement.returning(webhooks.c.id)).first() is None:
            raise WebhookExists(f"There is a webhook {self.webhook.id} already")
        _begin_now(connection, self.webhook.id, before=None)
        return GetWebhook(self.webhook.id).run(connection)

    def _same(self, known: Webhook) -> Webhook:
        """Return the webhook that is there already. Raises WebhookExists if it is not wholly the same."""
        secret = known.secret if self.drawn else self.webhook.secret
        wanted = replace(self.webhook, secret=secret, events=known.events)
        own = {name: getattr(known, name) for name in ("id", "created_at", "updated_at", "key_id")}
        if replace(wanted, **own) != known:
            raise WebhookExists(f"Webhook {known.id} sends these events to this URL already: change that one")
        return known


@dataclass(frozen=True, slots=True)
class ChangeWebhook(Write[Webhook], Work):
    """Change some fields of a webhook. Answers the result; refuses NoSuchWebhook.

    Undelivered events follow the new fields, are due at once, and have a whole budget of retries. A webhook that is not
    `active` gets its events once it is again.
    """

    id: str
    changes: Mapping[str, Any] = field(repr=False)
    at: Seconds
    key_id: str | None = None

    def run(self, connection: Connection) -> Webhook:
        before = GetWebhook(self.id).run(connection)
        changes = {name: value for name, value in self.changes.items() if name in _CHANGEABLE}
        of_id = update(webhooks).where(webhooks.c.id == self.id)
        connection.execute(of_id.values(changes | {"updated_at": self.at, "key_id": self.key_id}))
        _begin_now(connection, self.id, before)
        of_webhook = update(webhook_lines).where(webhook_lines.c.webhook_id == self.id)
        connection.execute(of_webhook.values(attempts=0, next_at=None, failing_since=None))
        return GetWebhook(self.id).run(connection)


@dataclass(frozen=True, slots=True)
class DeleteWebhook(Write[None], Work):
    """Delete a webhook, its pending deliveries, and its dead letters. Refuses NoSuchWebhook."""

    id: str

    def run(self, connection: Connection) -> None:
        if connection.execute(delete(webhooks).where(webhooks.c.id == self.id)).rowcount == 0:
            raise NoSuchWebhook(self.id)


@dataclass(frozen=True, slots=True)
class GetWebhook(Read[Webhook]):
    """Read one webhook; refuses NoSuchWebhook."""

    id: str

    def run(self, connection: Connection) -> Webhook:
        row = connection.execute(select(webhooks).where(webhooks.c.id == self.id)).mappings().first()
        if row is None:
            raise NoSuchWebhook(self.id)
        return _webhook(row)


@dataclass(frozen=True, slots=True)
class GetWebhooks(Read[tuple[Webhook, ...]]):
    """Read all webhooks, oldest first."""

    def run(self, connection: Connection) -> tuple[Webhook, ...]:
        rows = connection.execute(select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id))
        return tuple(map(_webhook, rows.mappings()))


_CHANGEABLE = frozenset(f.name for f in fields(Webhook)) - {"id", "created_at", "updated_at"}


def _begin_now(connection: Connection, id: str, before: Webhook | None) -> None:
    """Start the webhook's progress at the present sequences of the clients it did not include before."""
    now = GetWebhook(id).run(connection)
    rows = [
        {"webhook_id": id, "client_id": client_id, "sequence": sequence, "attempts": 0, "delivered": 0}
        for client_id, sequence in connection.execute(select(event_counts.c.client_id, event_counts.c.sequence))
        if now.wants_client(client_id) and (before is None or not before.wants_client(client_id))
    ]
    if rows:
        statement = insert(connection, webhook_lines)
        restart = {"sequence": statement.excluded.sequence, "attempts": 0, "next_at": None}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["webhook_id", "client_id"], set_=restart), rows
        )


def _webhook(row: RowMapping) -> Webhook:
    """Return the webhook of a row. One that cannot be read whole is switched off: its owner may change or delete it."""
    events, clients, headers = (list_in(row[name]) for name in ("events", "clients", "headers"))
    pairs = tuple((str(pair[0]), str(pair[1])) for pair in headers or () if isinstance(pair, list) and len(pair) == 2)
    whole = None not in (events, clients, headers) and len(pairs) == len(headers or ())
    if not whole:
        complain("webhooks", row["id"])
    listed = {"events": tuple(events or ()), "clients": tuple(clients or ()), "headers": pairs}
    return Webhook(**{**row, **listed, "active": row["active"] and whole})
