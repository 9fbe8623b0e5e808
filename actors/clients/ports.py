"""What a client needs from outside, as ports. `actors.browser` implements them twice: for Chromium, and as a fake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from actors.clients.bans import BanEvidence
from actors.clients.protocol import Happened, PageFact
from actors.clients.types import ClientId, Reason, Seconds, State

Tell = Callable[[PageFact], None]
"""Hands one fact to the page's owner. Called on the browser's thread; never blocks, never raises."""


class Page(Protocol):
    """One WhatsApp Web page with storage of its own. Any thread may call; no call blocks or raises; answers are facts.

    Whatever happens, `BrowserGone` is told exactly once, last, when no process of the page is left.
    """

    def send_text(self, order: str, chat: str, text: str, message_id: str | None = None) -> None:
        """Send after everything ordered before. Ends in one Sent, SendRefused or SendUnsettled with this `order`.

        `message_id` is the bare id to use (`3EB0…`, actors.clients.message_ids); the page draws one where it is None.
        """

    def look_up(self, order: str, chat: str, message_id: str) -> None:
        """Ask the page what became of a bare message id. Ends in one LookedUp with this `order`."""

    def log_out(self) -> None:
        """Log out at WhatsApp. Ends in LoggedOut(LOGGED_OUT_BY_API), or in nothing: the caller keeps a deadline."""

    def refresh_qr(self) -> None:
        """Ask WhatsApp Web for new codes after QrIdle."""

    def request_pairing_code(self, phone: str) -> None:
        """Ends in PairingCodeShown or PairingCodeRefused."""

    def take_screenshot(self) -> None:
        """Ends in ScreenshotTaken."""

    def probe(self, token: int) -> None:
        """Ends in Probed(token) if the page's own event loop turns; in nothing if it does not."""

    def close(self) -> None:
        """End gracefully: what is stored stays stored. Killed after a grace of a few seconds. Never logs out."""

    def kill(self) -> None:
        """End the whole process group now."""


class Browser(Protocol):
    """Opens pages, and owns the profile directories they store their logins in. Any thread may call."""

    def open(self, client_id: ClientId, tell: Tell) -> Page:
        """Open WhatsApp Web on this client's profile. Returns at once; the rest is facts.

        A page still closing on the same profile is waited for first: one profile, one owner. Loading is retried within
        the start's patience; what cannot be opened ends in BrowserGone(CHROMIUM_FAILED | PROFILE_IN_USE | DISK_FULL |
        PAGE_UNREACHABLE | WA_JS_NOT_READY).
        """

    def has_login(self, client_id: ClientId) -> bool:
        """Whether a login of this client is stored. Reads one file name; never blocks long."""

    def keep_login(self, client_id: ClientId) -> None:
        """Remember that the profile holds a login."""

    def drop_login(self, client_id: ClientId) -> None:
        """Forget the login: the profile is deleted once no page is open on it, before the next one opens."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state, for the journal. `event` is the name of the event's type; `at` is epoch seconds.

    `request_id` names the call that it is due to, where there is one.
    """

    client_id: ClientId
    before: State
    after: State
    event: str
    reason: Reason | None
    text: str | None
    at: Seconds
    request_id: str | None = None


class Journal(Protocol):
    """Where a client's history goes. Any thread may call; nothing blocks or raises."""

    def changed(self, transition: Transition) -> None:
        """Write one change of state."""

    def happened(self, client_id: ClientId, event: Happened) -> None:
        """Write one thing that happened to the account."""


class Sessions(Protocol):
    """Which clients are to run, kept over restarts. Any thread may call; nothing blocks or raises."""

    def want(self, client_id: ClientId) -> None:
        """The client is to run, after a restart of the service too."""

    def release(self, client_id: ClientId) -> None:
        """The client is no longer wanted."""

    def was_ready(self, client_id: ClientId, *, ready: bool = True) -> None:
        """The client has reached READY: it resumes before those that never did; not so once it shows codes again."""

    def paired(self, client_id: ClientId, pairing: BanEvidence) -> None:
        """Remember this of the client's pairing; given back to the supervisor at its start."""

    def forget(self, client_id: ClientId) -> None:
        """Remember nothing of the client."""


class Unrecorded:
    """A Journal and Sessions that keep nothing, for programs and tests that need no memory."""

    def changed(self, transition: Transition) -> None:
        """Keep nothing."""

    def happened(self, client_id: ClientId, event: Happened) -> None:
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
