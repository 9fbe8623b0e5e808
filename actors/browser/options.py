"""How Chromium is to be run. Plain data; durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BrowserOptions:
    """Everything a `ChromiumBrowser` needs to know. A profile is the directory data_dir/profiles/<client id>, 0700."""

    data_dir: Path
    whatsapp_url: str
    chromium: Path | None = None
    """None: chromium-headless-shell, else chromium, whichever is found first."""
    wa_js: Path | None = None
    """None: wa-js as npm installed it here. Else its package or bundle, to be tried."""
    chromium_args: tuple[str, ...] = ()
    no_sandbox: bool | None = None
    """None: Chromium's own sandbox is off only where we run as root, as it cannot work there."""
    user_agent: str | None = None
    """None: Chromium's own, without the word Headless."""
    qr_url: bool = True
    """Whether a code is an address, as the page draws it since July 2026; else its fields alone, as before."""
    start_patience: float = 60.0
    close_grace: float = 5.0
    profile_limit: int = 0
    """MiB of a profile above which its caches are pruned once it is not open; 0: never."""
    conflict_after: float = 30.0
    """How long the connection's stream may be gone, while all else looks well, before that is called a conflict."""
    injection_patience: float = 15.0
    """How long wa-js may not be ready on a page that is logged in, before the page is loaded again."""
    send_patience: float = 30.0
    """How long a message may stay without an answer before it is called unsettled."""
    server_patience: float = 15.0
    """How long WhatsApp's server may take to answer a question."""
    send_stall: float = 5.0
    """How long an unanswered message holds up the one ordered after it."""


class BrowserUnavailable(Exception):
    """No page can be opened on this host as it is; the text is one sentence that says what to do."""
