"""Webhooks, as callers make and change them. Everything runs on the gateway's event loop.

Rules of this file: a key for some clients manages the webhooks of those clients, and knows of no others; every change
goes through the sender, which acts on it before it answers.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
from pykka import ActorDeadError

from actors.clients.errors import ShuttingDown
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
from gateway.admission.authority import Forbidden

if TYPE_CHECKING:
    from gateway.admission.authority import Caller
    from gateway.bridge import Bridge, System

STORE_SECONDS: Seconds = 30.0
NAME_SECONDS: Seconds = 2.0
"""How long a target's name may take to resolve; what does not is judged at the first delivery."""


class NoSuchDeadLetter(Refusal):
    """The webhook has no dead letter of this id."""


class Webhooks:
    """Messages to the sender and to the store. Raises their refusals, Starting, MailboxFull and pykka.Timeout.

    `allowed` are the networks that may be reached besides the public internet.
    """

    def __init__(self, system: System, bridge: Bridge, allowed: tuple[Network, ...]) -> None:
        self._system, self._bridge, self._allowed = system, bridge, allowed

    async def create(self, caller: Caller, wishes: Mapping[str, Any]) -> tuple[Webhook, str | None]:
        """A new webhook, and its secret where that was drawn. Raises InvalidWebhook, Forbidden."""
        drawn = None if "secret" in wishes else secrets.token_urlsafe(32)
        wishes = wishes if drawn is None else {**wishes, "secret": drawn}
        webhook = new_webhook(wishes, at=time.time(), allowed=self._allowed)
        _insist(caller, webhook.clients)
        await self._judge(webhook.url)
        created: Webhook = await self._change(CreateWebhook(webhook))
        return created, drawn

    async def all(self, caller: Caller) -> list[Webhook]:
        """Those that the caller manages, oldest first."""
        found: tuple[Webhook, ...] = await self._store(GetWebhooks())
        return [webhook for webhook in found if _manages(caller, webhook.clients)]

    async def get(self, caller: Caller, id: str) -> Webhook:
        """One webhook. Raises NoSuchWebhook."""
        found: Webhook = await self._store(GetWebhook(id))
        if not _manages(caller, found.clients):
            raise NoSuchWebhook(id)
        return found

    async def lines(self, id: str) -> tuple[Progress, ...]:
        """How far a webhook is with each client."""
        found: tuple[Progress, ...] = await self._store(GetProgress(id))
        return found

    async def change(self, caller: Caller, id: str, wishes: Mapping[str, Any]) -> Webhook:
        """Set some fields. Raises InvalidWebhook, Forbidden, NoSuchWebhook."""
        checked = changes(wishes, allowed=self._allowed)
        before = await self.get(caller, id)
        _insist(caller, checked.get("clients", before.clients))
        if "url" in checked:
            await self._judge(checked["url"])
        changed: Webhook = await self._change(ChangeWebhook(id, checked, time.time()))
        return changed

    async def delete(self, caller: Caller, id: str) -> None:
        """Forget it, and what it has not had. Raises NoSuchWebhook."""
        await self.get(caller, id)
        await self._change(DeleteWebhook(id))

    async def dead_letters(
        self, caller: Caller, id: str, client_id: ClientId | None, after: int, limit: int
    ) -> tuple[Letter, ...]:
        """What was given up, oldest first. Raises NoSuchWebhook."""
        await self.get(caller, id)
        found: tuple[Letter, ...] = await self._store(GetDeadLetters(id, client_id, after, limit))
        return found

    async def replay(self, caller: Caller, id: str, letter: int | None = None) -> int:
        """Send one again, or all: how many, not counting those under way. Raises NoSuchWebhook, NoSuchDeadLetter."""
        letters = await self._chosen(caller, id, letter)
        count: int = await self._change(ReplayDeadLetters(id, time.time(), letters))
        return count

    async def forget(self, caller: Caller, id: str, letter: int | None = None) -> int:
        """Delete one, or all: how many. Raises NoSuchWebhook, NoSuchDeadLetter."""
        letters = await self._chosen(caller, id, letter)
        count: int = await self._change(DeleteDeadLetters(id, letters))
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
        """Tell at once what every delivery would be refused for. Raises InvalidWebhook."""
        target = httpx.URL(url)
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
        try:
            return await ask(self._system.webhooks, Change(write), timeout=STORE_SECONDS)
        except ActorDeadError as error:
            raise ShuttingDown from error

    async def _store(self, message: Any) -> Any:
        try:
            return await self._system.store.ask(message).wait(STORE_SECONDS)
        except ActorDeadError as error:
            raise ShuttingDown from error


def _manages(caller: Caller, clients: tuple[ClientId, ...]) -> bool:
    """Whether the caller's key is for every client of a webhook; no clients means all of them."""
    return caller.clients is None or (bool(clients) and caller.clients.issuperset(clients))


def _insist(caller: Caller, clients: tuple[ClientId, ...]) -> None:
    if not _manages(caller, clients):
        raise Forbidden("The key is for some clients only: `clients` should list such, and no others")
