"""The webhooks of a session's configuration: ours, in WAHA's envelope, one or two for each of its.

A webhook delivers each of our events once, and one message is two events of WAHA: `message` and `message.any`. A
webhook that wants both is therefore two of ours. They belong to the configuration, which keeps their ids: they change
and end with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.store.webhooks import NoSuchWebhook
from actors.waha.events import EVERY_MESSAGE, KNOWN, wanted
from actors.webhooks.definition import Format, is_pattern
from gateway.calls import NOBODY
from gateway.security.auth import ANYONE, Caller
from gateway.waha.errors import BadRequest

if TYPE_CHECKING:
    from actors.clients.types import ClientId
    from gateway.service.webhooks import Webhooks

_POLICIES = ("constant", "linear", "exponential")


def wishes_of(client_id: ClientId, hook: Any) -> Iterator[dict[str, Any]]:
    """Yield the fields of our webhooks for one of WAHA's. Raises BadRequest."""
    if not isinstance(hook, dict) or not isinstance(hook.get("url"), str):
        raise BadRequest("each of webhooks must be an object with a url")
    retries, headers = hook.get("retries") or {}, hook.get("customHeaders") or []
    policy = retries.get("policy")
    if policy is not None and policy not in _POLICIES:
        raise BadRequest(f"retries.policy must be one of the following values: {', '.join(_POLICIES)}")
    common = {
        "url": hook["url"],
        "clients": [client_id],
        "secret": (hook.get("hmac") or {}).get("key") or None,
        "headers": {str(one.get("name")): str(one.get("value")) for one in headers},
        "retry_growth": policy,
        "retry_delay": retries.get("delaySeconds"),
        "retry_attempts": retries.get("attempts"),
        "format": str(Format.WAHA),
    }
    for names in _deliveries(hook.get("events") or ["*"]):
        yield {**common, "events": names}


def _deliveries(events: Iterable[Any]) -> Iterator[list[str]]:
    """Yield lists of names of which no two mean the same event of ours. Names that WAHA has not are as good as none."""
    patterns = [text for text in map(str, events) if is_pattern(text)]
    names = sorted(name for name in KNOWN if wanted(patterns, name))
    others = [name for name in names if name != EVERY_MESSAGE]
    if others:
        yield others
    if EVERY_MESSAGE in names:
        yield [EVERY_MESSAGE]


async def check(webhooks: Webhooks, hooks: Iterable[Any]) -> None:
    """Check all webhooks of a configuration, before any of it is kept. Raises BadRequest, InvalidWebhook."""
    for wish in [wish for hook in hooks for wish in wishes_of(NOBODY, hook)]:
        await webhooks.check({**wish, "clients": []})


async def level(
    webhooks: Webhooks, caller: Caller, client_id: ClientId, hooks: Iterable[Any], before: Iterable[str]
) -> list[str]:
    """Bring our webhooks level with a configuration; return their ids. `before`: those of the last one.

    The caller may do that: it was checked.

    One with the same address and events is changed, so that its undelivered events stay. Raises BadRequest,
    InvalidWebhook.
    """
    maker = replace(ANYONE, key_id=caller.key_id)
    wishes = [wish for hook in hooks for wish in wishes_of(client_id, hook)]
    known = [webhook for webhook in await webhooks.all(ANYONE) if webhook.id in set(before)]
    ids: list[str] = []
    for wish in wishes:
        same = next((one for one in known if (one.url, [*one.events]) == (wish["url"], wish["events"])), None)
        if same is None:
            created, _, _ = await webhooks.create(maker, wish)
            ids += [created.id] if created.id not in ids else []
        else:
            known.remove(same)
            ids.append((await webhooks.change(maker, same.id, wish)).id)
    for left in known:
        try:
            await webhooks.delete(ANYONE, left.id)
        except NoSuchWebhook:
            continue
    return ids
