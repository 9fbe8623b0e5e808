"""The settings, converted to the options of each part. Plain functions."""

from __future__ import annotations

from dataclasses import replace

import structlog

from actors.browser.options import BrowserOptions
from actors.capacity import Limit, tightest
from actors.clients.policy import Patience, Policy, Rules, Times
from actors.clients.registry.registry import ClientRegistry
from actors.inbox.rules import InboxRules
from actors.runtime import Backoff
from actors.settings import Settings
from actors.store.retention import RetentionRules
from actors.texts.hosts import is_on_loopback
from actors.waha.envelope import Environment
from actors.webhooks.addresses import Network, networks
from actors.webhooks.bodies import Bodies
from actors.webhooks.http import PostingOptions
from actors.webhooks.schedule import Growth, RetryPolicy
from actors.webhooks.sender import SenderOptions

MIB = 1024 * 1024
_EVERYWHERE = networks(["0.0.0.0/0", "::/0"])
_LOOPBACK = networks(["127.0.0.0/8", "::1/128"])

_log = structlog.get_logger("system")


def rules(settings: Settings) -> Rules:
    """Return the supervisor's rules."""
    return Rules(
        times=Times(
            patience=Patience(start=settings.start_patience, qr=settings.qr_lifetime, link=settings.link_patience),
            send=settings.send_timeout,
            close=settings.close_grace * 2,
            probe_interval=settings.probe_interval,
            probe_timeout=settings.probe_timeout,
            server_check=settings.server_check_interval,
            update_within=settings.update_within,
            update_quiet=settings.update_quiet,
        ),
        reconnection=Policy(
            Backoff(first=settings.backoff_first, cap=settings.backoff_cap),
            limit=settings.max_reconnection_attempts,
            stable_after=settings.stable_after,
        ),
        cleanup_delay=settings.cleanup_delay,
        start_concurrency=settings.start_concurrency,
        max_clients=settings.max_clients,
        client_memory=settings.client_memory * MIB,
    )


def within(rules: Rules, host: tuple[Limit, ...], wanted: int) -> Rules:
    """Return the same rules, limited to the number of clients the host has room for. Warns if more are `wanted`."""
    limit = tightest(rules.max_clients, host)
    if limit is None:
        return rules
    short = max(wanted, rules.max_clients) > limit.clients
    _log.log(30 if short else 20, "system.room", clients=limit.clients, limit=limit.name, wanted=wanted)
    return replace(rules, max_clients=limit.clients, limited_by=limit.name)


def retention_rules(settings: Settings) -> RetentionRules:
    """Return the store's retention rules."""
    return RetentionRules(
        events=settings.event_retention,
        events_kept=settings.event_limit,
        events_bytes=settings.event_retention_size * MIB,
        messages=settings.message_retention,
        received_bytes=settings.media_in_size * MIB,
    )


def inbox_rules(settings: Settings) -> InboxRules:
    """Return the rules for files that come in with messages."""
    return InboxRules(
        types=settings.media_in_types,
        largest=settings.media_in_max * MIB,
        together=settings.media_in_size * MIB,
        lifetime=settings.media_in_lifetime,
        wait=settings.media_in_wait,
    )


def reachable(settings: Settings) -> tuple[Network, ...]:
    """Return the networks that webhooks may reach besides the public internet."""
    return _inner(settings, "webhook_allow_private")


def fetchable(settings: Settings) -> tuple[Network, ...]:
    """Return the networks that files may be fetched from besides the public internet."""
    return _inner(settings, "media_allow_private")


def _inner(settings: Settings, name: str) -> tuple[Network, ...]:
    """Return what a setting opens. Unless it is set, a service whose WhatsApp is a sandbox reaches this machine."""
    if getattr(settings, name):
        return _EVERYWHERE
    plays = is_on_loopback(settings.whatsapp_url) and name not in settings.model_fields_set
    return _LOOPBACK if plays else ()


def posting(settings: Settings) -> PostingOptions:
    """Return the options of the poster that sends to webhooks."""
    connect = min(settings.webhook_timeout, PostingOptions().connect)
    return PostingOptions(connect=connect, deadline=settings.webhook_timeout, allowed=reachable(settings))


def sending(settings: Settings) -> SenderOptions:
    """Return the options of the sender that decides about deliveries."""
    retry = RetryPolicy(
        Growth(settings.webhook_retry_growth),
        delay=settings.webhook_retry_delay,
        attempts=settings.webhook_attempts,
        cap=max(settings.webhook_retry_delay, settings.webhook_retry_cap),
        give_up_after=settings.webhook_give_up_after,
    )
    # Beside the store, the last to end: attempts in progress must not use up the whole time of a stop.
    grace = min(SenderOptions().stop_grace, settings.shutdown_timeout / 10)
    return SenderOptions(retry, keep_dead_letters=settings.dead_letter_retention, stop_grace=grace)


def bodies(settings: Settings, registry: ClientRegistry) -> Bodies:
    """Return the maker of webhooks' bodies."""
    return Bodies(registry, environment(settings))


def environment(settings: Settings) -> Environment:
    """Return what WAHA's events and calls tell of the surroundings."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "http" if settings.tls_cert is None else "https"
    reached = settings.public_url or f"{scheme}://{host}:{settings.port}{settings.path_prefix or ''}"
    browser = str(settings.chromium or "chromium")
    return Environment(settings.waha_engine, browser, base_url=reached.rstrip("/"))


def browser_options(settings: Settings) -> BrowserOptions:
    """Return the browser's options."""
    return BrowserOptions(
        data_dir=settings.data_dir,
        whatsapp_url=settings.whatsapp_url,
        chromium=settings.chromium,
        chromium_args=settings.chromium_args,
        hosts=settings.chromium_hosts,
        no_sandbox=settings.no_sandbox,
        user_agent=settings.user_agent,
        proxy_from_environment=settings.proxy_from_environment,
        qr_url=settings.qr_form == "url",
        start_patience=settings.start_patience,
        close_grace=settings.close_grace,
        send_patience=settings.send_timeout,
        server_patience=settings.server_check_timeout,
        profile_limit=settings.profile_limit,
        largest_received=settings.media_in_max * MIB,
    )
