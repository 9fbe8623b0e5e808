"""The sessions of WAHA: names of clients, their state, and their life.

A name of digits that is a client's number is that client; another name is that of a client's configuration, which gets
a free number when the session is made. A client made natively is a session under its number.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ulid import ULID

from actors.clients.errors import NoSuchClient, NotReady, StartUnderWay
from actors.clients.registry.config import NAME, ClientConfig, Ignored, Proxy
from actors.clients.types import TERMINAL, ClientId, Seconds, State
from actors.waha.envelope import me_of, session_name
from actors.waha.messages import Json
from actors.waha.statuses import FAILED, STATUSES, STOPPED
from gateway.http import client_number
from gateway.schemas.configs import MASK
from gateway.security.auth import Caller, Forbidden, Scope
from gateway.security.rate_limits import address_of
from gateway.service.configs import forget_webhooks, webhooks_of
from gateway.waha import hooks
from gateway.waha.errors import BadRequest, NotFound, SessionUnknown, StatusUnexpected, Unprocessable

if TYPE_CHECKING:
    from actors.clients.protocol import Status
    from gateway.app import Gateway

RUNNING_SECONDS: Seconds = 5.0
"""How long a call waits for its session to run, as WAHA does."""
STATUS_SECONDS: Seconds = 10.0
"""How long it then waits for the status it needs."""
_LOOK: Seconds = 0.1
_NAME_WRONG = (
    "Session name can only contain alphanumeric characters, hyphens, and underscores (a-z, A-Z, 0-9, -, _), at most 54"
)
_OURS = ("metadata", "proxy", "ignore", "webhooks")
"""The parts of a configuration that have a place of their own here; the rest is kept as it came."""


class WahaSessions:
    """Belongs to one event loop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    # --- names --------------------------------------------------------------------------------------------------------

    async def find(self, name: str) -> ClientId:
        """Return the client of a session. Raises SessionUnknown."""
        client_id = self._named(name)
        if client_id is None or not await self._is_known(client_id):
            raise SessionUnknown(name)
        return client_id

    async def get(self, name: str) -> ClientId:
        """Return the client of a session, for a call about the session itself. Raises NotFound."""
        try:
            return await self.find(name)
        except SessionUnknown:
            raise NotFound("Session not found") from None

    def _named(self, name: str) -> ClientId | None:
        found = self._gateway.configs.registry.named(name)
        return found if found is not None else client_number(name.encode("utf-8", "replace"))

    async def _is_known(self, client_id: ClientId) -> bool:
        if self._gateway.configs.find(client_id).configured:
            return True
        if (await self._gateway.bridge.status(client_id)).state is not State.NOT_INITIALIZED:
            return True
        return any(status.client_id == client_id for status in await self._gateway.bridge.known())

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def expect(self, name: str, client_id: ClientId, expected: Iterable[str]) -> None:
        """Wait until the session runs and has one of these statuses, as long as WAHA does. Raises StatusUnexpected."""
        wanted = frozenset(expected)
        states = frozenset(state for state, status in STATUSES.items() if status in wanted)
        if (await self._gateway.bridge.status(client_id)).state in states:
            return
        if not await self._runs(client_id):
            raise StatusUnexpected(name, await self.status(client_id), expected)
        passing = frozenset(State) - states - TERMINAL  # only somebody's order leads out of a terminal state
        reached = await self._gateway.bridge.settled(client_id, passing, STATUS_SECONDS)
        if reached.state not in states:
            raise StatusUnexpected(name, await self.status(client_id), expected)

    async def _runs(self, client_id: ClientId) -> bool:
        """Wait for the client to run: it may be between a stop and a start."""
        deadline = asyncio.get_running_loop().time() + RUNNING_SECONDS
        while (await self._gateway.bridge.status(client_id)).state is State.NOT_INITIALIZED:
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(_LOOK)
        return True

    # --- answers ------------------------------------------------------------------------------------------------------

    async def status(self, client_id: ClientId) -> str:
        """Return WAHA's status of a session."""
        return await self._status_of(await self._gateway.bridge.status(client_id))

    async def _status_of(self, status: Status) -> str:
        if status.state is not State.NOT_INITIALIZED:
            return STATUSES[status.state]
        entry = self._gateway.configs.find(status.client_id)
        if entry.config.stopped:
            return STOPPED
        states = [change.state for change in entry.changes]
        if not states:  # not in this process; the journal remembers
            last = await self._gateway.bridge.history(status.client_id, 1)
            states = [state for change in last for state in (change.before, change.after)]
        ends = [state for state in states if state is not State.NOT_INITIALIZED]
        return FAILED if ends and ends[-1] in TERMINAL else STOPPED

    async def info(self, client_id: ClientId) -> Json:
        """Return the fields of every answer about a session."""
        status = await self._gateway.bridge.status(client_id)
        entry = self._gateway.configs.find(client_id)
        told, version = await self._status_of(status), entry.version
        works, activity = status.state is State.READY, status.last_event_at
        return {
            "name": session_name(client_id, entry),
            "status": told,
            "config": config_told(entry.config),
            "me": me_of(entry, status.state, status.phone),  # the registry hears of it a moment later
            "engine": {
                "engine": self._gateway.settings.waha_engine,
                "WWebVersion": version,
                "state": "CONNECTED" if works else None,
            },
            "presence": None,
            "timestamps": {"activity": None if activity is None else int(activity * 1000)},
            "assignedWorker": "session-manager",
            "apps": None,
        }

    async def all(self, caller: Caller) -> list[Json]:
        """Return the info of every session that the caller may see, stopped ones too, by number."""
        known = {status.client_id for status in await self._gateway.bridge.known()}
        known |= {config.client_id for config in self._gateway.configs.registry.configs()}
        return [await self.info(one) for one in sorted(known) if caller.sees(one)]

    # --- life ---------------------------------------------------------------------------------------------------------

    async def create(self, caller: Caller, name: str | None, config: Mapping[str, Any] | None) -> ClientId:
        """Make a session. Raises BadRequest, Unprocessable, Forbidden."""
        name = f"session_{str(ULID()).lower()}" if name is None else name
        if not re.fullmatch(NAME, name):
            raise BadRequest(_NAME_WRONG)
        known = self._named(name)
        _require(caller, known)
        if known is not None and await self._is_known(known):
            raise Unprocessable(f"Session '{name}' already exists. Use PUT to update it.")
        blank = ClientConfig(ClientId(0) if known is None else known, None if known is not None else name, stopped=True)
        wanted, hooks_wanted = _applied(blank, config or {}), (config or {}).get("webhooks") or []
        _require_reach(caller, blank, wanted)
        configs = self._gateway.configs
        await hooks.check(self._gateway.webhooks, hooks_wanted)
        made = await (configs.create(wanted) if known is None else configs.put(wanted))
        await self._level(caller, made.client_id, hooks_wanted, [])
        return made.client_id

    async def update(self, caller: Caller, client_id: ClientId, config: Mapping[str, Any]) -> bool:
        """Replace a session's configuration; return whether a running one has to start again for it."""
        _require(caller, client_id)
        before, wanted = self._gateway.configs.find(client_id).config, config.get("webhooks") or []
        after = _applied(before, config)
        _require_reach(caller, before, after)
        await hooks.check(self._gateway.webhooks, wanted)
        after = await self._gateway.configs.put(after)
        await self._level(caller, client_id, wanted, webhooks_of(before))
        return before.proxy != after.proxy

    async def _level(self, caller: Caller, client_id: ClientId, wanted: list[Any], before: list[str]) -> None:
        if not wanted and not before:
            return
        ids = await hooks.level(self._gateway.webhooks, caller, client_id, wanted, before)
        more = {**self._gateway.configs.find(client_id).config.more, "webhook_ids": ids}
        await self._gateway.configs.change(client_id, more=more)

    async def start(self, client_id: ClientId, scope: Any) -> None:
        """Start the session's client unless it runs. Raises RateLimited, CapacityExceeded."""
        if self._gateway.configs.find(client_id).config.stopped:
            await self._gateway.configs.change(client_id, stopped=False)
        with suppress(StartUnderWay):
            await self._gateway.rates.starts.init(self._gateway.bridge, client_id, address_of(scope))

    async def stop(self, client_id: ClientId) -> None:
        """Stop the session's client; its login stays."""
        await self._gateway.configs.change(client_id, stopped=True)
        with suppress(NoSuchClient):
            await self._gateway.bridge.stop(client_id)

    async def log_out(self, client_id: ClientId, scope: Any) -> None:
        """Log out at WhatsApp; the configuration stays. A session that ran starts again."""
        config = self._gateway.configs.find(client_id).config
        before = (await self._gateway.bridge.status(client_id)).state
        if before is State.READY:
            await self._gateway.bridge.log_out(client_id)
        else:
            with suppress(NoSuchClient):
                await self._gateway.bridge.delete(client_id)
            await self._gateway.configs.put(config)
        if before is not State.NOT_INITIALIZED:
            await self.start(client_id, scope)

    async def delete(self, client_id: ClientId) -> None:
        """Log out, stop, and forget a session with its configuration and its webhooks."""
        config = self._gateway.configs.find(client_id).config
        with suppress(NoSuchClient, NotReady):
            await self._gateway.bridge.delete(client_id)
        await forget_webhooks(self._gateway.webhooks, config)


