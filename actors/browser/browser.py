"""Chromium as the Browser port: opens pages, owns the profiles, runs in one loop thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

import structlog

from actors.browser import orphans, wa_js
from actors.browser.chromium import command_line
from actors.browser.chromium.command_line import Build
from actors.browser.chromium.process import usage_of
from actors.browser.launch import BrowserContext
from actors.browser.loop import BrowserLoop
from actors.browser.options import BrowserOptions, BrowserUnavailable
from actors.browser.page import ChromiumPage
from actors.browser.page_events import Standing, nothing_stands
from actors.browser.profiles import ProfileInUse, Profiles
from actors.browser.profiles.file_threads import FileThreads
from actors.browser.wa_js import WaJs
from actors.clients.protocol import BrowserGone
from actors.clients.types import ClientId, Reason, Seconds

if TYPE_CHECKING:
    from actors.clients.ports import Dropped, Tell, Usage
    from actors.clients.registry.config import Proxy

__all__ = ["BrowserOptions", "BrowserUnavailable", "ChromiumBrowser"]

STARVED_SHARE = 0.4
"""The share of the start's patience after which a page that is not full ready reports its lacks, before it is given up.
"""
_AFTER_KILL: Seconds = 2.0
"""The least time for killing, even if less is left."""

_log = structlog.get_logger("browser")


class ChromiumBrowser:
    """A Browser. `start` and `stop` belong to one thread and block; everything else may be called by any, and does not.

    `died` gets one sentence, in any thread, if the loop thread ends or is stuck: nothing works any more then. `proxy`
    and `since` are asked for each start of a page; they are called on the loop or by whoever opens it, and never block.
    `standing` is awaited on the loop once a page is Ready.
    """

    def __init__(
        self,
        options: BrowserOptions,
        *,
        died: Callable[[str], None] = lambda _: None,
        proxy: Callable[[ClientId], Proxy | None] = lambda _: None,
        since: Callable[[ClientId], Seconds] = lambda _: 0.0,
        standing: Standing = nothing_stands,
    ) -> None:
        self._options, self._died, self._proxy, self._since = options, died, proxy, since
        self._standing = standing
        self._profiles = Profiles(options.data_dir, options.profile_limit * 2**20)
        self._found: tuple[WaJs, Build] | None = None
        self._context: BrowserContext | None = None
        self._pages: set[ChromiumPage] = set()
        self._changed = threading.Condition()
        self._stopped = False
        self.versions: Mapping[str, str] = {}
        """The versions by name, once started: `{"wa_js": "4.6.0", "chromium": "156.0.8078.79", "chromium_build": …}`.
        """

    @property
    def lag(self) -> Seconds:
        """The last response time of the loop."""
        return self._context.loop.lag if self._context is not None else 0.0

    def usages(self) -> Mapping[ClientId, Usage]:
        """Return the usage of each page's processes. Blocks while they are measured; any thread."""
        with self._changed:
            roots = {page.client_id: page.pid for page in self._pages if page.pid is not None}
        measured = usage_of(roots.values())
        return {client_id: measured[pid] for client_id, pid in roots.items() if pid in measured}

    def logins(self) -> frozenset[ClientId]:
        """Return the clients whose login is stored, running or not. Blocks for a moment; any thread."""
        return self._profiles.marks.all()

    def check(self) -> None:
        """Check that pages have everything they need, before `start`.

        Blocks for a moment. Raises BrowserUnavailable.
        """
        self._found = wa_js.load(self._options.wa_js or wa_js.PACKAGE), command_line.find_build(self._options.chromium)
        self._profiles.create()
        self._profiles.marks.load()

    def start(self) -> None:
        """Get ready to open pages; Chromiums left by an earlier service are ended first. Raises BrowserUnavailable."""
        if self._found is None:
            self.check()
        assert self._found is not None
        bundle, build = self._found
        orphans.reap(self._profiles)
        self.versions = {"wa_js": bundle.version, "chromium": build.version, "chromium_build": build.path.name}
        loop = BrowserLoop(self._died)
        loop.start()
        self._stopped = False
        self._context = BrowserContext(
            self._options,
            build,
            wa_js.script(
                bundle,
                self._options.whatsapp_url,
                self._options.start_patience * STARVED_SHARE,
                qr_url=self._options.qr_url,
            ),
            self._profiles,
            loop,
            self._profiles.files,
            FileThreads(),
            self._proxy,
            self._since,
            self._standing,
        )
        self._profiles.marks.load()
        _log.info("browser.started", **self.versions)

    def sweep(self, known: Collection[ClientId]) -> None:
        """Delete the profiles that have no login, and belong to no known client. Blocks; before any page is opened."""
        orphans.sweep(self._profiles, known)

    def stop(self, seconds: Seconds) -> bool:
        """Kill everything left within `seconds`, and end the threads; return True if all of it has ended."""
        context = self._context
        if context is None:
            return True
        deadline = time.monotonic() + max(seconds, _AFTER_KILL)
        with self._changed:
            self._stopped = True
            left = list(self._pages)
            for page in left:
                page.kill()
            gone = self._changed.wait_for(lambda: not self._pages, max(0.0, deadline - time.monotonic()))
        ended = context.loop.stop(max(_AFTER_KILL, deadline - time.monotonic()))
        for threads in (context.files, context.media):
            ended &= threads.ended(max(_AFTER_KILL, deadline - time.monotonic()))
        _log.log(30 if left else 20, "browser.stopped", killed=len(left), all_gone=gone and ended)
        return gone and ended

    def open(self, client_id: ClientId, tell: Tell) -> ChromiumPage:
        """See the port. Raises RuntimeError before the first `start`."""
        context = self._context
        if context is None:
            raise RuntimeError("The browser is not started")
        page = ChromiumPage(context, client_id, tell, self._page_gone)
        with self._changed:
            if not self._stopped:
                self._pages.add(page)
        if page not in self._pages or not context.loop.call(page.begin):
            self._page_gone(page)
            tell(BrowserGone(Reason.CHROMIUM_FAILED, "The browser is stopped"))
        return page

    def has_login(self, client_id: ClientId) -> bool:
        """See the port."""
        return self._profiles.marks.has(client_id)

    def keep_login(self, client_id: ClientId) -> None:
        """See the port. If it cannot be written, a start finds the login all the same."""
        self._profiles.marks.keep(client_id)

    def has_profile(self, client_id: ClientId) -> bool:
        """See the port."""
        return self._profiles.marks.exist(client_id)

    def drop_login(self, client_id: ClientId, then: Dropped = lambda _: None) -> None:
        """See the port."""

        def marked(mark: Future[None]) -> None:
            context, error = self._context, mark.exception()
            if error is not None:
                then(self._undeleted(client_id, error))
            elif context is None or not context.loop.call(erase, context):
                then(None)  # the next start deletes it

        def erase(context: BrowserContext) -> None:
            context.loop.run(self._erase(client_id, then), f"erase-{client_id}")

        self._profiles.marks.drop(client_id).add_done_callback(marked)

    async def _erase(self, client_id: ClientId, then: Dropped) -> None:
        try:
            await self._profiles.erase(client_id)
        except (ProfileInUse, OSError) as error:
            _log.error("profile.not_deleted", client=client_id, error=str(error))
            then(self._undeleted(client_id, error))
        else:
            then(None)

    def _undeleted(self, client_id: ClientId, error: BaseException) -> str:
        return f"{self._profiles.of(client_id).directory}: {error}"

    def _page_gone(self, page: ChromiumPage) -> None:
        with self._changed:
            self._pages.discard(page)
            self._changed.notify_all()
