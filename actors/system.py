"""The composition root: builds the tree in order, tears it down in reverse.

    claim of the data directory ◄ store ◄ media ◄ retention, webhooks, outbox, inbox ◄ browser ◄ supervisor (◄ clients)

It decides nothing. Every resource that `start` takes is released by a callback registered right there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol, Self

import structlog
from pykka import ActorDeadError, Timeout

from actors.backups import STORE_SECONDS, forget_restores
from actors.capacity import host_limits
from actors.clients.bans import BanEvidence
from actors.clients.canary import Canary, CanaryJournal
from actors.clients.errors import Starting
from actors.clients.ports import Browser, Usage
from actors.clients.protocol import ShutDown
from actors.clients.registry.directory import Directory
from actors.clients.registry.registry import ClientRegistry, RegistryJournal, RegistrySessions
from actors.clients.supervisor import Resume, Supervisor
from actors.clients.types import ClientId, Seconds
from actors.inbox.held_chats import HeldChats
from actors.inbox.inbox import Inbox
from actors.inbox.journal import InboxJournal
from actors.media.folder import MIB, MediaFolder
from actors.media.media import MediaStore
from actors.media.retention import DeleteMediaNow, MediaRetention
from actors.metrics.counters import CountingJournal
from actors.metrics.gauges import Sources, Usages
from actors.metrics.metrics import Metrics
from actors.metrics.timing import TimedBrowser, TimedPoster
from actors.options import bodies, browser_options, inbox_rules, posting, retention_rules, rules, sending, within
from actors.outbox.account_log import log_changes
from actors.outbox.client_queue import Pace
from actors.outbox.dispatcher import Dispatcher
from actors.outbox.readiness import ReadinessJournal
from actors.refusals import database_of, refused
from actors.runtime import SYSTEM_CLOCK, Refusal, wait_ended
from actors.settings import Settings
from actors.store.journal import StoreJournal, StoreSessions
from actors.store.origin import check_origin, origin_of
from actors.store.ownership import claim_all
from actors.store.retention import Retention
from actors.store.rows.configs import GetConfigs
from actors.store.rows.held import GetHeldEvents
from actors.store.rows.keys import ApiKey, read_keys
from actors.store.rows.reactions import GetStandingReactions
from actors.store.sessions import GetSessions, GetWantedSessions
from actors.store.store import Store, open_store
from actors.watch import Watch
from actors.webhooks.http import HttpPoster
from actors.webhooks.protocol import GetSending
from actors.webhooks.sender import Sender

if TYPE_CHECKING:
    from pykka import ActorRef

    from actors.browser.page_events import Standing

VERSION = version("session-manager")
URGENT = 8
"""The lowest priority of messages that skip the pace: codes that somebody waits for."""
CLIENTS_SHARE = 0.75
"""The share of `shutdown_timeout` in which clients end, by themselves or killed; the rest is for the other parts."""
SUPERVISOR_SHARE = 0.9
"""The share of it after which the supervisor is not awaited any more: something must be stuck."""

_log = structlog.get_logger("system")


class RunningBrowser(Browser, Protocol):
    """A Browser that can be started and stopped. `actors.browser` has two."""

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions: `{"wa_js": "4.6.0", …}`."""

    @property
    def lag(self) -> Seconds:
        """The last response time of its loop, or the time without a response."""

    def usages(self) -> Mapping[ClientId, Usage]:
        """Return the usage of each page's processes. Blocks while they are measured."""

    def logins(self) -> frozenset[ClientId]:
        """Return the clients whose login is stored, running or not. Blocks for a moment; any thread."""

    def check(self) -> None:
        """Check that `start` has everything it needs. Raises BrowserUnavailable."""

    def start(self) -> None:
        """Get ready to open pages. Raises BrowserUnavailable."""

    def sweep(self, known: Collection[ClientId]) -> None:
        """Delete what is stored of clients that are not known, and have no login. Before any page is opened."""

    def stop(self, seconds: Seconds) -> bool:
        """Kill everything left within `seconds`; return True if all of it has ended."""