def _require(caller: Caller, client_id: ClientId | None) -> None:
    """Check the rights on a client, a new one included."""
    if caller.clients is not None and (client_id is None or client_id not in caller.clients):
        raise Forbidden("The key is for other clients only")


def _require_reach(caller: Caller, before: ClientConfig, after: ClientConfig) -> None:
    """Check the rights on a client's proxy and webhooks, which a whole new configuration may also remove."""
    same = before.proxy == after.proxy and _hooks_of(before) == _hooks_of(after)
    if not same and not caller.may(Scope.ADMIN):
        raise Forbidden("Webhooks and proxies need a key with the scope admin, to remove them too")


def _hooks_of(config: ClientConfig) -> list[Any]:
    return config.more.get("config", {}).get("webhooks") or []


def _applied(before: ClientConfig, config: Mapping[str, Any]) -> ClientConfig:
    """Return a client's configuration as WAHA's says. Raises BadRequest."""
    metadata, ignore = config.get("metadata") or {}, config.get("ignore") or {}
    if not isinstance(metadata, Mapping) or not isinstance(ignore, Mapping):
        raise BadRequest("metadata and ignore must be objects")
    more = {name: value for name, value in config.items() if name not in _OURS and value is not None}
    if config.get("webhooks"):
        more["webhooks"] = _secrets_kept(config["webhooks"], before.more.get("config", {}).get("webhooks") or [])
    return replace(
        before,
        metadata={str(name): str(value) for name, value in metadata.items()},
        proxy=_proxy(config.get("proxy"), before.proxy),
        ignored=Ignored(**{name: bool(ignore.get(name)) for name in Ignored.__slots__}),
        more={**before.more, "config": more},
    )


