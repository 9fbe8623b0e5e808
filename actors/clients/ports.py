"""The ports of a client to the outside. `actors.browser` implements them twice: for Chromium, and as a fake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from actors.clients.bans import BanEvidence
from actors.clients.events import AccountEvent
from actors.clients.operations import Operation
from actors.clients.page_contract import PageContract
from actors.clients.protocol import PageFact
from actors.clients.types import ClientId, LinkedAccount, Reason, Seconds, State

Tell = Callable[[PageFact], None]
"""Passes one fact to the page's owner. Called on the browser's thread; never blocks, never raises."""

Dropped = Callable[[str | None], object]
"""Takes the outcome of a deletion: None, or one sentence that says what is left and why. Any thread; never blocks."""


class Page(Protocol):
    """One WhatsApp Web page with storage of its own. Any thread may call; no call blocks or raises; answers are facts.

    `BrowserGone` is sent exactly once in any case, as the last fact, when no process of the page is left.
    """

    def call(self, order: str, operation: Operation[Any]) -> None:
        """Run an operation. Ends in one Answered, Refused or OutcomeUnknown with this `order`, or in nothing if the
        page goes away or hangs: the caller keeps a deadline.

        Operations that send run in the order of their calls; `order` is the bare id the message will have (`3EB0…`,
        `draw_message_id`). They always end before BrowserGone.
        """

    def probe(self, token: int) -> None:
        """Ends in Probed(token) if the page's own event loop turns; in nothing if it does not."""

    def ask_server(self, token: int) -> None:
        """Query WhatsApp's server without effect.

        Ends in ServerAnswered or ServerSilent with this token; in nothing if the page cannot query, or is gone.
        """

    def reload(self) -> None:
        """Reload WhatsApp Web in the same browser. Ends in PageReloaded, and then as a start does."""

    def close(self) -> None:
        """End gracefully: stored data stays. Killed after a grace of a few seconds. Never logs out."""

    def kill(self) -> None:
        """End the whole process group now."""


class Browser(Protocol):
    """Opens pages, and owns the profile directories they store their logins in. Any thread may call."""

    def open(self, client_id: ClientId, tell: Tell) -> Page:
        """Open WhatsApp Web on this client's profile. Returns at once; the rest is facts.

        A page still closing on the same profile is waited for first: one profile, one owner. Loading is retried within
        the start's patience; a failure ends in BrowserGone(CHROMIUM_FAILED | PROFILE_IN_USE | PROFILE_UNUSABLE |
        DISK_FULL | PAGE_UNREACHABLE | PAGE_REFUSED | PAGE_FOREIGN | PROXY_UNREACHABLE | PROXY_LOGIN_REFUSED |
        CERTIFICATE_INVALID | BROWSER_UNSUPPORTED | WA_JS_NOT_READY | WA_JS_OUTDATED).
        """

    def has_login(self, client_id: ClientId) -> bool:
        """Return True if a login of this client is stored, as far as reported. Never blocks."""

    def keep_login(self, client_id: ClientId) -> None:
        """Record that the profile holds a login. Never blocks: it is written in the background."""

    def has_profile(self, client_id: ClientId) -> bool:
        """Return True if the client has a profile directory, with a login or without. Never blocks."""

    def drop_login(self, client_id: ClientId, then: Dropped = lambda _: None) -> None:
        """Forget the login: the profile is deleted once no page is open on it, before the next page opens.

        Never blocks: `then` is called once all of it is deleted, or cannot be. If it is not called, the disk does not
        answer, or a page does not end.
        """


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of one client's browser: its processes, their PSS in bytes, the processor time (seconds) of those now
    alive.
    """

    processes: int
    pss: int
    cpu: Seconds


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state, for the journal. `event` is the name of the event's type; `at` is epoch seconds.

    `request_id` names the call that caused it, if any. `account` is the account that a client which is READY is linked
    to.
    """

    client_id: ClientId
    before: State
    after: State
    event: str
    reason: Reason | None
    text: str | None
    at: Seconds
    request_id: str | None = None
    account: LinkedAccount | None = None

    @property
    def pairs(self) -> bool:
        """True if a phone has accepted the code: what is in the page's memory from before is another device's."""
        return self.before is State.QR_REQUIRED and self.after in (State.INITIALIZING, State.READY)


class Journal(Protocol):
    """The store of a client's history. Any thread may call; nothing blocks or raises."""

    def changed(self, transition: Transition) -> None:
        """Write one change of state."""

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Write one account event."""

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Take the contents of the client's page contract; called when they differ from the last."""


class Sessions(Protocol):
    """The store of the clients that are to run, kept over restarts. Any thread may call; nothing blocks or raises."""

    def want(self, client_id: ClientId) -> None:
        """Record that the client is to run, also after a restart of the service."""

    def release(self, client_id: ClientId) -> None:
        """Record that the client is no longer wanted."""

    def was_ready(self, client_id: ClientId, *, ready: bool = True) -> None:
        """Record that the client has reached READY, so that it resumes before those that never did; or that it shows
        codes again.
        """

    def paired(self, client_id: ClientId, pairing: BanEvidence) -> None:
        """Record the client's pairing; the supervisor gets it back at its start."""

    def forget(self, client_id: ClientId) -> None:
        """Delete everything recorded of the client."""


class Unrecorded:
    """A Journal and Sessions that keep nothing, for programs and tests that need no memory."""

    def changed(self, transition: Transition) -> None:
        """Keep nothing."""

    def happened(self, client_id: ClientId, event: AccountEvent) -> None:
        """Keep nothing."""

    def contract_read(self, client_id: ClientId, contract: PageContract) -> None:
        """Keep nothing."""

    def want(self, client_id: ClientId) -> None:
        """Keep nothing."""

    def release(self, client_id: ClientId) -> None:
        """Keep nothing."""

    def was_ready(self, client_id: ClientId, *, ready: bool = True) -> None:
        """Keep nothing."""

    def paired(self, client_id: ClientId, pairing: BanEvidence) -> None:
        """Keep nothing."""

    def forget(self, client_id: ClientId) -> None:
        """Keep nothing."""