class System:
    """All actors of one service. `start` and `stop` block, and belong to one thread; the rest may be used from any.

    `browser` is Chromium by default. `fatal` gets one sentence, in the thread of the part, when an indispensable part
    has died: then stop the system in another thread, end the process, and have it started again.
    """

    def __init__(
        self,
        settings: Settings,
        browser: RunningBrowser | None = None,
        *,
        fatal: Callable[[str], None] = lambda why: _log.critical("system.broken", why=why),
    ) -> None:
        self._settings, self._watch = settings, Watch(fatal)
        self.registry = ClientRegistry()
        self._browser = browser or _chromium(settings, self._watch.died, self.registry, self._standing_reactions)
        self._directory = Directory()
        usages = Usages(self._browser.usages)
        self.canary = Canary(SYSTEM_CLOCK)
        sources = Sources(self._actors, lambda: self._directory, lambda: self.lag, usages.latest, self.canary.look)
        self.metrics = Metrics(sources)
        self._supervisor: ActorRef[Supervisor] | None = None
        self._store: Store | None = None
        self._media: MediaStore | None = None
        self._media_retention: ActorRef[MediaRetention] | None = None
        self._outbox: ActorRef[Dispatcher] | None = None
        self._inbox: ActorRef[Inbox] | None = None
        self._webhooks: ActorRef[Sender] | None = None
        self._opened = ExitStack()
        self._orderly = True
        self._deadline = 0.0

    def __enter__(self) -> Self:
        """Start for a `with` block, which ends with `stop`. Raises StartRefused."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def supervisor(self) -> ActorRef[Any]:
        """The supervisor, which answers Init, Delete, GetClients. Raises Starting before `start` has finished."""
        if self._supervisor is None:
            raise Starting
        return self._supervisor

    @property
    def store(self) -> Store:
        """The store. Raises Starting before `start` has finished."""
        if self._store is None:
            raise Starting
        return self._store

    @property
    def media(self) -> MediaStore:
        """The media store. Raises Starting before `start` has finished."""
        if self._media is None:
            raise Starting
        return self._media

    @property
    def outbox(self) -> ActorRef[Any]:
        """The outbox: answers Await; takes Queued and GiveUp. Raises Starting before `start` has finished."""
        if self._outbox is None:
            raise Starting
        return self._outbox

    @property
    def media_retention(self) -> ActorRef[Any]:
        """The actor that deletes files: answers DeleteMediaNow. Raises Starting before `start` has finished."""
        if self._media_retention is None:
            raise Starting
        return self._media_retention

    @property
    def inbox(self) -> ActorRef[Any]:
        """The inbox: answers FetchFile. Raises Starting before `start` has finished."""
        if self._inbox is None:
            raise Starting
        return self._inbox

    @property
    def webhooks(self) -> ActorRef[Any]:
        """The sender of webhooks: answers Change and GetSending. Raises Starting before `start` has finished."""
        if self._webhooks is None:
            raise Starting
        return self._webhooks

    @property
    def lag(self) -> Seconds:
        """The last response time of the browser's loop, or the time without a response."""
        return self._browser.lag

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of the parts, by name."""
        return {"session_manager": VERSION, **self._browser.versions}

    def find(self, client_id: ClientId) -> ActorRef[Any] | None:
        """Return the client's actor, if it runs."""
        return self._directory.find(client_id)

    def logins(self) -> frozenset[ClientId]:
        """Return the clients whose login is stored, running or not. Blocks for a moment."""
        return self._browser.logins()

    def keys(self) -> tuple[ApiKey, ...]:
        """Return the API keys, read before `start`. Blocks. Raises StartRefused."""
        with refused(self._settings):
            return read_keys(database_of(self._settings))

    def check(self) -> None:
        """Check that the data directory is free, that the store belongs to this WhatsApp, and that the browser has what
        it needs. Blocks. Raises StartRefused.

        A command checks this first, before any other output or action.
        """
        database = database_of(self._settings)
        with refused(self._settings), claim_all(self._settings.data_dir, database):
            check_origin(database, origin_of(self._settings.whatsapp_url))
            self._browser.check()

    def start(self) -> None:
        """Build the tree, and let the clients that ran before resume; they need not be READY.

        Raises StartRefused: then nothing is held any more.
        """
        settings, database = self._settings, database_of(self._settings)
        with ExitStack() as opened, refused(settings), self._watch.start():
            opened.enter_context(claim_all(settings.data_dir, database))
            forget_restores(settings)
            self._supervisor = self._store = self._media = self._outbox = self._inbox = self._webhooks = None
            self._media_retention = None
            self._directory = Directory()
            store = open_store(database, alone=True, origin=origin_of(settings.whatsapp_url), watcher=self._watch)
            opened.callback(self._close_store, store)
            store.subscribe(self.metrics.counters.published)
            store.subscribe(log_changes)
            media = MediaStore(
                MediaFolder(settings.data_dir, settings.media_max * MIB or None), store, settings.media_lifetime
            )
            opened.callback(self._close_media, media)
            media.prepare(timeout=STORE_SECONDS)
            wanted = store.ask(GetWantedSessions()).get(timeout=STORE_SECONDS)
            known = store.ask(GetSessions()).get(timeout=STORE_SECONDS)
            self.canary.remember(
                {
                    session.client_id: (session.whatsapp_version, session.version_seen_at)
                    for session in known
                    if session.whatsapp_version is not None and session.version_seen_at is not None
                },
                {session.client_id: session.receipts for session in known if session.receipts},
            )
            configs = store.ask(GetConfigs()).get(timeout=STORE_SECONDS)
            self.registry.fill(
                configs,
                {session.client_id: session.phone for session in known},
                {session.client_id: session.linked_since for session in known},
            )
            retention = Retention.start(store, retention_rules(settings), watcher=self._watch)
            opened.callback(self._stop_actor, retention)
            media_retention = MediaRetention.start(media, watcher=self._watch)
            opened.callback(self._stop_actor, media_retention)
            poster = TimedPoster(HttpPoster(posting(settings)), self.metrics.counters)
            webhooks = Sender.start(
                store, poster, sending(settings), bodies=bodies(settings, self.registry), watcher=self._watch
            )
            opened.callback(self._stop_actor, webhooks)
            webhooks.ask(GetSending(), timeout=STORE_SECONDS)  # It is running.
            outbox = Dispatcher.start(
                store, self.find, pace=Pace(settings.send_pace, urgent=URGENT), watcher=self._watch
            )
            opened.callback(self._stop_actor, outbox)
            held, received = HeldChats(), inbox_rules(settings)
            waiting = held.count(store.ask(GetHeldEvents()).get(timeout=STORE_SECONDS))
            inbox = Inbox.start(
                store,
                media,
                self.find,
                held,
                received,
                waiting,
                freed=lambda: media_retention.ask(DeleteMediaNow(), block=False),
                watcher=self._watch,
            )
            opened.callback(self._stop_actor, inbox)
            recorded = StoreJournal(store, holds=settings.account_change == "hold")
            journal = InboxJournal(recorded, inbox, held, received)
            self._browser.start()
            opened.callback(self._stop_browser)
            self._browser.sweep({session.client_id for session in known} | {config.client_id for config in configs})
            sessions = StoreSessions(store)
            counting = CountingJournal(ReadinessJournal(journal, outbox), self.metrics.counters)
            supervisor = Supervisor.start(
                TimedBrowser(self._browser, self.metrics.counters),
                self._directory,
                journal=RegistryJournal(CanaryJournal(counting, self.canary, sessions.receipts), self.registry),
                sessions=RegistrySessions(sessions, self.registry),
                rules=within(rules(settings), host_limits(settings.max_connections), len(wanted)),
                pairings={
                    session.client_id: BanEvidence(session.paired_at, session.early_logouts, session.phone)
                    for session in known
                },
                watcher=self._watch,
            )
            opened.callback(self._shut_down, supervisor)
            # Answered once all of them are there: callers find them from the first moment, and may send to them.
            supervisor.ask(Resume(tuple(session.client_id for session in wanted)), timeout=STORE_SECONDS)
            # The supervisor last: once callers see clients, everything else exists as well.
            self._store, self._media, self._outbox, self._webhooks = store, media, outbox, webhooks
            self._media_retention, self._inbox, self._supervisor = media_retention, inbox, supervisor
            self._orderly = True
            self._opened = opened.pop_all()

    def _actors(self) -> Mapping[str, ActorRef[Any]]:
        """Return the actors whose mailboxes are measured, by name."""
        store = self._store
        found: dict[str, ActorRef[Any] | None] = {
            "supervisor": self._supervisor,
            "outbox": self._outbox,
            "inbox": self._inbox,
            "webhooks": self._webhooks,
        }
        if store is not None:
            found |= {"store-writer": store.writer, "store-reader": store.reader}
        return {name: ref for name, ref in found.items() if ref is not None}

    def stop(self) -> bool:
        """Close everything within `shutdown_timeout`, never logging out; the rest is killed.

        False if even so something has not ended: a Chromium, an actor, the store.
        """
        self._watch.rest()
        self._deadline = time.monotonic() + self._settings.shutdown_timeout
        opened, self._opened = self._opened, ExitStack()
        opened.close()
        return self._orderly

    def _shut_down(self, supervisor: ActorRef[Supervisor]) -> None:
        seconds = self._settings.shutdown_timeout * SUPERVISOR_SHARE
        try:
            supervisor.ask(ShutDown(self._settings.shutdown_timeout * CLIENTS_SHARE), timeout=seconds)
        except (Timeout, ActorDeadError) as error:
            _log.error("system.not_closed_in_time", seconds=seconds, cause=repr(error))
            self._orderly = False

    def _stop_browser(self) -> None:
        """Kill the pages that did not close. Then the last actors can end as well."""
        self._orderly &= self._browser.stop(self._left())
        if self._supervisor is not None:
            self._supervisor.stop(block=False)
            self._orderly &= wait_ended(self._supervisor, timeout=self._left())

    def _stop_actor(self, ref: ActorRef[Any]) -> None:
        ref.stop(block=False)
        if not wait_ended(ref, timeout=max(self._left(), 1.0)):
            _log.error("system.actor_not_stopped", actor=ref.actor_class.__name__)
            self._orderly = False

    def _close_media(self, media: MediaStore) -> None:
        if not all(threads.close(max(self._left(), 1.0)) for threads in (media.threads, media.converters)):
            _log.error("system.media_not_closed", reason="the disk does not answer")
            self._orderly = False

    def _close_store(self, store: Store) -> None:
        try:
            store.close(timeout=max(self._left(), 1.0))
        except Timeout:
            _log.error("system.store_not_closed")
            self._orderly = False

    async def _standing_reactions(self, client_id: ClientId) -> Sequence[Mapping[str, Any]]:
        """Return the reactions that were told of a client and stand; none if the store does not answer."""
        try:
            return await self.store.ask(GetStandingReactions(client_id)).wait(STORE_SECONDS)
        except (Refusal, Timeout, ActorDeadError) as error:
            _log.warning("system.reactions_not_read", client=client_id, cause=repr(error))
            return ()

    def _left(self) -> Seconds:
        return max(0.0, self._deadline - time.monotonic())


def _chromium(
    settings: Settings, died: Callable[[str], None], registry: ClientRegistry, standing: Standing
) -> RunningBrowser:
    # Imported here: a program with a browser of its own does not load pyppeteer.
    from actors.browser.browser import ChromiumBrowser

    return ChromiumBrowser(
        browser_options(settings), died=died, proxy=registry.proxy, since=registry.linked_since, standing=standing
    )
