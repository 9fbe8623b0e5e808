"""The options of running Chromium. Plain data; durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BrowserOptions:
    """The options of a `ChromiumBrowser`. A profile is the directory data_dir/profiles/<client id>, 0700."""

    data_dir: Path
    whatsapp_url: str
    chromium: Path | None = None
    """None: chromium-headless-shell, else chromium, whichever is found first."""
    wa_js: Path | None = None
    """None: wa-js as npm installed it here. Else its package or bundle, for a test."""
    chromium_args: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """The hosts that a page may reach beside WhatsApp's and that of `whatsapp_url`, as `*.example.com`; `*`: any."""
    no_sandbox: bool | None = None
    """None: Chromium's own sandbox is off only if we run as root, as it cannot work there."""
    user_agent: str | None = None
    """None: Chromium's own, without the word Headless."""
    proxy_from_environment: bool = False
    """A page without a proxy of its own goes through the one that the environment names, except to loopback."""
    qr_url: bool = True
    """A code is an address, as the page draws it since July 2026; else its fields alone, as before."""
    start_patience: float = 60.0
    close_grace: float = 5.0
    profile_limit: int = 0
    """The MiB of a profile above which its caches are pruned once it is not open; 0: never."""
    largest_received: int = 0
    """The largest file of a message that is taken from a page, in bytes; 0: no limit."""
    conflict_after: float = 30.0
    """The time the connection's stream may be gone, while all else looks well, before that counts as a conflict."""
    injection_patience: float = 15.0
    """The time wa-js may be unready on a page that is logged in, before the page is reloaded."""
    send_patience: float = 30.0
    """The time a message may be unanswered before it counts as unsettled."""
    server_patience: float = 15.0
    """The time limit for WhatsApp's server to answer a query."""
    send_stall: float = 5.0
    """The time an unanswered message delays the next."""


class BrowserUnavailable(Exception):
    """No page can be opened on this host; the text is one sentence with the remedy."""
