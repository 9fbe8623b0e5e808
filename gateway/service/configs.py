"""The configurations of clients, as the gateway changes them: on disk first, then in the registry that all read."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.clients.registry.config import ClientConfig
from actors.store.rows.configs import CreateConfig, PutConfig
from actors.store.webhooks import NoSuchWebhook
from gateway.http import InvalidRequest
from gateway.security.auth import ANYONE
from gateway.service.bridge import ask_store

if TYPE_CHECKING:
    from actors.clients.registry.registry import ClientRegistry, Registered
    from actors.clients.types import ClientId
    from actors.store.store import Store
    from gateway.service.webhooks import Webhooks


class Configs:
    """Belongs to one event loop. Raises the store's refusals, Starting, ShuttingDown, MailboxFull, pykka.Timeout."""

    def __init__(self, store: Callable[[], Store], registry: ClientRegistry) -> None:
        self._store, self.registry = store, registry

    def find(self, client_id: ClientId) -> Registered:
        """Return what is known of a client."""
        return self.registry.find(client_id)

    async def put(self, config: ClientConfig) -> ClientConfig:
        """Store a configuration in place of an earlier one. Raises InvalidRequest, NameTaken."""
        _check(config)
        return await self._write(PutConfig(config, time.time()))

    async def create(self, config: ClientConfig) -> ClientConfig:
        """Store the configuration of a client that has a name only, under a free number. Raises as `put`."""
        _check(config)
        return await self._write(CreateConfig(config, time.time()))

    async def change(self, client_id: ClientId, **changes: Any) -> ClientConfig:
        """Change some fields of a client's configuration. Raises as `put`."""
        return await self.put(replace(self.find(client_id).config, **changes))

    async def _write(self, message: Any) -> ClientConfig:
        written: ClientConfig = await ask_store(self._store, message)
        self.registry.put(written)
        return written


def webhooks_of(config: ClientConfig) -> list[str]:
    """Return the ids of the webhooks that belong to a configuration, and end with it."""
    return [str(id) for id in config.more.get("webhook_ids", ())]


async def forget_webhooks(webhooks: Webhooks, config: ClientConfig) -> None:
    """Delete the webhooks that belong to a configuration; those that are gone are no trouble."""
    for id in webhooks_of(config):
        with suppress(NoSuchWebhook):
            await webhooks.delete(ANYONE, id)


def _check(config: ClientConfig) -> None:
    fault = config.proxy.fault if config.proxy is not None else None
    if fault is not None:
        raise InvalidRequest(f"proxy should {fault}")
    if config.name is not None and config.name.isdigit():
        raise InvalidRequest("name should not be digits alone: those are numbers of clients")
