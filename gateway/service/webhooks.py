"""Webhooks as the gateway uses them. Every change goes through the sender, which applies it before it answers."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2

from actors.clients.types import ClientId, Seconds
from actors.runtime import Refusal, ask
from actors.store.webhooks import (
    ChangeWebhook,
    CreateWebhook,
    DeleteDeadLetters,
    DeleteWebhook,
    GetDeadLetters,
    GetProgress,
    GetWebhook,
    GetWebhooks,
    Letter,
    NoSuchWebhook,
    Progress,
    ReplayDeadLetters,
    Webhook,
)
from actors.webhooks.addresses import Network, why_refused
from actors.webhooks.definition import InvalidWebhook, changes, new_webhook
from actors.webhooks.http import resolve
from actors.webhooks.protocol import Change
from gateway.security.auth import Forbidden
from gateway.service.bridge import STORE_SECONDS, ask_store, shutting_down

if TYPE_CHECKING:
    from actors.system import System
    from gateway.security.auth import Caller
    from gateway.service.bridge import Bridge


NAME_SECONDS: Seconds = 2.0
"""The time limit for resolving the name in a webhook's URL; after it the address is checked at the first delivery."""


class NoSuchDeadLetter(Refusal):
    """The webhook has no dead letter of this id."""


class Webhooks:
    """Messages to the sender and to the store. Raises their refusals, Starting, MailboxFull and pykka.Timeout.

    `allowed` are the networks that may be reached besides the public internet.
    """

    def __init__(self, system: System, bridge: Bridge, allowed: tuple[Network, ...]) -> None:
        self._system, self._bridge, self._allowed = system, bridge, allowed

    async def create(self, caller: Caller, wishes: Mapping[str, Any]) -> tuple[Webhook, str | None, bool]:
        """Return a webhook, its secret if the service made it for this call, and whether the webhook is new.

        The same one is not made twice. Raises InvalidWebhook, Forbidden, WebhookExists.
        """
        drawn = None if "secret" in wishes else secrets.token_urlsafe(32)
        wishes = wishes if drawn is None else {**wishes, "secret": drawn}
        webhook = replace(new_webhook(wishes, at=time.time(), allowed=self._allowed), key_id=caller.key_id or None)
        _require(caller, webhook.clients)
        await self._judge(webhook.url)
        created: Webhook = await self._change(CreateWebhook(webhook, once=True, drawn=drawn is not None))
        is_new = created.id == webhook.id
        return created, drawn if is_new else None, is_new

    async def check(self, wishes: Mapping[str, Any]) -> None:
        """Judge the fields of a webhook that may be made later. Raises InvalidWebhook."""
        await self._judge(new_webhook(wishes, at=0.0, allowed=self._allowed).url)

    async def all(self, caller: Caller) -> list[Webhook]:
        """Return the webhooks that the caller manages, oldest first."""
        found: tuple[Webhook, ...] = await self._store(GetWebhooks())
        return [webhook for webhook in found if _manages(caller, webhook.clients)]

    async def get(self, caller: Caller, id: str) -> Webhook:
        """Return a webhook. Raises NoSuchWebhook."""
        found: Webhook = await self._store(GetWebhook(id))
        if not _manages(caller, found.clients):
            raise NoSuchWebhook(id)
        return found

    async def lines(self, caller: Caller, id: str) -> tuple[Progress, ...]:
        """Return the progress of a webhook with each client that the caller sees.

        A webhook may have been for more clients than it is now.
        """
        found: tuple[Progress, ...] = await self._store(GetProgress(id))
        return tuple(line for line in found if caller.sees(line.client_id))

    async def change(self, caller: Caller, id: str, wishes: Mapping[str, Any]) -> Webhook:
        """Set some fields. Raises InvalidWebhook, Forbidden, NoSuchWebhook."""
        before = await self.get(caller, id)
        checked = changes(wishes, allowed=self._allowed, before=before)
        _require(caller, checked.get("clients", before.clients))
        if "url" in checked:
            await self._judge(checked["url"])
        changed: Webhook = await self._change(ChangeWebhook(id, checked, time.time(), caller.key_id or None))
        return changed

    async def delete(self, caller: Caller, id: str) -> None:
        """Delete a webhook and its pending events. Raises NoSuchWebhook."""
        await self.get(caller, id)
        await self._change(DeleteWebhook(id))

    async def dead_letters(
        self, caller: Caller, id: str, client_id: ClientId | None, after: int, limit: int
    ) -> tuple[Letter, ...]:
        """Return the dead letters of clients that the caller sees, oldest first. Raises NoSuchWebhook."""
        await self.get(caller, id)
        found: tuple[Letter, ...] = await self._store(GetDeadLetters(id, client_id, after, limit, caller.clients))
        return found

    async def replay(self, caller: Caller, id: str, letter: int | None = None) -> int:
        """Send a dead letter again, or all. Return how many, without those under way.

        Raises NoSuchWebhook, NoSuchDeadLetter.
        """
        letters = await self._chosen(caller, id, letter)
        count: int = await self._change(ReplayDeadLetters(id, time.time(), letters, caller.clients))
        return count

    async def forget(self, caller: Caller, id: str, letter: int | None = None) -> int:
        """Delete a dead letter, or all. Return how many. Raises NoSuchWebhook, NoSuchDeadLetter."""
        letters = await self._chosen(caller, id, letter)
        count: int = await self._change(DeleteDeadLetters(id, letters, caller.clients))
        return count

    async def _chosen(self, caller: Caller, id: str, letter: int | None) -> tuple[int, ...]:
        if letter is None:
            await self.get(caller, id)
            return ()
        found = await self.dead_letters(caller, id, None, letter - 1, 1)
        if not found or found[0].id != letter:
            raise NoSuchDeadLetter(f"The webhook has no dead letter {letter}")
        return (letter,)

    async def _judge(self, url: str) -> None:
        """Raise InvalidWebhook if every delivery to this URL would be refused."""
        target = httpx2.URL(url)
        try:
            async with asyncio.timeout(NAME_SECONDS):
                addresses = await resolve(target.host, target.port or 0)
        except (OSError, TimeoutError):
            return
        refusals = [why_refused(address, self._allowed) for address in addresses]
        if refusals and all(refusals):
            raise InvalidWebhook("url", f"not point to an address that is {refusals[0]}")

    async def _change(self, write: Any) -> Any:
        self._bridge.refuse_while_draining()
        with shutting_down():
            return await ask(self._system.webhooks, Change(write), timeout=STORE_SECONDS)

    async def _store(self, message: Any) -> Any:
        return await ask_store(lambda: self._system.store, message)


def _manages(caller: Caller, clients: tuple[ClientId, ...]) -> bool:
    """Return True if the caller's key is for every client of a webhook; no clients means all of them."""
    return caller.clients is None or (bool(clients) and caller.clients.issuperset(clients))


def _require(caller: Caller, clients: tuple[ClientId, ...]) -> None:
    if not _manages(caller, clients):
        raise Forbidden("The key is for some clients only: `clients` should list such, and no others")