def _proxy(given: Any, before: Proxy | None) -> Proxy | None:
    if not given:
        return None
    if not isinstance(given, Mapping) or not given.get("server"):
        raise BadRequest("proxy must be an object with a server such as 10.0.0.1:3128")
    name, password = given.get("username") or None, given.get("password") or None
    if password in (None, MASK) and before is not None and (before.server, before.username) == (given["server"], name):
        password = before.password
    return Proxy(str(given["server"]), name, password)


def _secrets_kept(hooks: Any, before: Iterable[Any]) -> list[Any]:
    """Return webhooks with the stored secret in the place of its mask."""
    if not isinstance(hooks, list) or not all(isinstance(hook, Mapping) for hook in hooks):
        raise BadRequest("webhooks must be a list of objects")
    known = {hook.get("url"): (hook.get("hmac") or {}).get("key") for hook in before}
    for hook in hooks:
        hmac = hook.get("hmac")
        if isinstance(hmac, dict) and hmac.get("key") == MASK:
            hmac["key"] = known.get(hook.get("url"))
    return hooks


def config_told(config: ClientConfig) -> Json:
    """Return a client's configuration in WAHA's form; passwords and keys of signatures are masked."""
    told: Json = dict(config.more.get("config", {}))
    if config.metadata:
        told["metadata"] = dict(config.metadata)
    if config.proxy is not None:
        proxy = config.proxy
        password = None if proxy.password is None else MASK
        told["proxy"] = {"server": proxy.server, "username": proxy.username, "password": password}
    if config.ignored != Ignored():
        told["ignore"] = {name: getattr(config.ignored, name) or None for name in Ignored.__slots__}
    if "webhooks" in told:
        told["webhooks"] = [_masked(hook) for hook in told["webhooks"]]
    return told


def _masked(hook: Mapping[str, Any]) -> Json:
    hmac = hook.get("hmac")
    return {**hook, "hmac": {**hmac, "key": MASK}} if isinstance(hmac, Mapping) and hmac.get("key") else dict(hook)
